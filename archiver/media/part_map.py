"""Which parts of a file are there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from archiver.model.file_location import PART, part_count, part_length


@dataclass(frozen=True, slots=True)
class PartMap:
    """The parts of a file of `size` bytes that are there."""

    size: int
    there: frozenset[int] = frozenset()

    @property
    def missing(self) -> Iterator[int]:
        """The parts that are not, in their order."""
        return (number for number in range(part_count(self.size)) if number not in self.there)

    @property
    def is_complete(self) -> bool:
        """Whether every byte is covered: counted byte by byte, not by the number of parts."""
        return self.held == self.size and all(number in self.there for number in range(part_count(self.size)))

    @property
    def held(self) -> int:
        """Bytes that are there."""
        return sum(part_length(self.size, number) for number in self.there)

    def having(self, numbers: Iterable[int]) -> PartMap:
        """With these parts too. Raises ValueError for parts that the file does not have."""
        more = frozenset(numbers)
        if any(not 0 <= number < part_count(self.size) for number in more):
            raise ValueError("a part beyond the end of the file")
        return PartMap(self.size, self.there | more)

    def bounds(self, number: int) -> tuple[int, int]:
        """Offset and length of a part."""
        return number * PART, part_length(self.size, number)
