"""One message with all its rows, checked against its payload, the log and the search tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import Any, Final

from archiver.convert.stored import derive, derive_stub, place_of, read_payload
from archiver.evidence import contents, findable, imported, times
from archiver.evidence.names import StoredNames
from archiver.evidence.sound_post import is_sound_post, names_in
from archiver.evidence.task_result import TaskResult
from archiver.ids import ChannelId, MessageId
from archiver.model.fault import Fault
from archiver.model.imported import IMPORTED
from archiver.model.record import Message
from archiver.store.messages.message import CONTENT_NAMES, TEXT
from archiver.store.verify.checked import AFTER, PART_NAMES, Row, StoredRange, lenient
from archiver.store.verify.custody import ChannelLog
from archiver.store.verify.search_rows import PresentRows
from archiver.telegram.older_layers import OLDER, layer_of

_CONTENT = slice(1, 1 + len(CONTENT_NAMES))
_AFTER = slice(_CONTENT.stop, _CONTENT.stop + len(AFTER))
_KIND, _DATE = (CONTENT_NAMES.index(name) + 1 for name in ("kind", "date"))
_DIGEST, _LAYER, _RAW = (CONTENT_NAMES.index(name) + 1 for name in ("payload_sha256", "layer", "raw"))
_COUNTED = [CONTENT_NAMES.index(name) + 1 for name in ("views", "forwards", "replies", "reactions")]
_FIRST_SEEN, _LAST_SEEN, _MISSING, _MISSING_HOW, _REVISIONS, _LANG = (
    AFTER.index(name) + _AFTER.start
    for name in ("first_seen", "last_seen", "missing_since", "missing_how", "revisions", "lang")
)
_states_in = itemgetter(*(CONTENT_NAMES.index(name) + 1 for name in findable.STATE_COLUMNS))
_VIEWS, _FORWARDS = _COUNTED[:2]
_APART: Final = (IMPORTED, OLDER)
_NONE: Final[list[Any]] = []
_MOST_LISTED = 20


class MessageCheck:
    """Checks the messages of one channel one by one; adds its findings to `done`."""

    def __init__(
        self,
        channel_id: ChannelId,
        held: StoredRange,
        log: ChannelLog,
        found: PresentRows | None,
        done: TaskResult,
    ) -> None:
        """`found`: search rows; None if there are no search tables."""
        self._channel_id = channel_id
        self._held = held
        self._log = log
        self._found = found
        self._done = done
        self._id = 0
        self._marked = held.marked
        self._logged: dict[Row, tuple[object, int]] = {}
        """By what all messages of an answer share, if it matches the log: the layer, and the language's number."""

    def check(self, row: Row) -> None:
        """Check one row of `message`, and the rows of other tables that belong to it."""
        self._id = row[0]
        try:
            self._check(row)
        except Exception:  # noqa: BLE001 - values that no telekeep writes may do anything
            self._note(["holds values that no message has"])

    def is_usual(self, row: Row) -> bool:
        """Whether this is a message as most are with nothing wrong in its rows; else `check` says what is wrong."""
        message_id, layer = row[0], row[_LAYER]
        try:
            known = self._logged.get(row[_AFTER])
            if known is None or known[0] != layer or message_id in self._marked:
                return False
            if not is_sound_post(self._channel_id, row, self._held.media.get(message_id, _NONE)):
                return False
            found = self._found
            if found is None:
                return True
            columns = _states_in(row)
            states = 0 if columns == findable.PLAIN else findable.states_of(None, columns)
            searched = (message_id, row[_DATE], row[_VIEWS], row[_FORWARDS], states, known[1])
            return found.rows.get(message_id) == searched and message_id not in found.doubled
        except Exception:  # noqa: BLE001 - the same
            return False

    @property
    def _place(self) -> str:
        return f"{self._channel_id}/{self._id}"

    def _check(self, row: Row) -> None:
        before = len(self._done.faults)
        self._done.payloads += 1
        media = self._held.media.get(row[0], _NONE)
        is_sound = self._is_sound_post(row, media)
        if not is_sound:
            row = (*row[:TEXT], lenient(row[TEXT]), *row[TEXT + 1 :])
            is_sound, wrong = self._check_content(row, media)
            self._note(wrong)
        if row[0] in self._marked or row[_AFTER] not in self._logged or row[_LAYER] != self._logged[row[_AFTER]][0]:
            self._check_history(row)
        if is_sound and self._found is not None and len(self._done.faults) == before:
            self._check_search_row(row, self._found)

    def _check_history(self, row: Row) -> None:
        """Check when the message was seen, and its earlier contents."""
        self._check_times(row)
        revisions = self._held.revisions.get(row[0], _NONE)
        if revisions or row[_REVISIONS] != 0:
            self._check_revisions(row, revisions)

    def _check_search_row(self, row: Row, found: PresentRows) -> None:
        """Check the search row of a message whose own row is sound."""
        wrong: Sequence[str] = ["it has more than one row"]
        if row[0] not in found.doubled:
            states = findable.states_of(row[_MISSING], _states_in(row))
            known = found.rows.get(row[0])
            wrong = findable.check_row(
                known, date=row[_DATE], counters=(row[_VIEWS], row[_FORWARDS]), states=states, lang=row[_LANG]
            )
        if wrong:
            self._note([f"search: {one}" for one in wrong], mirrored=True)

    def _is_sound_post(self, row: Row, media: list[Row]) -> bool:
        """Whether this is a post as most are, with exactly what its payload says; if not, nothing is known yet."""
        held, layer = self._held, row[_LAYER]
        if layer in _APART or (row[0] in self._marked and (row[0] in held.parts or row[0] in held.pieces)):
            return False
        try:
            is_sound = is_sound_post(self._channel_id, row, media)
        except Exception:  # noqa: BLE001 - garbled bytes may fail in any way
            return False
        self._done.readable += is_sound
        return is_sound

    def _note(self, wrong: Iterable[str], *, which: str = "", mirrored: bool = False) -> None:
        for one in wrong:
            self._done.faults.append(Fault(self._place + which, one, mirrored))

    def _check_content(self, row: Row, media: list[Row]) -> tuple[bool, list[str]]:
        """Whether its payload is read, and how the rows differ from it."""
        raw, layer = row[_RAW], row[_LAYER]
        if not isinstance(raw, bytes):
            return False, [contents.HASH]
        pieces = [imported.StoredPiece(*one) for one in self._held.pieces.get(row[0], [])]
        if layer == IMPORTED:
            return self._check_import(row, media, pieces)
        if pieces:
            self._note(imported.check_pieces(pieces, self._log.imports))
        if row[_KIND] == "stub":
            stub = derive_stub(raw, channel_id=self._channel_id, message_id=row[0], layer=layer)
            row = imported.without_filled(row, stub, pieces)
            return False, [*contents.compare_stub(stub, row[_CONTENT]), *contents.compare_media(stub.media, media)]
        obj = read_payload(raw)
        if obj is None:
            if sha256(raw).digest() != row[_DIGEST]:
                return False, [contents.HASH]
            self._done.unreadable.append(self._place)
            return False, []
        part, wrong = self._read_part(row[0])
        record = self._derive(obj, raw, layer, names_in(row))
        captured = imported.without_filled(row, record, pieces)[_CONTENT]
        wrong += contents.compare_message(record, captured, part)
        if contents.HASH in wrong:
            return False, wrong
        self._done.readable += 1
        if record.partial and row[0] not in self._held.parts:
            wrong.append("it is a part, but not recorded as one")
        if place_of(obj) != (self._channel_id, row[0]):
            wrong.append("its payload is that of another message")
        if (layer == OLDER) != (layer_of(raw) == OLDER):
            wrong.append("its layer is not that of its payload")
        if media or record.media:
            wrong += contents.compare_media(record.media, media)
        return True, wrong

    def _check_import(self, row: Row, media: list[Row], pieces: list[imported.StoredPiece]) -> tuple[bool, list[str]]:
        """A message of layer 0: its row is its record, and its piece of the export says its text and date."""
        record = imported.row_as_message(self._channel_id, row, media)
        wrong = [*imported.check_import(record, pieces, self._log.imports)]
        wrong += imported.check_pieces(pieces, self._log.imports)
        wrong += contents.compare_media(record.media, media)
        self._done.readable += 1
        return True, wrong

    def _derive(self, obj: Any, raw: bytes, layer: int, names: StoredNames) -> Message:
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
        absences, counters = self._held.absences.get(message_id, _NONE), self._held.counters.get(message_id, _NONE)
        wrong = [*times.check_times(row[_AFTER], log, layer=row[_LAYER]), *times.check_layer(row[_LAYER], log)]
        self._note(wrong, mirrored=True)
        is_apart = row[_LAYER] in _APART or row[_MISSING] is not None or row[_MISSING_HOW] is not None
        if not (wrong or is_apart) and row[_REVISIONS] == 0:
            self._logged[row[_AFTER]] = row[_LAYER], findable.number_of(row[_LANG])
        if absences or row[_MISSING] is not None or row[_MISSING_HOW] is not None:
            self._note(times.check_absences(row[_AFTER], absences))
        if counters:
            self._note(times.check_counters(tuple(row[at] for at in _COUNTED), counters))
        if absences or counters:
            self._note(times.check_logged(log, absences, counters, row[_FIRST_SEEN], row[_LAST_SEEN]), mirrored=True)
        for part in self._held.parts.get(message_id, _NONE):
            self._note(times.check_part(dict(zip(PART_NAMES, part, strict=True)), log), mirrored=True)

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
        return list(contents.compare_revision(self._derive(obj, raw, layer, names_in(row, kept["extra"])), kept))
