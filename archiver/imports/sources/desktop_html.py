"""Telegram Desktop's export as HTML: `messages.html`, `messages2.html`, ... of a chat, or of all chats of an account.

Both generations: until June 2022 dates have no offset, since then the standard offset of the exporter's zone. Streamed:
a message is in memory at a time. https://github.com/telegramdesktop/tdesktop (export/output/export_output_html.cpp)
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.source import Chat, DerivedPiece, Entry, Flaw, ImportedMessage, ZoneUnknown
from archiver.imports.sources.exporter_clock import could_write, find_doubts, to_instant, zones_of
from archiver.imports.sources.html_escapes import decode, without_buttons
from archiver.imports.sources.html_files import (
    LIST,
    FirstLook,
    HtmlChat,
    list_chats,
    look,
    looks_like_desktop,
    number_of,
    open_page,
)
from archiver.imports.sources.html_pieces import Frame, cut, is_damaged
from archiver.imports.sources.html_post import read_post, title_of
from archiver.imports.sources.html_reader import HtmlReader

_REFUSED: Final = {"private": "a personal chat", "bot": "a chat with a bot"}
_MARKS: Final = (b'class="message ', b'id="message')
"""What every message contains once, and no text can: quotes in texts are escaped."""
_OTHERS: Final = (b"bot_buttons_table", b'class="history"')
"""In 2024 Desktop did not close tables of buttons; where somebody joined two files, the second begins in a message."""
_UNCLOSED: Final = "its tags do not match, as in a damaged file: parts of it, or messages after it, may be lost"
_REST: Final = b'class="pull_right date details"'
"""What may remain of a message whose tag is damaged."""
_PAGE: Final = re.compile(rb'<a class="pagination block_link" href="(messages[0-9]*\.html)"')
_HEAD: Final = 1 << 18


def open_file(path: Path, zone: tzinfo | None) -> DesktopHtml:
    """Open a file or directory. Raises UsageError, for example if its dates cannot be read without a zone."""
    return DesktopHtml(path.resolve(), zone)  # a link to the export is followed, one inside it is not


def derive(raw: bytes, zone: tzinfo | None) -> DerivedPiece | None:
    """Read a stored element again."""
    post = read_post(decode(raw))
    text = post.said.text or (post.article.text if post.article is not None else "")
    if post.wall is None:
        return DerivedPiece(text=text)
    dates = {to_instant(post.wall, zone, fold=fold) for fold in (0, 1)}
    return DerivedPiece(text=text, date=dates.pop() if len(dates) == 1 else None)


class DesktopHtml:
    """The files of Telegram Desktop."""

    format = "desktop-html"

    def __init__(self, path: Path, zone: tzinfo | None) -> None:
        self.root = _root_of(path if path.is_dir() else path.parent)
        self._zone = zone
        self._chats = list_chats(path)
        self.parts = tuple(file for chat in self._chats for file in chat.files)
        self._expect_one(path)
        self._look = look([one for one in self._chats if one.kind not in _REFUSED])
        _expect_certain(self._look, zone)

    def _expect_one(self, path: Path) -> None:
        """Raise UsageError for several channels: HTML does not tell them apart."""
        several = [one for one in self._chats if one.kind not in _REFUSED]
        if len(several) > 1:
            first = several[0].files[0].parent
            raise UsageError(
                f"{path} has {len(several):,} channels and groups, and HTML does not hold their ids.",
                hint=f"Import one at a time: `telekeep import {first} --channel ID`.",
            )

    @property
    def zone_used(self) -> bool:
        """Whether the zone decided: it does wherever there is one."""
        return self._zone is not None

    @property
    def newest(self) -> datetime | None:
        """The date of the last message."""
        return None if self._look.newest is None else to_instant(self._look.newest, self._zone)

    def chats(self) -> Iterator[Chat | Flaw]:
        """The chats, those included that telekeep does not archive."""
        for chat in self._chats:
            titles = [_title(path) for path in chat.files]
            # Of one page it may be damaged.
            usual = next((title for title, _ in Counter(filter(None, titles)).most_common(1)), None)
            title = chat.title or usual
            others = {path: one for path, one in zip(chat.files, titles, strict=True) if one not in (None, usual)}

            def read(
                channel_id: ChannelId,
                chat: HtmlChat = chat,
                title: str | None = title,
                others: Mapping[Path, str | None] = others,
            ) -> Iterator[Entry]:
                return self._read(chat, channel_id, title, others)

            yield Chat(channel_id=None, title=title, refused=_REFUSED.get(chat.kind or ""), read=read)

    def _read(
        self, chat: HtmlChat, channel_id: ChannelId, title: str | None, others: Mapping[Path, str | None]
    ) -> Iterator[Entry]:
        """`others`: pages with the title of another chat."""
        directory = chat.files[0].parent
        label = next(iter(self._look.labels), None)
        reader = HtmlReader(
            channel_id, title=title, zone=self._zone, label=label, locate=lambda path: self._locate(directory, path)
        )
        for name in chat.missing:
            yield Flaw(name, "the file is missing, or cannot be read: its messages are not imported")
        for path in chat.files:
            if path in others:
                yield Flaw(path.name, f'it is of another chat, "{others[path]}": give each a directory of its own')
                continue
            frame, line = Frame(), 0
            part = self.parts.index(path) if len(self.parts) > 1 else None
            with open_page(path) as file:
                for piece in cut(file, frame):
                    line = piece.line
                    if _has_two(piece.data) and _has_two(without_buttons(piece.data)):
                        yield Flaw(f"{path.name}, line {line:,}", "a message after it has a damaged tag and is lost")
                    elif piece.whole and not _is_closed(piece.data):
                        yield Flaw(f"{path.name}, line {line:,}", _UNCLOSED)
                    for entry in reader.read(piece, f"{path.name}, line {line:,}"):
                        yield replace(entry, part=part) if isinstance(entry, ImportedMessage) else entry
            yield from self._ends(chat, path, frame, line)
        yield from reader.notes()

    def _ends(self, chat: HtmlChat, path: Path, frame: Frame, line: int) -> Iterator[Flaw]:
        is_last = path == chat.files[-1]
        for where, around in (("beginning", frame.head), ("end", frame.tail)):
            if any(mark in around for mark in (*_MARKS, _REST)):
                yield Flaw(path.name, f"a message at its {where} has a damaged tag and is lost")
            elif is_damaged(around):
                yield Flaw(path.name, f"bytes at its {where} are lost: messages there may be missing")
        if not looks_like_desktop(frame.head):
            what = "it does not begin like a file of Telegram Desktop: messages at its beginning may be missing"
            yield Flaw(path.name, what)
        if not frame.ended:
            what = "the file is cut off there: what is whole before that is imported"
            yield Flaw(f"{path.name}, line {line:,}", what, fatal=is_last)
        following = _PAGE.search(frame.tail)
        if following is None:
            return
        number, expected = number_of(following[1].decode()), number_of(path.name)
        if expected is not None and number != expected + 1:
            yield Flaw(path.name, "it is a different page under this name; messages that belong here may be missing")
        elif is_last:
            yield Flaw(following[1].decode(), "the file is missing, as are all after it")

    def _locate(self, directory: Path, path: str) -> str:
        """A path relative to the root. In a whole account's export they begin at its top: `../../chats/chat_01/...`."""
        if directory == self.root:
            return path.removeprefix(f"../../chats/{directory.name}/")
        return posixpath.normpath(posixpath.join(directory.relative_to(self.root).as_posix(), path))


