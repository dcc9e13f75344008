"""How many messages an import brought, and how."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """How many messages an import brought, and how."""

    new: int = 0
    same: int = 0
    filled: int = 0
    differing: int = 0
    revisions: int = 0
    """Other words that were kept as revisions."""
    replaced: int = 0
    """Contents of earlier imports that were replaced by later ones and became revisions."""
    missing: int = 0
    """New ones that Telegram did not show when the channel was read, or that another telekeep knew to be deleted."""
    files: int = 0
    annotations: int = 0
    """Texts that programs made of stored files."""
    corrected: int = 0
    """Known ones whose dates another time zone changed."""
    dated: int = 0
    """Known ones that have an exact date now, where one rested on an assumed time zone."""
    sources: int = 0
    """Messages already archived, for which the file is now recorded as another source."""
    other_dates: int = 0
    """Of those, how many have another date there, time zones allowed for: Telegram never changes dates."""

    @property
    def messages(self) -> int:
        """All messages."""
        return self.new + self.same + self.filled + self.differing

    @property
    def changes(self) -> int:
        """Those that brought anything."""
        return self.new + self.filled + self.differing + self.files + self.annotations + self.corrected

    def to_object(self) -> dict[str, int]:
        """As JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __add__(self, other: ImportCounts) -> ImportCounts:
        return ImportCounts(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})
