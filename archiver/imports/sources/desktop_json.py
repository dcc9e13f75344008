"""Telegram Desktop's `result.json`: one chat, or the chats of a whole account; and what telekeep exports like it.

Streamed: one message is in memory at a time. A file that ends too early gives all messages that are whole.

After damage reading goes on where `desktop_recovery` finds more: `_entries` does so among the messages that it reads,
`chats` anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.json_input.json_faults import BrokenJson, EndsEarly, misread_at
from archiver.imports.source import Chat, Entry, Flaw
from archiver.imports.sources.desktop_chat import (
    KINDS,
    UNKNOWN,
    ChatFrame,
    describe_chat,
    find_meant,
    last_fields,
    late_fields,
)
from archiver.imports.sources.desktop_ends import find_newest, find_offsets, find_own, is_account, read_ends
from archiver.imports.sources.desktop_entry import derive_piece
from archiver.imports.sources.desktop_fields import LocalDates
from archiver.imports.sources.desktop_messages import DesktopMessages
from archiver.imports.sources.desktop_pieces import DesktopPieces
from archiver.imports.sources.desktop_recovery import DesktopRecovery

RESULT: Final = "result.json"
_WRAPPERS: Final = ("exported_data", "export", "data", "result")
"""Keys under which other programs put Desktop's whole file."""
_DEEPEST: Final = 20
_NEEDED: Final = ("type", "messages")
"""Keys without which a chat cannot be read."""


def open_file(path: Path, zone: tzinfo | None) -> DesktopJson:
    """Open a file, or the directory that Desktop made (`ChatExport_2026-01-31`)."""
    return DesktopJson(path / RESULT if path.is_dir() else path, zone)


derive = derive_piece


