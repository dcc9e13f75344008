"""The files of an export as HTML: which there are, in their order, and a first look at the dates in them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from archiver.errors import UsageError
from archiver.imports.regular import open_regular
from archiver.imports.sources.exporter_clock import LabelledDay, WallTime, read_title
from archiver.imports.sources.html_tree import Element, parse, words
from archiver.imports.stopping import expect_wanted

LIST: Final = "lists/chats.html"
"""What a whole account's export has."""
_NAME: Final = re.compile(r"messages([0-9]{0,9})\.html", re.IGNORECASE)
_MARKS: Final = (b"chat_page", b'class="page_wrap"', b"class='page_wrap'")
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 256
_DATE: Final = (
    rb'<div\b(?=[^>]{0,200}?\bclass="[^">]{0,100}\bdate\b)[^>]{0,200}?'
    rb'\btitle="([0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}) ([0-9:]{8})([^"]{0,48})"'
)
_DATED: Final = re.compile(_DATE)
_DATED_BY_DESKTOP: Final = re.compile(rb"\n\r?\n[ \t]*+" + _DATE)
"""After an empty line, as in no text of a button."""
_BEFORE_1_3_10: Final = re.compile(rb"\bID: -?[0-9]+<br>\s*Date: [0-9]")
_LISTED: Final = re.compile(r"(?:^|/)chats/([^/]+)/messages[0-9]*\.html")
_HEAD: Final = 1 << 16
_LARGEST_LIST: Final = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlChat:
    """The files of one chat."""

    files: tuple[Path, ...]
    missing: tuple[str, ...] = ()
    """Names of files that should be between them."""
    kind: str | None = None
    """`channel`, `group`, `private`, `bot`; None: not known."""
    title: str | None = None


@dataclass(slots=True)
class FirstLook:
    """The dates of a source, before it is read."""

    days: list[LabelledDay]
    newest: WallTime | None

    @property
    def labels(self) -> list[int]:
        """The offsets that are written, the most frequent first."""
        found: Counter[int] = Counter()
        for one in self.days:
            if one.label is not None:
                found[one.label] += one.times
        return [label for label, _ in found.most_common()]


def looks_like_desktop(head: bytes) -> bool:
    """Whether a file begins as those of Desktop."""
    starts = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"
    is_list = b"chat_page" not in head and (b'class="entry_list"' in head or b'class="sections' in head)
    return starts and b"Exported Data" in head and any(mark in head for mark in _MARKS) and not is_list


def is_page(head: bytes) -> bool:
    """Whether a file is one of Desktop's, perhaps with a damaged beginning."""
    return looks_like_desktop(head) or (b'<div class="message default clearfix' in head and b' id="message' in head)


def is_export(path: Path) -> bool:
    """Whether a directory has files of Desktop, of a chat or of a whole account."""
    pages = _numbered(path) or next((found for one in _chat_directories(path) if (found := _numbered(one))), {})
    return any(_is_page(pages[number]) for number in sorted(pages))


def _is_page(path: Path) -> bool:
    try:
        with open_page(path) as file:
            return is_page(file.read(_HEAD))
    except (UsageError, OSError):
        return False


def open_page(path: Path) -> AbstractContextManager[BinaryIO]:
    """Open a file of Desktop; a link is not followed. Raises UsageError."""
    return open_regular(path.parent, path)


def list_chats(path: Path) -> list[HtmlChat]:
    """The chats of a file, of the directory of a chat, or of that of a whole account."""
    if not path.is_dir():
        if _NAME.fullmatch(path.name) is None:
            return [HtmlChat(files=(path,))]
        path = path.parent
    if numbered := _numbered(path):
        listed = _read_list(path.parent.parent / LIST) if path.parent.name == "chats" else {}
        return [_chat(numbered, *listed.get(path.name, (None, None)))]
    listed = _read_list(path / LIST)
    return [
        _chat(numbered, *listed.get(directory.name, (None, None)))
        for directory in _chat_directories(path)
        if (numbered := _numbered(directory))
    ]


