"""What an import of one chat brought, and what it could not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from archiver.imports.ids_read import IdsRead
from archiver.imports.import_counts import ImportCounts
from archiver.imports.source import Flaw
from archiver.store.imports.import_source import ImportRecord

_REWORDED: Final = 3
_FEW: Final = 5
"""Flaws of one kind that are kept with their place."""


@dataclass(slots=True)
class FlawCounts:
    """The flaws of one kind."""

    what: str
    note: bool
    fatal: bool = False
    count: int = 0
    places: list[str] = field(default_factory=list)
    """The first few."""


@dataclass(slots=True)
class ImportOutcome:
    """What an import brought, and what it could not."""

    counts: ImportCounts = field(default_factory=ImportCounts)
    flaws: dict[str, FlawCounts] = field(default_factory=dict)
    attached: int = 0
    """Files that the export names."""
    record: ImportRecord | None = None
    """None: nothing was written."""
    was_finished: bool = False
    """Whether this file had been imported to its end before."""
    is_resumed: bool = False
    """Whether this file had been imported in part before."""
    read: IdsRead = field(default_factory=IdsRead)
    repeated: int = 0
    """Times that the export has the id of a message which it had before."""
    compared: int = 0
    """Messages of the export that the archive already had, at least those at its beginning."""
    reworded: int = 0
    """How many of those have words that the archive did not have."""

    @property
    def is_reworded(self) -> bool:
        """Whether most of what was compared has other words: more than edits explain."""
        return self.reworded >= _REWORDED and self.reworded * 2 > self.compared

    def former_zone(self, zone: str | None) -> str | None:
        """The zone of the import of the same file before, if this one has another."""
        former = None if self.record is None else self.record.zone
        return None if zone is None or former == zone else former

    @property
    def is_cut(self) -> bool:
        """Whether it ended early."""
        return any(one.fatal for one in self.flaws.values())

    @property
    def is_flawed(self) -> bool:
        """Whether something of the source was not imported."""
        return any(not one.note for one in self.flaws.values())

    def add_flaw(self, flaw: Flaw) -> None:
        """Count a flaw."""
        kind = self.flaws.setdefault(flaw.what, FlawCounts(flaw.what, flaw.note, flaw.fatal))
        kind.fatal |= flaw.fatal
        kind.note &= flaw.note
        kind.count += 1
        if len(kind.places) < _FEW and flaw.where:
            kind.places.append(flaw.where)