class DesktopJson:
    """A file of Telegram Desktop."""

    format = "desktop-json"

    def __init__(self, path: Path, zone: tzinfo | None) -> None:
        self._path = path
        self.root = path.parent
        self.parts = (path,)
        self._dates = LocalDates(zone)
        self._pieces: DesktopPieces | None = None
        self._recovery: DesktopRecovery
        self._elements: Iterator[None] = iter(())
        """Elements of the current chat."""
        self._depth = 0
        """How many objects are open that may be, or have, chats."""
        head, self._tail = read_ends(path)
        self._ends = head + b"\n" + self._tail
        self._is_old = b'"date_unixtime"' not in head
        self._is_account = is_account(self._ends)
        self._messages = DesktopMessages(self._dates, is_old=self._is_old)

    @property
    def zone_used(self) -> bool:
        """Whether a date needed the zone: only files without `date_unixtime` do."""
        return self._dates.used

    @property
    def offsets(self) -> Mapping[timedelta, datetime]:
        """UTC offsets of its local times, each with a date written both ways."""
        return find_offsets(self._ends)

    @property
    def passed(self) -> int:
        """Bytes read so far."""
        return 0 if self._pieces is None else self._pieces.at

    @property
    def newest(self) -> datetime | None:
        """The newest date near either end; dates in the future count as none."""
        return find_newest(self._ends, self._dates)

    def chats(self) -> Iterator[Chat | Flaw]:
        """The chats; those of a whole account include what telekeep does not archive."""
        try:
            with self._path.open("rb") as file:
                self._pieces = pieces = DesktopPieces(file, is_by_date=b'"telekeep":' in self._tail)
                self._recovery = recovery = DesktopRecovery(pieces, self._messages, is_account=self._is_account)
                read = self._documents(pieces)
                while True:
                    damage = yield from _until_damage(read)
                    place, flaw = recovery.go_on(damage)
                    if flaw is not None:
                        yield flaw
                    if place is None:
                        return
                    read = self._rest_of_list(pieces) if place.chat is None else self._rest_of_chat(pieces, place.chat)
        except OSError as exc:
            raise UsageError(f"{self._path} cannot be read: {exc.strerror}.") from exc

    def _documents(self, pieces: DesktopPieces) -> Iterator[Chat | Flaw]:
        """Read documents one after another: several files may have been joined."""
        while not pieces.end():
            yield from self._list(pieces) if pieces.is_next(b"[") else self._chats(pieces)

    def _rest_of_chat(self, pieces: DesktopPieces, frame: ChatFrame) -> Iterator[Chat | Flaw]:
        """The rest of a chat, from a message found after its array ended too early."""
        yield from self._chat(pieces, frame, pieces.rest_of_elements)
        for _ in pieces.rest_of_keys():
            pieces.skip()
        if frame.in_account and not pieces.end():
            yield from self._rest_of_list(pieces)
        elif not pieces.end():
            yield from self._documents(pieces)

    def _rest_of_list(self, pieces: DesktopPieces) -> Iterator[Chat | Flaw]:
        """The remaining chats of an account, and what follows them."""
        for _ in pieces.rest_of_elements():
            yield from self._element(pieces)
            if not self._is_account and pieces.end():
                return  # the only chat, after a line that is not JSON
        for _ in pieces.rest_of_keys():
            pieces.skip()
        yield from self._chats_of(pieces, pieces.rest_of_keys(), ChatFrame(in_account=True))

    def _chats(self, pieces: DesktopPieces, *, in_account: bool = False) -> Iterator[Chat | Flaw]:
        if self._depth == _DEEPEST:
            yield Flaw(f"byte {pieces.at:,}", "what is there is nested too deeply, and is left out")
            pieces.skip()
            return
        frame = ChatFrame(in_account=in_account)
        if not in_account:
            self._recovery.enter_document(frame)
        self._depth += 1
        try:
            yield from self._chats_of(pieces, pieces.keys(), frame)
        finally:
            self._depth -= 1

    def _chats_of(self, pieces: DesktopPieces, keys: Iterator[str], frame: ChatFrame) -> Iterator[Chat | Flaw]:
        has_list = False
        for written in keys:
            meant = find_meant(written, _NEEDED) if frame.fields else None
            key = meant if meant and not (meant == "messages" and frame.has_messages) else written
            if key != written:
                yield misread_at(pieces.at, key)
            if key == "messages" and frame.has_messages:
                yield from pieces.skip_messages(is_second=True)
                continue
            frame.has_messages |= key == "messages"
            if key == "messages" and pieces.is_next(b"["):
                self._recovery.enter_messages(frame)
                yield from self._chat(pieces, frame, pieces.elements)
            elif key in ("chats", "left_chats") and (pieces.is_next(b"{") or pieces.is_next(b"[")):
                yield from self._list(pieces) if pieces.is_next(b"[") else self._account(pieces)
            elif key in _WRAPPERS and pieces.is_next(b"{"):
                yield from self._chats(pieces, in_account=frame.in_account)
            elif key in ("name", "type", "id"):
                value = pieces.value().content
                if key not in frame.fields or (key == written and not frame.has_messages):
                    frame.fields[key] = value
            else:
                if key == "messages" and not pieces.end():
                    yield Flaw(f"byte {pieces.at:,}", "`messages` is not a list, so none of it can be read")
                has_list |= frame.in_account and pieces.is_next(b"[")
                self._skip_other(pieces, frame)
        if ({"id", "type"} <= frame.fields.keys() or has_list) and not frame.has_messages:
            yield Flaw(f"byte {pieces.at:,}", "the chat that ends here has no `messages`")

    def _account(self, pieces: DesktopPieces) -> Iterator[Chat | Flaw]:
        for key in pieces.keys():  # noqa: SIM118 - it is no dict
            if key == "list" and pieces.is_next(b"["):
                yield from self._list(pieces)
            else:
                self._skip_other(pieces)

    def _skip_other(self, pieces: DesktopPieces, frame: ChatFrame | None = None) -> None:
        """Pass over what is no chat. Raises BrokenJson if it has chats: the key before them is damaged."""
        if frame is not None and frame.has_messages:
            pieces.skip()
            return
        self._recovery.pass_over()
        pieces.skip_other()

    def _list(self, pieces: DesktopPieces) -> Iterator[Chat | Flaw]:
        for _ in pieces.elements():
            yield from self._element(pieces)

    def _element(self, pieces: DesktopPieces) -> Iterator[Chat | Flaw]:
        """One element of a list of chats."""
        pieces.expect_chat()
        if pieces.is_next(b"{"):
            yield from self._chats(pieces, in_account=True)
        else:
            pieces.skip()

    def _chat(
        self, pieces: DesktopPieces, frame: ChatFrame, enter: Callable[[], Iterator[None]]
    ) -> Iterator[Chat | Flaw]:
        """The chat whose messages begin here; they are skipped unless they are read."""
        if not {"type", "id"} <= frame.fields.keys():
            frame.fields |= late_fields(self._path, pieces.at) or ({} if frame.in_account else last_fields(self._tail))
        if (kind := find_meant(frame.fields.get("type"), KINDS)) is not None:
            frame.fields["type"] = kind
            yield misread_at(pieces.at, kind)
        is_read = False

        def read(channel_id: ChannelId) -> Iterator[Entry]:
            nonlocal is_read
            is_read, self._elements = True, enter()
            self._messages.begin(frame, channel_id, is_rest=enter != pieces.elements)
            return self._entries(pieces, channel_id, frame)

        own = find_own(self._path, self._tail, pieces.at if frame.in_account else None)
        chat = describe_chat(frame, own, read, is_old=self._is_old)
        if chat.refused in UNKNOWN:
            yield Flaw(f"byte {pieces.at:,}", "the chat there is of unknown kind: it may be a channel")
        yield chat
        self._recovery.expect_not_ended()
        if not is_read and enter == pieces.elements:
            self._recovery.pass_over()
            yield from pieces.skip_messages()
            return
        for _ in self._elements if is_read else enter():
            pieces.skip()

    def _entries(self, pieces: DesktopPieces, channel_id: ChannelId, frame: ChatFrame) -> Iterator[Entry]:
        while True:
            try:
                yield from self._taken(pieces, channel_id)
                break
            except (EndsEarly, BrokenJson) as exc:
                if (flaw := self._recovery.find_message(exc, frame)) is None:
                    yield self._recovery.end_chat(exc, frame)
                    break
                yield flaw
                self._messages.doubt()
                self._elements = pieces.rest_of_elements()
        yield from self._messages.list_remarks()

    def _taken(self, pieces: DesktopPieces, channel_id: ChannelId) -> Iterator[Entry]:
        read_one, read_run = self._messages.read_one, self._messages.read_run
        for _ in self._elements:
            run = pieces.run()
            yield from read_one(pieces.element(), channel_id) if run is None else read_run(run, channel_id)


def _until_damage(read: Iterator[Chat | Flaw]) -> Generator[Chat | Flaw, None, EndsEarly | BrokenJson | None]:
    """Yield the chats up to the damage, and return that."""
    try:
        yield from read
    except (EndsEarly, BrokenJson) as exc:
        return exc
    return None
