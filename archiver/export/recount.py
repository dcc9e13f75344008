"""The rows of data files, read again: what the manifest says of each channel is what is in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, NamedTuple

import orjson

_LONGEST = 64 << 20
"""Bytes of a row; those of Telegram have some thousand."""
_USUAL = len("2021-12-16T00:00:00Z")
"""Instants of that length are in order as texts are."""


class Key(NamedTuple):
    """What places a row in an export, and what it calls its channel."""

    date: str
    channel_id: int
    message_id: int
    name: str


class Odd(Exception):
    """A row that none of ours is, or that cannot be where it is; the text follows the name of its file."""


@dataclass(slots=True)
class _Found:
    rows: int
    first: Key
    last: Key


class Recount:
    """Counts the rows of one export, file after file."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = told
        self._since, self._until = told["bounds"]["since"], told["bounds"]["until"]
        self._found: dict[int, _Found] = {}
        self._last: tuple[str, int, int] | None = None

    def add(self, file: BufferedReader) -> None:
        """All rows of a data file. Raises Odd."""
        read = _READERS[self._told["format"]]
        for number, key in enumerate(_numbered(read(file, self._told["options"])), 1):
            if wrong := self._misplaced(key):
                raise Odd(f"has a row that {wrong} (number {number})")
            found = self._found.get(key.channel_id)
            if found is None:
                self._found[key.channel_id] = _Found(1, key, key)
            else:
                found.rows, found.last = found.rows + 1, key

    def _misplaced(self, key: Key) -> str | None:
        place = (key.date, key.channel_id, key.message_id)
        if len(key.date) == _USUAL:
            if self._last is not None and self._last >= place:
                return "comes too late, or twice"
            self._last = place
            if self._since is not None and len(self._since) == _USUAL and key.date < self._since:
                return "is older than its bounds"
            if self._until is not None and len(self._until) == _USUAL and key.date >= self._until:
                return "is newer than its bounds"
        return None

    def find_contradiction(self) -> str | None:
        """How the manifest differs from what was counted, as words that follow its name."""
        for channel in self._told["channels"]:
            found = self._found.pop(channel["channel_id"], None)
            said = [channel[name] for name in ("rows", "first_id", "last_id", "first_date", "last_date")]
            if said != _figures(found):
                return f"says other rows of channel {channel['channel_id']} than there are"
            if found is not None and found.first.name != name_of(channel):
                return f"calls channel {channel['channel_id']} otherwise than its rows do"
        return f"does not name channel {next(iter(self._found))}, which has rows" if self._found else None


def name_of(channel: Mapping[str, Any]) -> str:
    """What rows call a channel."""
    return str(channel["username"] or channel["alias"] or channel["channel_id"])


def _figures(found: _Found | None) -> list[object]:
    if found is None:
        return [0, None, None, None, None]
    first, last = found.first, found.last
    return [found.rows, first.message_id, last.message_id, first.date, last.date]


def _numbered(keys: Iterator[Key]) -> Iterator[Key]:
    """The keys; whatever reading one raises says which row is none."""
    number = 0
    while True:
        number += 1
        try:
            key = next(keys)
        except StopIteration:
            return
        except (ValueError, KeyError, TypeError, IndexError, csv.Error, RecursionError):
            raise Odd(f"has a row that is none of an export (number {number})") from None
        if not all(map(isinstance, key, (str, int, int, str))):
            raise Odd(f"has a row that is none of an export (number {number})")
        yield key


def _read_lines(file: BufferedReader, _options: Mapping[str, Any]) -> Iterator[Key]:
    while line := file.readline(_LONGEST):
        row = orjson.loads(line)
        yield Key(row["date"], row["channel_id"], row["message_id"], row["channel"])


def _read_records(file: BufferedReader, options: Mapping[str, Any]) -> Iterator[Key]:
    guarded = bool(options.get("excel"))
    before = csv.field_size_limit(_LONGEST)
    text = io.TextIOWrapper(file, "utf-8-sig" if guarded else "utf-8", newline="")
    try:
        records = csv.reader(text)
        header = next(records)
        date, channel_id, message_id, channel = map(header.index, ("date", "channel_id", "message_id", "channel"))
        for one in records:
            ids = [_bare(one[at], guarded=guarded) for at in (channel_id, message_id, channel)]
            yield Key(one[date], int(ids[0]), int(ids[1]), ids[2])
    finally:
        text.detach()
        csv.field_size_limit(before)


def _bare(cell: str, *, guarded: bool) -> str:
    return cell.removeprefix("'") if guarded else cell


_READERS: Mapping[str, Callable[[BufferedReader, Mapping[str, Any]], Iterator[Key]]] = {
    "jsonl": _read_lines,
    "csv": _read_records,
}