def _chat(numbered: dict[int, Path], kind: str | None = None, title: str | None = None) -> HtmlChat:
    missing = sorted(set(range(1, max(numbered) + 1)) - set(numbered)) if max(numbered) < 1_000_000 else []
    names = ["messages.html" if number == 1 else f"messages{number}.html" for number in missing]
    files = [numbered[at] for at in sorted(numbered)]
    whole = tuple(one for one in files if _is_readable(one))
    names += [one.name for one in files if one not in whole]
    return HtmlChat(files=whole or tuple(files), missing=tuple(names) if whole else (), kind=kind, title=title)


def _is_readable(path: Path) -> bool:
    """Whether it is a readable regular file, not a link."""
    return path.is_file() and not path.is_symlink() and os.access(path, os.R_OK)


def number_of(name: str) -> int | None:
    """The number of a page: `messages.html` is the first, `messages2.html` the second; None if it has another name."""
    found = _NAME.fullmatch(name)
    return None if found is None else int(found[1] or 1)


def _numbered(directory: Path) -> dict[int, Path]:
    """Its files by their numbers: `messages.html` is the first, `messages2.html` the second."""
    found: dict[int, Path] = {}
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                name = _NAME.fullmatch(entry.name)
                if name is not None:
                    found[int(name[1] or 1)] = directory / entry.name
    except OSError:
        return {}
    return found


def _chat_directories(path: Path) -> Sequence[Path]:
    try:
        return sorted(one for one in (path / "chats").iterdir() if one.is_dir() and not one.is_symlink())
    except OSError:
        return []


def _read_list(path: Path) -> dict[str, tuple[str | None, str | None]]:
    """The kinds and names of the chats of a whole account by their directories."""
    try:
        with open_page(path) as file:
            page = parse(file.read(_LARGEST_LIST).decode("utf-8", "replace"))
    except UsageError:
        return {}
    found: dict[str, tuple[str | None, str | None]] = {}
    for entry in page.walk():
        target = _LISTED.search(entry.attributes.get("href", "")) if entry.tag == "a" else None
        if target is not None:
            found[target[1]] = (_words_of(entry, "info"), _words_of(entry, "name"))
    return found


def _words_of(entry: Element, name: str) -> str | None:
    found = entry.find(name)
    return words(found) or None if found is not None else None


def look(chats: Sequence[HtmlChat]) -> FirstLook:
    """Look at the dates in all files. Raises UsageError for a layout that is too old."""
    counted: Counter[tuple[bytes, bytes]] = Counter()
    newest: WallTime | None = None
    for path in (path for chat in chats for path in chat.files):
        last: tuple[bytes, bytes, bytes] | None = None
        for last in _dates(path):
            counted[last[0], last[2]] += 1
        wall = read_title(_title(*last)) if last is not None else None
        if wall is not None and (newest is None or wall.local > newest.local):
            newest = wall
    if not counted and any(_is_too_old(path) for chat in chats for path in chat.files[:1]):
        raise UsageError(
            "its pages are those of Telegram Desktop 1.3.8 or 1.3.9 (June 2018), which telekeep cannot read.",
            hint="Export the chat again with a newer version.",
        )
    return FirstLook(list(_days(counted)), newest)


def _title(day: bytes, clock: bytes, label: bytes) -> str:
    return b" ".join((day, clock)).decode() + label.decode("utf-8", "replace")


def _dates(path: Path) -> Iterator[tuple[bytes, bytes, bytes]]:
    with open_page(path) as file:
        rest, dated = b"", None
        while chunk := file.read(_CHUNK):
            expect_wanted()
            data = rest + chunk
            end = 0
            if dated is None and _DATED.search(data):
                dated = _DATED_BY_DESKTOP if _DATED_BY_DESKTOP.search(data) else _DATED
            for found in dated.finditer(data) if dated is not None else ():
                end = found.end()
                yield found[1], found[2], found[3]
            rest = data[max(end, len(data) - _OVERLAP) :]


def _days(counted: Counter[tuple[bytes, bytes]]) -> Iterator[LabelledDay]:
    for (day, label), times in counted.items():
        wall = read_title(_title(day, b"00:00:00", label))
        if wall is not None:
            yield LabelledDay(wall.local.date(), wall.label, times)


def _is_too_old(path: Path) -> bool:
    with open_page(path) as file:
        return _BEFORE_1_3_10.search(file.read(_CHUNK)) is not None
