"""Telegram Desktop's `result.json`: one chat, or the chats of a whole account; and what telekeep exports like it.

Streamed: one message is in memory at a time. A file that ends too early gives all messages that are whole.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.json_faults import BrokenJson, EndsEarly
from archiver.imports.json_pieces import JsonPieces
from archiver.imports.json_run import JsonElement, JsonRun
from archiver.imports.mend_json import UnreadableJson, read_json
from archiver.imports.quick_message import QuickMessage
from archiver.imports.row_values import UnreadableRow
from archiver.imports.source import REPLACED, Chat, Entry, Flaw, ImportedMessage, Piece, find_unread
from archiver.imports.sources.desktop_ends import find_own, find_own_after, read_ends
from archiver.imports.sources.desktop_entry import read_entry, read_piece
from archiver.imports.sources.desktop_fields import LocalDates, ZoneNeeded, moment, number, words
from archiver.imports.sources.desktop_quick import read_quick

RESULT: Final = "result.json"
_REFUSED: Final = {
    "personal_chat": "a personal chat",
    "bot_chat": "a chat with a bot",
    "private_group": "a basic group",
    "saved_messages": "saved messages",
    "replies": "the chat of replies",
    "verification_codes": "the chat of verification codes",
}
_CHANNELS: Final = {"public_channel": False, "private_channel": False}
_GROUPS: Final = {"public_supergroup": True, "private_supergroup": True}
_MEGAGROUP: Final = {**_CHANNELS, **_GROUPS}
_WRAPPERS: Final = ("exported_data", "export", "data", "result")
"""Keys under which other programs put Desktop's whole file."""
_UNIX: Final = re.compile(rb'"date_unixtime"\s*:\s*"(\d{1,12})"')
_OLD_CHANNEL: Final = range(2 << 32, 3 << 32)
"""Ids of channels as versions before 2.8 wrote them."""


@dataclass(slots=True)
class _Frame:
    """What is known of a chat when its messages begin."""

    fields: dict[str, Any] = field(default_factory=dict)
    in_account: bool = False


def open_file(path: Path, zone: tzinfo | None) -> DesktopJson:
    """Open a file, or the directory that Desktop made (`ChatExport_2026-01-31`)."""
    return DesktopJson(path / RESULT if path.is_dir() else path, zone)


def derive(raw: bytes, zone: tzinfo | None) -> Piece | None:
    """Read a stored piece again."""
    try:
        value = read_json(raw).value
        text, date = read_piece(value, LocalDates(zone or UTC))
        is_exact = isinstance(value.get("telekeep"), dict) or moment(value.get("date_unixtime")) is not None
    except (UnreadableJson, UnreadableRow, AttributeError, TypeError):
        return None
    return Piece(text=text, date=date if is_exact else None)


