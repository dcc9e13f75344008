"""What the readers of telekeep's own exports share: a chat for each channel, rows as messages, notes."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.row_values import UnreadableRow, text, time
from archiver.imports.rows import NEEDED, message_of_row
from archiver.imports.source import REPLACED, Chat, DerivedPiece, Entry, Flaw
from archiver.imports.sources.export_files import ExportFile, ExportFiles, compare

HIGHEST_CHANNEL: Final = 2**52
_PERMALINK: Final = re.compile(r"https://t\.me/([A-Za-z0-9_]{1,64})/(?:[0-9]+/)?[0-9]+")
_WANTED: Final = ("kind", "entities", "sender", "media", "fwd_from", "reply_to", "action")
"""Keys without which a message is not what it was."""
_OBJECT: Final = (dict, Mapping)
_DATE_LENGTH: Final = len("2021-12-16T00:00:00Z")


UNPROVEN: Final = "there is no manifest for it, so a missing end would go unnoticed"


class WrittenRow(NamedTuple):
    """A row of a file."""

    where: str
    value: Any
    """Its JSON."""
    raw: bytes
    is_replaced: bool = False
    """Whether bytes that are not UTF-8 were replaced."""


def expect_keys(path: Path, keys: Iterable[str]) -> tuple[str, ...]:
    """Return the missing keys that messages suffer from. Raises UsageError if rows without them are not messages."""
    present = set(keys)
    lacking = [name for name in NEEDED if name not in present]
    if lacking:
        raise UsageError(
            f"the rows of {path.name} have no {', '.join(f'`{one}`' for one in lacking)}.",
            hint="Export them without `--fields`, or include these keys.",
        )
    return tuple(name for name in _WANTED if name not in present)


class RowSource(ABC):
    """An export of telekeep whose files hold rows: a chat for each channel."""

    format: str
    zone_used = False
    _ends_unseen = True
    """Whether a file of this format that was cut between two rows looks complete."""

    def __init__(self, files: ExportFiles) -> None:
        self.root = files.root
        self.parts = tuple(one.path for one in files.files)
        self._files = files
        self._has_media = files.has_media
        self._listed = files.channels()
        self._lacking: tuple[str, ...] = ()
        """Keys that an export with `--fields` left out."""
        self._channels: dict[int, str | None] = {}
        """Channel ids, each with the username."""
        self._newest = ""
        self._before = self._at = 0
        """Bytes of the files before the current one, and those read of it."""
        self.is_altered = False
        """Whether a file does not match its manifest, once the chats were listed."""

    @abstractmethod
    def _rows(self, file: ExportFile) -> Iterator[WrittenRow | Flaw]:
        """Read the rows of a file."""

    @property
    def passed(self) -> int:
        """Bytes read so far."""
        return self._before + self._at

    @property
    def newest(self) -> datetime | None:
        """The newest date in it."""
        try:
            return datetime.fromisoformat(self._newest) if self._newest else None
        except ValueError:
            return None

    def chats(self) -> Iterator[Chat | Flaw]:
        """A chat for each channel, and how the files differ from their manifests."""
        yield from self._files.lost
        for file in self._files.files:
            if (changed := compare(self.root, file)) is not None:
                self.is_altered = True
                yield changed
        yield from map(self._chat, self._channels)

    @property
    def has_several(self) -> bool:
        """Whether rows of several channels are mixed, so that damage belongs to none of them."""
        return len(self._channels) > 1

    def _chat(self, number: int) -> Chat:
        entry = self._listed.get(number, {})
        return Chat(
            channel_id=ChannelId(number),
            title=_word(entry.get("title")),
            username=_word(entry.get("username")) or self._channels[number],
            of_several=len(self._channels) > 1,
            read=self._reader(number),
        )

    def _note_channel(self, number: int, permalink: object) -> None:
        self._channels[number] = username_of(permalink) or self._channels.get(number)

    def _note_date(self, date: object) -> None:
        if isinstance(date, str) and len(date) == _DATE_LENGTH and date > self._newest:
            self._newest = date

    def read_mixed(self, wanted: Sequence[tuple[Chat, ChannelId]]) -> Iterator[tuple[int, Entry]]:
        """The messages of channels. Rows without a valid channel are reported with the first of them."""
        places = {chat.channel_id: place for place, (chat, _) in enumerate(wanted)}
        ids = [channel_id for _, channel_id in wanted]
        yield from ((0, one) for one in self._files.notes())
        if self._ends_unseen and any(not one.entry for one in self._files.files):
            yield 0, Flaw("", UNPROVEN, note=True)
        if self._lacking:
            keys = ", ".join(f"`{one}`" for one in self._lacking)
            yield 0, Flaw("", f"it was made with --fields: it lacks {keys}", note=True)
        several, self._before = len(self._files.files) > 1, 0
        for number, file in enumerate(self._files.files):
            part = number if several else None
            for row in self._rows(file):
                if isinstance(row, Flaw):
                    yield 0, row
                elif (of := channel_of(row.value)) is None:
                    yield 0, self._message(row, ids[0], part)
                elif (place := places.get(ChannelId(of))) is not None:
                    yield place, self._message(row, ids[place], part)
                    if row.is_replaced:
                        yield place, Flaw(row.where, REPLACED)
            self._before, self._at = self._before + file.path.stat().st_size, 0

    def _reader(self, number: int) -> Callable[[ChannelId], Iterator[Entry]]:
        def read(channel_id: ChannelId) -> Iterator[Entry]:
            return (entry for _, entry in self.read_mixed([(self._chat(number), channel_id)]))

        return read

    def _message(self, row: WrittenRow, channel_id: ChannelId, part: int | None) -> Entry:
        try:
            if not isinstance(row.value, _OBJECT):
                raise UnreadableRow("is not an object")
            if channel_of(row.value) is None:
                raise UnreadableRow("has no valid `channel_id`")
            found = message_of_row(row.value, channel_id, row.raw)
        except UnreadableRow as exc:
            return Flaw(row.where, f"the row {exc}")
        if part is None and (self._has_media or not found.files):
            return found
        return replace(found, files=found.files if self._has_media else (), part=part)


def channel_of(value: object) -> int | None:
    """The id of the channel of a row; None if it has no valid one."""
    found = value.get("channel_id") if isinstance(value, _OBJECT) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found <= HIGHEST_CHANNEL else None


def username_of(permalink: object) -> str | None:
    """The username in a permalink; None for those that only members can open."""
    found = _PERMALINK.fullmatch(permalink) if isinstance(permalink, str) else None
    return found[1] if found is not None and found[1] != "c" else None


def piece_of(value: Mapping[str, Any]) -> bytes:
    """The piece for a row that is not JSON in its source. Copied, since bytes from orjson keep 16 kB each in memory."""
    return bytes(memoryview(orjson.dumps(value)))


def load_row(line: bytes) -> Any:
    """The JSON of a row; None if it is invalid. Lone surrogates and bytes that are not UTF-8 are replaced."""
    return mend_row(line)[0]


def mend_row(line: bytes) -> tuple[Any, bool]:
    """The same, and whether bytes that are not UTF-8 were replaced."""
    try:
        return orjson.loads(line), False
    except orjson.JSONDecodeError:
        said = line.decode("utf-8", "replace")
        try:
            return json.loads(said), said.encode() != line
        except (ValueError, RecursionError):
            return None, False


def derive_row(raw: bytes, zone: tzinfo | None) -> DerivedPiece | None:
    """Read a stored row again, or an earlier content in it."""
    try:
        row = load_row(raw)
        rich = row.get("rich")
        words = text(row, "text") or (str(rich.get("text") or "") if isinstance(rich, dict) else "")
        return DerivedPiece(text=words, date=time(row, "date") if "date" in row else None)
    except (UnreadableRow, AttributeError, TypeError):
        return None


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
