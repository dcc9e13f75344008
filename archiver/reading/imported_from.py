"""Which imports have a message, and what they say of it: for `show`, `history` and citations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, NamedTuple

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.model.imported import IMPORTED, rests_on_zone
from archiver.model.iso_time import iso
from archiver.model.other_values import OtherValue, list_other_values, with_times
from archiver.model.particulars import find_posted_day
from archiver.model.versions import Absence, StoredRevision, Version
from archiver.store.database import Connection, read
from archiver.store.imports.import_names import NO_NAMES, FileNames, read_file_names
from archiver.store.imports.import_parts import Claimant, read_claimant
from archiver.store.imports.import_source import ImportRecord
from archiver.store.imports.imported import ImportedFrom, list_imported_from


class MessageImports(NamedTuple):
    """The imports that have a message, in the order begun."""

    found: Sequence[ImportedFrom] = ()
    names: FileNames = NO_NAMES

    def origin_of(self, layer: int, payload_sha256: bytes) -> ImportRecord | None:
        """The name of the import that a content comes from; None if it was captured from Telegram."""
        return self._called(self.record_of(layer, payload_sha256))

    def record_of(self, layer: int, payload_sha256: bytes) -> ImportRecord | None:
        """The import that a content comes from, with the bare name of its file."""
        if layer != IMPORTED:
            return None
        # What an earlier telekeep imported as an earlier content has no piece of its own.
        return self._find(payload_sha256) or self._first_export()

    def _first_export(self) -> ImportRecord | None:
        return next((one.record for one in self.found if one.record.format != "telekeep"), None)

    def _called(self, record: ImportRecord | None) -> ImportRecord | None:
        """An import with a name that tells it apart."""
        return record and record._replace(file_name=self.names.call(record.file_name, record.sha256))

    def name_source(self, contents: Sequence[StoredRevision]) -> str:
        """The file of the first imported content among these; else the first file that has the message."""
        own = (self.origin_of(one.layer, one.payload_sha256) for one in contents)
        named = (*own, self._called(self._first_export()))
        return next((one.file_name for one in named if one is not None), "an export")

    def captured_by(self, layer: int, payload_sha256: bytes) -> ImportRecord | None:
        """The import of another archive that captured a content from Telegram; None if this one did."""
        return self._called(self._find(payload_sha256)) if layer != IMPORTED else None

    def claims_before(
        self, absence: Absence, *, layer: int, payload_sha256: bytes, first_seen: int
    ) -> ImportRecord | None:
        """The import that alone says that the message was there before an absence; None if telekeep saw it.

        `layer`, `payload_sha256`, `first_seen`: of the message.
        """
        if layer == IMPORTED:
            return self.origin_of(layer, payload_sha256)
        return self._called(self._first_export()) if absence.noticed_at < first_seen else None

    def assumed_zone(self, layer: int, payload_sha256: bytes, raw: bytes) -> str | None:
        """The zone on which the date rests; None if that is exact, also by another import. `raw`: of its payload."""
        own = next((one for one in self.found if one.payload_sha256 == payload_sha256 and not one.is_earlier), None)
        if layer != IMPORTED or own is None or not rests_on_zone(own.record.format, own.record.zone, raw):
            return None
        exports = [one for one in self.found if one.record.format != "telekeep" and not one.is_earlier]
        exact = (one.record.zone is None and not one.has_other_date for one in exports)
        return None if own.has_other_date or any(exact) else own.zone

    def dated(self, version: Version) -> Version:
        """A content with its times; for an export, the newest date in its file, not the time of the import."""
        record = self.origin_of(version.layer, version.payload_sha256)
        if record is None or record.newest is None:
            return version
        if version.first_seen >= record.at:
            return replace(version, first_seen=record.newest, last_seen=record.newest)
        if version.revision is None and version.base is not None:
            # `first_seen` of the message may be from an older export, which has other words.
            return replace(version, first_seen=min(max(version.first_seen, record.newest), version.last_seen))
        return version

    def describe(self, version: Version) -> dict[str, Any]:
        """A content as JSON, with the import that it comes from."""
        record = self.record_of(version.layer, version.payload_sha256)
        origin = None if record is None else import_object(record)
        if origin is not None and (claimant := self._claimant(version)):
            origin["claimed_by"] = claimant.file
            if claimant.sha256 is not None:
                origin["claimed_sha256"] = claimant.sha256
        base = None if version.base is None else {"revision": version.base.revision}
        return {**self.dated(version).to_object(), "import": origin, "compared_with": base}

    def claimant_of(self, version: Version) -> str | None:
        """The file from which alone another telekeep had a content that it exported, as people read of it."""
        found = self._claimant(version)
        if found is None:
            return None
        claims = {claimant for one in self.found if (claimant := read_claimant(one.differs))}
        shared = [claimant for claimant in claims if claimant.file == found.file]
        return FileNames(frozenset({found.file} if len(shared) > 1 else ())).call(found.file, found.sha256 or "")

    def _claimant(self, version: Version) -> Claimant | None:
        own = (one.differs for one in self.found if one.payload_sha256 == version.payload_sha256)
        return next((read_claimant(differs) for differs in own), None)

    def _find(self, payload_sha256: bytes) -> ImportRecord | None:
        return next((one.record for one in self.found if one.payload_sha256 == payload_sha256), None)

    def differences(self) -> Iterator[tuple[ImportRecord, Mapping[str, Any]]]:
        """What imports filled (`filled`), what they have otherwise (`other`), and whether their text is another."""
        for one in self.found:
            if one.differs is not None and not one.is_earlier:
                yield self._called(one.record) or one.record, orjson.loads(one.differs)

    def other_values(self) -> Iterator[tuple[ImportRecord, list[OtherValue]]]:
        """The imports that have other values than the archive, with these."""
        for record, found in self.differences():
            if others := found.get("other"):
                yield record, list_other_values(others)

    def to_objects(self) -> list[dict[str, Any]]:
        """As JSON."""
        return [
            {
                **import_object(one.record),
                "tz": one.zone,
                "payload_sha256": one.payload_sha256.hex(),
                "differs": None if one.differs is None else with_times(orjson.loads(one.differs)),
            }
            for one in self.found
            if not one.is_earlier
        ]


NO_IMPORTS: Final = MessageImports()


class PostedDay(NamedTuple):
    """The day of posting of a message whose time the export does not show."""

    day: date
    zone: str | None
    """The time zone of that day; None: the exporter's, which is not known."""

    @property
    def where(self) -> str:
        """` (Asia/Tehran)`."""
        return f" ({self.zone or 'in the zone of the export'})"


def read_posted_day(record: ImportRecord | None, extra: str | None) -> PostedDay | None:
    """The day, if nothing more is known; None if the time is known, or not even the day."""
    day = find_posted_day(extra) if record is not None else None
    return None if record is None or day is None else PostedDay(day, record.zone)


def import_object(record: ImportRecord) -> dict[str, Any]:
    """An import as JSON."""
    return {
        "import_id": record.import_id,
        "imported_at": iso(record.at),
        "format": record.format,
        "file": record.file_name,
        "sha256": record.sha256,
        "newest": iso(record.newest),
        "title": record.title,
    }


async def read_imports(
    conn: Connection, channel_id: ChannelId, message_id: MessageId, *, names: FileNames | None = None
) -> MessageImports:
    """The imports that have a message. `names`: of the channel's files, if they are read already."""
    found = await read(conn, list_imported_from, channel_id, message_id)
    if found and names is None:
        names = await read(conn, read_file_names, channel_id)
    return MessageImports(found, names or NO_NAMES) if found else NO_IMPORTS
