"""How an export is written: what happens to its rows, and which files go with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from archiver.export.damaged import Damaged
from archiver.export.media_rows import MediaMode, MediaRows, MediaTarget
from archiver.media.blob_store import BlobStore
from archiver.model.row import Row
from archiver.store.messages.readable import Lose


class MediaExport(NamedTuple):
    """Which files go with the rows."""

    archive: Path
    mode: MediaMode
    note: Callable[[str], None]
    """Called once if files cannot be linked."""

    def rows(self, target: MediaTarget) -> MediaRows:
        """Make what writes them."""
        return MediaRows(BlobStore(self.archive), target, self.mode, self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """How an export is written."""

    format_name: str
    now: datetime
    force: bool = True
    """Whether to replace an existing file, or an earlier export."""
    progress: Callable[[int], None] = lambda _: None
    media: MediaExport | None = None
    prepare: Callable[[Row], Row | None] | None = None
    """Turns each row into the one to write; None leaves it out."""
    options: Mapping[str, object] = field(default_factory=dict)
    """For the manifest, besides the options of the format."""
    damaged: Damaged | None = None
    """Collects unreadable messages; None: the first one is an error."""

    @property
    def lose(self) -> Lose | None:
        """The callback for unreadable messages."""
        return None if self.damaged is None else self.damaged.add

    def also_prepare(self, prepare: Callable[[Row], Row | None]) -> ExportJob:
        """The same job, which passes the rows that it writes through `prepare` first."""
        before = self.prepare
        if before is None:
            return replace(self, prepare=prepare)

        def prepare_both(row: Row) -> Row | None:
            made = before(row)
            return None if made is None else prepare(made)

        return replace(self, prepare=prepare_both)