def _has_two(element: bytes) -> bool:
    return any(element.count(mark) > 1 for mark in _MARKS)


def _is_closed(element: bytes) -> bool:
    """Whether as many elements end in a message as begin in it: texts cannot change that."""
    return element.count(b"<div") == element.count(b"</div>") or any(one in element for one in _OTHERS)


def _root_of(directory: Path) -> Path:
    """The directory with the files of an export: a chat of a whole account has some of them in other chats'."""
    account = directory.parent.parent
    return account if directory.parent.name == "chats" and (account / LIST).is_file() else directory


def _title(path: Path) -> str | None:
    with open_page(path) as file:
        return title_of(file.read(_HEAD).partition(b'<div class="history">')[0])


def _expect_certain(found: FirstLook, zone: tzinfo | None) -> None:
    """Raise UsageError where a date could be wrong."""
    if zone is not None:
        for label in found.labels:
            if not could_write(zone, label):
                raise UsageError(
                    f"its dates are labelled {_write(label)}, which is not an offset of --tz {zone}.",
                    hint=f"Give the zone of the computer that exported it{_example(label)}.",
                )
        return
    doubts = find_doubts(found.days)
    if doubts.unlabelled:
        raise ZoneUnknown(
            f"{doubts.unlabelled:,} of its {doubts.total:,} dates are local times, and it does not name the zone.",
            hint="Say in which zone the computer was that exported it: `--tz Europe/Kyiv`.",
        )
    if doubts.uncertain:
        label = found.labels[0]
        raise ZoneUnknown(
            f"{doubts.uncertain:,} of its {doubts.total:,} dates may be an hour off: Telegram Desktop labels all"
            f" with the standard offset of the exporter's zone ({_write(label)}), those in summer time too.",
            hint=f"Say which zone it is{_example(label)}.",
        )


def _write(label: int) -> str:
    minutes = timedelta(seconds=abs(label)) // timedelta(minutes=1)
    return f"UTC{'-' if label < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def _example(label: int) -> str:
    names = zones_of(label)
    return f": `--tz {names[0]}`" + (f", or {' or '.join(names[1:])}, or another" if names[1:] else "") if names else ""