class DesktopJson:
    """A file of Telegram Desktop."""

    format = "desktop-json"

    def __init__(self, path: Path, zone: tzinfo | None) -> None:
        self._path = path
        self.root = path.parent
        self.parts = (path,)
        self._dates = LocalDates(zone)
        self._is_over = False
        self._pieces: JsonPieces | None = None
        head, self._tail = read_ends(path)
        self._ends = head + b"\n" + self._tail
        self._is_old = b'"date_unixtime"' not in head

    @property
    def zone_used(self) -> bool:
        """Whether a date needed the zone: only files without `date_unixtime` do."""
        return self._dates.used

    @property
    def passed(self) -> int:
        """Bytes read so far."""
        return 0 if self._pieces is None else self._pieces.at

    @property
    def newest(self) -> datetime | None:
        """The newest date near either end; dates in the future count as none."""
        now = time.time()
        found = [seconds for one in _UNIX.findall(self._ends) if (seconds := int(one)) <= now]
        return datetime.fromtimestamp(max(found), UTC) if found else None

    def chats(self) -> Iterator[Chat | Flaw]:
        """The chats; those of a whole account include what telekeep does not archive."""
        try:
            with self._path.open("rb") as file:
                self._pieces = pieces = JsonPieces(file)
                while not pieces.end():  # several files may have been joined
                    yield from self._list(pieces) if pieces.is_next(b"[") else self._chats(pieces)
        except (EndsEarly, BrokenJson) as exc:
            if not self._is_over:
                yield _fatal(exc)
        except OSError as exc:
            raise UsageError(f"{self._path} cannot be read: {exc.strerror}.") from exc

    def _chats(self, pieces: JsonPieces, *, in_account: bool = False) -> Iterator[Chat | Flaw]:
        frame = _Frame(in_account=in_account)
        for key in pieces.keys():  # noqa: SIM118 - it is no dict
            if key == "messages" and pieces.is_next(b"["):
                yield from self._chat(pieces, frame)
            elif key in ("chats", "left_chats") and pieces.is_next(b"{"):
                yield from self._account(pieces)
            elif key in ("chats", "left_chats") and pieces.is_next(b"["):
                yield from self._list(pieces)
            elif key in _WRAPPERS and pieces.is_next(b"{"):
                yield from self._chats(pieces, in_account=in_account)
            elif key in ("name", "type", "id"):
                frame.fields[key] = _value(pieces.value())
            else:
                pieces.skip()

    def _account(self, pieces: JsonPieces) -> Iterator[Chat | Flaw]:
        for key in pieces.keys():  # noqa: SIM118 - it is no dict
            if key == "list" and pieces.is_next(b"["):
                yield from self._list(pieces)
            else:
                pieces.skip()

    def _list(self, pieces: JsonPieces) -> Iterator[Chat | Flaw]:
        for _ in pieces.elements():
            yield from self._chats(pieces, in_account=True) if pieces.is_next(b"{") else _nothing(pieces)

    def _chat(self, pieces: JsonPieces, frame: _Frame) -> Iterator[Chat]:
        """The chat whose messages begin here; they are skipped unless they are read."""
        if not {"type", "id"} <= frame.fields.keys():
            frame.fields |= self._late_fields(pieces.at)
        begun: list[Iterator[None]] = []

        def read(channel_id: ChannelId) -> Iterator[Entry]:
            begun.append(pieces.elements())
            return self._entries(pieces, begun[0], channel_id)

        yield self._described(frame, self._find_own(frame, pieces.at), read)
        if not begun:
            pieces.skip()
            return
        for _ in begun[0]:
            pieces.skip()

    def _entries(self, pieces: JsonPieces, elements: Iterator[None], channel_id: ChannelId) -> Iterator[Entry]:
        last: ImportedMessage | None = None
        try:
            for _ in elements:
                run = pieces.run()
                for found in (
                    self._one(pieces.element(), channel_id, last) if run is None else self._many(run, channel_id)
                ):
                    yield found
                    if isinstance(found, ImportedMessage):
                        last = found
                        if isinstance(found, QuickMessage):
                            continue
                    if (unread := find_unread(found)) is not None:
                        yield unread
        except (EndsEarly, BrokenJson) as exc:
            self._is_over = True
            yield _fatal(exc)
        if self._dates.uncertain:
            dates = "1 date is" if self._dates.uncertain == 1 else f"{self._dates.uncertain:,} dates are"
            yield Flaw("", f"{dates} in an hour that clocks show twice or never", note=True)

    def _many(self, run: JsonRun, channel_id: ChannelId) -> Iterator[Entry]:
        places: list[int] = []
        for index, value in enumerate(run.values):
            found = read_quick(value, channel_id, self._dates) or self._message(value, channel_id)
            if isinstance(found, Flaw) and not found.where:
                places = places or run.list_places()
                found = _placed(found, places[index])
            yield found

    def _one(self, piece: JsonElement, channel_id: ChannelId, last: ImportedMessage | None) -> Iterator[Entry]:
        if piece.found is None:
            yield Flaw(f"byte {piece.at:,}", piece.why)
            return
        found = self._message(piece.found.value, channel_id)
        yield found if isinstance(found, ImportedMessage) else _placed(found, piece.at)
        if piece.found.replaced:
            last = found if isinstance(found, ImportedMessage) else last
            yield Flaw(f"message {0 if last is None else last.message_id}", REPLACED)

    def _message(self, value: object, channel_id: ChannelId) -> Entry:
        if not isinstance(value, dict):
            return Flaw("", "it is not a message")
        try:
            return read_entry(value, channel_id, self._dates)
        except ZoneNeeded as exc:
            return self._without_zone(value, exc)

    def _without_zone(self, value: Mapping[str, Any], exc: ZoneNeeded) -> Flaw:
        """A local time among exact dates costs its message. Raises UsageError if there are no exact dates."""
        if self._is_old and not self._dates.is_exact:
            raise UsageError(
                "its dates are local times, and the file does not name the zone.",
                hint="Say where it was exported: `--tz Europe/Kyiv`.",
            ) from exc
        found = number(value.get("id"))
        what = "its date is a local time whose time zone is not known; import the file again with `--tz`"
        return Flaw("" if found is None else f"message {found}", what)

    def _find_own(self, frame: _Frame, at: int) -> dict[str, Any]:
        """What telekeep wrote of a chat after its messages, which begin there."""
        if not frame.in_account:
            return find_own(self._tail)
        return find_own_after(self._path, at) if b'"telekeep":' in self._tail else {}

    def _described(self, frame: _Frame, own: Mapping[str, Any], read: Callable[[ChannelId], Iterator[Entry]]) -> Chat:
        found, kind = number(frame.fields.get("id")), words(frame.fields.get("type"))
        if found is not None and self._is_old and found in _OLD_CHANNEL and kind in _MEGAGROUP:
            found &= (1 << 32) - 1
        refused = _REFUSED.get(kind or "")
        if kind not in _MEGAGROUP and refused is None and kind is not None:
            refused = "a chat of a kind that telekeep does not know"
        if kind is None and frame.in_account:
            refused = "a chat of an unknown kind"
        return Chat(
            channel_id=ChannelId(found) if found is not None and found > 0 else None,
            title=words(frame.fields.get("name")),
            username=words(own.get("username")) if own.get("username") else None,
            megagroup=_MEGAGROUP.get(kind or ""),
            of_several=frame.in_account,
            refused=refused,
            read=read,
        )

    def _late_fields(self, at: int) -> dict[str, Any]:
        """The chat's `id` and `type` where they follow its messages, as in files whose keys were sorted."""
        found: dict[str, Any] = {}
        with self._path.open("rb") as file:
            file.seek(at)
            pieces = JsonPieces(file)
            try:
                pieces.skip()
                for key in pieces.rest_of_keys():
                    if key in ("name", "type", "id"):
                        found[key] = _value(pieces.value())
                    else:
                        pieces.skip()
            except (EndsEarly, BrokenJson):
                return found
        return found


def _value(piece: JsonElement) -> Any:
    return None if piece.found is None else piece.found.value


def _placed(flaw: Flaw, at: int) -> Flaw:
    return flaw if flaw.where else Flaw(f"byte {at:,}", flaw.what, note=flaw.note)


def _nothing(pieces: JsonPieces) -> Iterator[Chat]:
    pieces.skip()
    return iter(())


def _fatal(exc: EndsEarly | BrokenJson) -> Flaw:
    if isinstance(exc, EndsEarly):
        return Flaw(f"byte {exc.at:,}", "the file ends too early: the rest is missing", fatal=True)
    return Flaw(f"byte {exc.at:,}", f"from there on it is not valid JSON ({exc.why})", fatal=True)
