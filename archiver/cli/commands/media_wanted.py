"""What was typed for `telekeep media fetch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from archiver.compose.read_archive import When


class Wanted(NamedTuple):
    """What was typed."""

    places: list[str]
    query: str | None
    when: When
    max_size: int | None
    by_policy: bool
    again: bool = False
    """Also fetch files that were removed or moved away."""

    @property
    def is_named(self) -> bool:
        """Whether anything was chosen by name, whether or not the policy wants it."""
        chosen = self.places or self.query is not None or self.max_size is not None
        return not self.by_policy and bool(chosen or self.when.since or self.when.until or self.when.on)
