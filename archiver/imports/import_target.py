"""Where an import goes, and how it reads local times."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.imports.source import ImportedMessage
from archiver.model.imported import rests_on_zone
from archiver.model.other_values import ALTERED


class ImportTarget(NamedTuple):
    """Where an import goes."""

    channel_id: ChannelId
    import_id: int
    generation: int
    seen: int
    """When the export held its messages at the latest, unix seconds: it is not older."""
    at: int
    """When the import began."""
    format: str = ""
    zone: str | None = None
    """The zone of its local times; None: none was needed so far."""
    corrects: str | None = None
    """The zone of an earlier import of the same files, which this one replaces; None: there is nothing to correct."""
    seen_before: int = 0
    """What `seen` was with that zone."""
    is_altered: bool = False
    """Whether the file does not match its own manifest: its contents replace none."""

    @property
    def marks_none(self) -> bool:
        """Whether every piece has the zone of the import as a whole, and nothing else is to be kept of it."""
        return not self.is_altered and self._has_one_zone

    @property
    def _has_one_zone(self) -> bool:
        return self.corrects in (None, self.zone)

    def mark(self, differs: str | None, one: ImportedMessage) -> str | None:
        """What is kept of a piece, with its zone where the import as a whole has another one until it is finished."""
        marks: dict[str, object] = {ALTERED: True} if self.is_altered else {}
        if not (self._has_one_zone or self.is_exact(one)):
            marks["assumed"] = {"tz": self.zone}
        if not marks:
            return differs
        found = {} if differs is None else orjson.loads(differs)
        return orjson.dumps({**found, **marks}).decode()

    def is_exact(self, one: ImportedMessage) -> bool:
        """Whether its date is known without assuming a zone; another telekeep does not say on what an import rested."""
        is_relayed = one.seen is not None and not one.seen.by_telegram
        return not is_relayed and not rests_on_zone(self.format, self.zone, one.message.raw)
