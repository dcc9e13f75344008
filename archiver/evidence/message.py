"""One message with all its rows, checked against its payload, the log and the search tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from archiver.convert.stored import derive, derive_stub, place_of, read_payload
from archiver.evidence import contents, findable, imported, times
from archiver.evidence.names import StoredNames
from archiver.ids import ChannelId, MessageId
from archiver.model.fault import Fault
from archiver.model.imported import IMPORTED
from archiver.model.record import Message
from archiver.store.checked import AFTER, PART_NAMES, Row, StoredRange
from archiver.store.custody import ChannelLog
from archiver.store.message import CONTENT_NAMES
from archiver.telegram.older_layers import OLDER, layer_of
from search.exact.changes import Row as SearchRow

_CONTENT = slice(1, 1 + len(CONTENT_NAMES))
_AFTER = slice(_CONTENT.stop, _CONTENT.stop + len(AFTER))
_KIND, _PINNED = (CONTENT_NAMES.index(name) + 1 for name in ("kind", "pinned"))
_SENDER, _REPLY, _FORWARD, _EXTRA = (
    CONTENT_NAMES.index(name) + 1 for name in ("sender", "reply_to", "fwd_from", "extra")
)
_DIGEST, _LAYER, _RAW = (CONTENT_NAMES.index(name) + 1 for name in ("payload_sha256", "layer", "raw"))
_COUNTED = [CONTENT_NAMES.index(name) + 1 for name in ("views", "forwards", "replies", "reactions")]
_FIRST_SEEN, _LAST_SEEN, _MISSING, _MISSING_HOW, _REVISIONS, _LANG = (
    AFTER.index(name) + _AFTER.start
    for name in ("first_seen", "last_seen", "missing_since", "missing_how", "revisions", "lang")
)
_MOST_LISTED = 20
_NO_TEXTS = (None, None, None, None)
_BOT = '"via_bot"'
_NO_NAMES = StoredNames()
"""For most messages: a channel's own posts."""


@dataclass(slots=True)
class TaskResult:
    """The result of a task."""

    payloads: int = 0
    readable: int = 0
    """Payloads that this version can read."""
    unreadable: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    compared: int = 0
    """Search rows compared with texts."""


