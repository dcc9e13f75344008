"""One row of search results, ready to print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

from archiver.model.row import Row
from archiver.model.versions import Version
from archiver.reading.imported_from import NO_IMPORTS, MessageImports
from archiver.store.imports.claimed import Claims
from search.engine.protocol import Hit


class Shown(NamedTuple):
    """A row, and why it is shown."""

    row: Row
    is_hit: bool = True
    """False for context."""
    matched: tuple[str, ...] = ()
    """Terms that matched, other than those of the question."""
    block: int = 0
    """Number of its block, from 1."""
    revision: int | None = None
    """Number of the earlier content that matched, if the current one did not."""
    earlier: Version | None = None
    """That content."""
    copies: Sequence[str] | None = None
    """Addresses (`channel/id`) of the copies, oldest first; None if not requested."""

    claims: Claims | None = None
    """What only imports say of it, if they say anything."""
    imports: MessageImports = NO_IMPORTS
    """The imports that have it, if one of them has the earlier content."""

    @property
    def is_imported(self) -> bool:
        """Whether telekeep never saw it on Telegram."""
        return self.claims is not None and self.claims.is_import

    @property
    def file(self) -> str:
        """The import with the content that is shown, and how many more have the post; empty if Telegram showed it."""
        if self.earlier is not None:
            record = self.imports.origin_of(self.earlier.layer, self.earlier.payload_sha256)
            return "" if record is None else record.file_name
        return self.claims.sources if self.claims is not None and self.claims.is_import else ""

    @classmethod
    def of(cls, row: Row, hit: Hit) -> Self:
        """The row of a hit."""
        return cls(row, matched=hit.matched, revision=hit.revision)
