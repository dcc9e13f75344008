"""The history of one message as JSON: one object, or a list of events. Schema: docs/changes.md. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import orjson

from archiver.model.iso_time import iso
from archiver.model.row import ChannelName, StoredMessage, permalink
from archiver.model.versions import Absence, Counters, Version
from archiver.reading.imported_from import NO_IMPORTS, MessageImports
from archiver.reading.word_diff import DiffPiece, diff
from archiver.store.imports.import_source import ImportRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageHistory:
    """Everything observed of one message."""

    channel: ChannelName
    message: StoredMessage
    versions: Sequence[Version]
    """In content order; the last is current, or was when the message was last seen."""
    absences: Sequence[Absence]
    counters: Sequence[Counters] | None
    """None: not requested."""
    imports: MessageImports = NO_IMPORTS
    """The imports that have the message."""
    assumed_zone: str | None = None
    """The zone on which its date rests, which an import was told; None if its date is exact."""

    def imported_from(self, version: Version) -> ImportRecord | None:
        """The import that a version comes from; None if Telegram showed it to telekeep."""
        return self.imports.origin_of(version.layer, version.payload_sha256)

    def captured_by(self, version: Version) -> ImportRecord | None:
        """The import of another archive that captured a version; None if this one did."""
        return self.imports.captured_by(version.layer, version.payload_sha256)

    def diffs(self) -> Iterator[list[DiffPiece]]:
        """Yield the diff of each version's text against the one that it is compared with; without one, with itself."""
        return (diff((version.base or version).text, version.text) for version in self.versions)

    def to_object(self, *, diff: bool) -> dict[str, Any]:
        """Return the history as one JSON object."""
        message = self.message
        return {
            **self._address(),
            "date": iso(message.date),
            "first_seen": iso(message.first_seen),
            "last_seen": iso(message.last_seen),
            "missing_since": iso(message.missing_since),
            "versions": self._versions(diff=diff),
            "absences": [self._absence(one) for one in self.absences],
            "counters": None if self.counters is None else [_counters(one) for one in self.counters],
            "imports": self.imports.to_objects(),
            **({} if self.assumed_zone is None else {"assumed_tz": self.assumed_zone}),
        }

    def events(self, *, diff: bool) -> list[dict[str, Any]]:
        """Return one JSON object per event, in chronological order as far as known."""
        # A version that arrived late sorts before the version that replaced it.
        seen = [self.imports.dated(one).first_seen for one in self.versions]
        places = list(accumulate(reversed(seen), min))[::-1]
        ranked = [
            (at, 1, first, "version", shown)
            for at, first, shown in zip(places, seen, self._versions(diff=diff), strict=True)
        ]
        for gone in self.absences:
            shown = self._absence(gone)
            ranked.append((gone.noticed_at, 2, gone.noticed_at, "missing", shown))
            if gone.returned_at is not None:
                rank = 3 if gone.returned_at == gone.noticed_at else 0
                ranked.append((gone.returned_at, rank, gone.returned_at, "returned", shown))
        ranked += [(one.at, 4, one.at, "counters", _counters(one)) for one in self.counters or ()]
        ranked.sort(key=lambda event: event[:2])
        return [{"at": iso(at), "event": name, **self._address(), **shown} for _, _, at, name, shown in ranked]

    def _address(self) -> dict[str, Any]:
        return {
            "channel_id": self.channel.channel_id,
            "channel": self.channel.name,
            "message_id": self.message.message_id,
            "permalink": permalink(self.channel, self.message.message_id),
        }

    def claimant(self, gone: Absence) -> ImportRecord | None:
        """The import that alone says that the message was there before an absence; None if telekeep saw it."""
        message = self.message
        return self.imports.claims_before(
            gone, layer=message.layer, payload_sha256=message.payload_sha256, first_seen=message.first_seen
        )

    def _absence(self, gone: Absence) -> dict[str, Any]:
        return {
            "last_seen": iso(gone.last_seen),
            "noticed_at": iso(gone.noticed_at),
            "noticed": iso(gone.noticed_at),
            "how": gone.how,
            "returned_at": iso(gone.returned_at),
            "returned": iso(gone.returned_at),
            "if_posted": self.claimant(gone) is not None,
        }

    def _versions(self, *, diff: bool) -> list[dict[str, Any]]:
        shown = [self.imports.describe(version) for version in self.versions]
        if diff:
            for one, pieces in zip(shown, self.diffs(), strict=True):
                one["diff"] = [{"op": op, "text": text} for op, text in pieces]
        return shown


def _counters(one: Counters) -> dict[str, Any]:
    return {
        "at": iso(one.at),
        "views": one.views,
        "forwards": one.forwards,
        "replies": one.replies,
        "reactions": orjson.loads(one.reactions) if one.reactions else [],
    }