class MessageCheck:
    """Checks the messages of one channel one by one; adds its findings to `done`."""

    def __init__(
        self,
        channel_id: ChannelId,
        held: StoredRange,
        log: ChannelLog,
        found: dict[int, list[SearchRow]] | None,
        done: TaskResult,
    ) -> None:
        """`found`: search rows by message id; None: there are no search tables."""
        self._channel_id = channel_id
        self._held = held
        self._log = log
        self._found = found
        self._done = done
        self._place = ""

    def check(self, row: Row) -> None:
        """Check one row of `message`, and the rows of other tables that belong to it."""
        self._place = f"{self._channel_id}/{row[0]}"
        try:
            self._check(row)
        except Exception:  # noqa: BLE001 - values that no telekeep writes may do anything
            self._note(["holds values that no message has"])

    def _check(self, row: Row) -> None:
        before = len(self._done.faults)
        self._done.payloads += 1
        record, wrong = self._check_content(row, self._held.media.get(row[0], []))
        self._note(wrong)
        self._check_times(row)
        self._check_revisions(row, self._held.revisions.get(row[0], []))
        if record is not None and self._found is not None and len(self._done.faults) == before:
            rows = self._found.get(row[0], [])
            missing, lang = row[_MISSING] is not None, row[_LANG]
            counters = row[_COUNTED[0]], row[_COUNTED[1]]
            record = record if record.pinned == row[_PINNED] else replace(record, pinned=bool(row[_PINNED]))
            problems = findable.check_row(record, rows, counters=counters, missing=missing, lang=lang)
            self._note([f"search: {one}" for one in problems], mirrored=True)

    def _note(self, wrong: Iterable[str], *, which: str = "", mirrored: bool = False) -> None:
        for one in wrong:
            self._done.faults.append(Fault(self._place + which, one, mirrored))

    def _check_content(self, row: Row, media: list[Row]) -> tuple[Message | None, list[str]]:
        """The record of the payload, and how the rows differ from it."""
        raw, layer = row[_RAW], row[_LAYER]
        if not isinstance(raw, bytes):
            return None, [contents.HASH]
        pieces = [imported.StoredPiece(*one) for one in self._held.pieces.get(row[0], [])]
        if layer == IMPORTED:
            return self._check_import(row, media, pieces)
        filled: dict[str, Any] = {}
        if pieces:
            self._note(imported.check_pieces(pieces, self._log.imports))
            row, filled = imported.without_filled(row, pieces)
        if row[_KIND] == "stub":
            stub = derive_stub(raw, channel_id=self._channel_id, message_id=row[0], layer=layer)
            return None, [*contents.compare_stub(stub, row[_CONTENT]), *contents.compare_media(stub, media)]
        obj = read_payload(raw)
        if obj is None:
            if sha256(raw).digest() != row[_DIGEST]:
                return None, [contents.HASH]
            self._done.unreadable.append(self._place)
            return None, []
        part, wrong = self._read_part(row[0])
        record = self._derive(obj, raw, row, layer, row[_EXTRA])
        wrong += contents.compare_message(record, row[_CONTENT], part)
        if contents.HASH in wrong:
            return None, wrong
        self._done.readable += 1
        if record.partial and row[0] not in self._held.parts:
            wrong.append("it is a part, but not recorded as one")
        if place_of(obj) != (self._channel_id, row[0]):
            wrong.append("its payload is that of another message")
        if (layer == OLDER) != (layer_of(raw) == OLDER):
            wrong.append("its layer is not that of its payload")
        if media or record.media:
            wrong += contents.compare_media(record, media)
        return replace(record, **filled) if filled else record, wrong

    def _check_import(
        self, row: Row, media: list[Row], pieces: list[imported.StoredPiece]
    ) -> tuple[Message | None, list[str]]:
        """A message of layer 0: its row is its record, and its piece of the export says its text and date."""
        record = imported.row_as_message(self._channel_id, row, media)
        wrong = [*imported.check_import(record, pieces, self._log.imports)]
        wrong += imported.check_pieces(pieces, self._log.imports)
        wrong += contents.compare_media(record, media)
        self._done.readable += 1
        return record, wrong

    def _derive(self, obj: Any, raw: bytes, row: Row, layer: int, extra: object) -> Message:
        texts = (row[_REPLY], row[_FORWARD], row[_SENDER], extra if isinstance(extra, str) and _BOT in extra else None)
        names = _NO_NAMES if texts == _NO_TEXTS else StoredNames(*texts)
        return derive(obj, raw, channel_id=self._channel_id, layer=layer, peers=names)

    def _read_part(self, message_id: MessageId) -> tuple[Message | None, list[str]]:
        """The part of a rich message that the server showed first, and its faults."""
        for row in self._held.parts.get(message_id, []):
            part = dict(zip(PART_NAMES, row, strict=True))
            raw = part["raw"]
            self._done.payloads += 1
            if not isinstance(raw, bytes) or sha256(raw).digest() != part["payload_sha256"]:
                return None, [f"part {contents.HASH}"]
            obj = read_payload(raw)
            if obj is None:
                return None, ["its part cannot be read"]
            record = derive(obj, raw, channel_id=self._channel_id, layer=part["layer"], peers=StoredNames())
            hashes = (record.content_hash, record.unmarked_hash)
            derived = (record.moment, True, True, place_of(obj))
            kept = (part["moment"], part["part_hash"] in hashes, record.partial, (self._channel_id, message_id))
            return record, [] if kept == derived else ["its part differs from what was shown"]
        return None, []

    def _check_times(self, row: Row) -> None:
        message_id, log = row[0], self._log
        absences, counters = self._held.absences.get(message_id, []), self._held.counters.get(message_id, [])
        self._note(times.check_times(row[_AFTER], log, layer=row[_LAYER]), mirrored=True)
        if absences or row[_MISSING] is not None or row[_MISSING_HOW] is not None:
            self._note(times.check_absences(row[_AFTER], absences))
        if counters:
            self._note(times.check_counters(tuple(row[at] for at in _COUNTED), counters))
        if absences or counters:
            self._note(times.check_logged(log, absences, counters, row[_FIRST_SEEN], row[_LAST_SEEN]), mirrored=True)
        for part in self._held.parts.get(message_id, []):
            self._note(times.check_part(dict(zip(PART_NAMES, part, strict=True)), log), mirrored=True)
        self._note(times.check_layer(row[_LAYER], log), mirrored=True)

    def _check_revisions(self, row: Row, revisions: list[Row]) -> None:
        numbers = [one[0] for one in revisions]
        if numbers != list(range(1, len(numbers) + 1)) or row[_REVISIONS] != len(numbers):
            listed = ", ".join(map(str, numbers[:_MOST_LISTED])) or "none"
            self._note([f"counts {row[_REVISIONS]} revisions; kept are: {listed}"])
        for one in revisions:
            kept = contents.named_revision(one)
            self._done.payloads += 1
            which = f" revision {kept['revision']}"
            self._note(self._check_revision(row, kept, which), which=which)
            self._note(times.check_revision_times(self._log, kept), which=which, mirrored=True)
        if revisions and not self._log.is_merged:  # contents of two archives do not follow each other
            kept_ones = [contents.named_revision(one) for one in revisions]
            self._note(times.check_chain(row[_FIRST_SEEN], kept_ones), mirrored=True)

    def _check_revision(self, row: Row, kept: dict[str, Any], which: str) -> list[str]:
        raw, layer = kept["raw"], kept["layer"]
        if not isinstance(raw, bytes) or sha256(raw).digest() != kept["payload_sha256"]:
            return [contents.HASH]
        if layer == IMPORTED:
            pieces = [imported.StoredPiece(*one) for one in self._held.pieces.get(row[0], [])]
            return list(imported.check_imported_revision(kept, pieces, self._log.imports))
        stub = derive_stub(raw, channel_id=self._channel_id, message_id=row[0], layer=layer)
        if kept["content_hash"] == stub.content_hash:
            return list(contents.compare_revision(stub, kept))
        obj = read_payload(raw)
        if obj is None:
            self._done.unreadable.append(self._place + which)
            return []
        self._done.readable += 1
        if place_of(obj) != (self._channel_id, row[0]):
            return ["its payload is that of another message"]
        return list(contents.compare_revision(self._derive(obj, raw, row, layer, kept["extra"]), kept))
