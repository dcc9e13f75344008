"""Read the rows of data files again, and compare them with what the manifest says about each channel."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

from archiver.export.counting import ROW_KEY
from archiver.export.row_keys import READERS, RowKey, UnreadableRows

LENGTH_OF_TIME = len("2021-12-16T00:00:00Z")
"""Times of this length sort like text."""


def has_keys(claims: Mapping[str, Any]) -> bool:
    """Whether rows have the keys that they are counted by: an export may leave keys out."""
    fields = claims["options"].get("fields")
    if claims["options"].get("weights"):  # of edges between nodes
        return False
    return not isinstance(fields, list) or set(ROW_KEY) <= set(map(str, fields))


class UnexpectedRow(Exception):
    """A row that is invalid or out of place; the text is a phrase that follows the name of its file."""


@dataclass(slots=True)
class _Found:
    rows: int
    first: RowKey
    last: RowKey


class Recount:
    """Counts the rows of one export, file after file."""

    def __init__(self, claims: Mapping[str, Any]) -> None:
        self._claims = claims
        self._since, self._until = claims["bounds"]["since"], claims["bounds"]["until"]
        self._found: dict[int, _Found] = {}
        self._last: tuple[str | int, str, int, int] | None = None

    def add(self, file: BufferedReader) -> None:
        """Count the rows of a data file. Raises UnexpectedRow."""
        read = READERS[self._claims["format"]]
        for number, key in enumerate(_numbered(read(file, self._claims["options"])), 1):
            if wrong := self._misplaced(key):
                raise UnexpectedRow(f"has a row that {wrong} (number {number})")
            found = self._found.get(key.channel_id)
            if found is None:
                self._found[key.channel_id] = _Found(1, key, key)
            else:
                found.rows, found.last = found.rows + 1, key

    def _misplaced(self, key: RowKey) -> str | None:
        by_channel = self._claims["order"][0] == "channel_id"
        place = (key.channel_id if by_channel else key.date, key.date, key.channel_id, key.message_id)
        if len(key.date) == LENGTH_OF_TIME:
            if self._last is not None and self._last >= place:
                return "is out of order, or repeated"
            self._last = place
            if self._since is not None and len(self._since) == LENGTH_OF_TIME and key.date < self._since:
                return "is older than its bounds"
            if self._until is not None and len(self._until) == LENGTH_OF_TIME and key.date >= self._until:
                return "is newer than its bounds"
        return None

    def find_contradiction(self) -> str | None:
        """How the manifest differs from the count, as a phrase that follows its name."""
        for channel in self._claims["channels"]:
            found = self._found.pop(channel["channel_id"], None)
            said = [channel[name] for name in ("rows", "first_id", "last_id", "first_date", "last_date")]
            if said != _figures(found):
                return f"does not match the rows of channel {channel['channel_id']}"
            if found is not None and found.first.name != name_of(channel):
                return f"names channel {channel['channel_id']} differently from its rows"
        return f"does not name channel {next(iter(self._found))}, which has rows" if self._found else None


def name_of(channel: Mapping[str, Any]) -> str:
    """The name of a channel in rows."""
    return str(channel["username"] or channel["alias"] or channel["channel_id"])


def _figures(found: _Found | None) -> list[object]:
    if found is None:
        return [0, None, None, None, None]
    first, last = found.first, found.last
    return [found.rows, first.message_id, last.message_id, first.date, last.date]


def _numbered(keys: Iterator[RowKey]) -> Iterator[RowKey]:
    """Pass the keys on; if reading one fails, say which row is invalid."""
    number = 0
    while True:
        number += 1
        try:
            key = next(keys)
        except StopIteration:
            return
        except UnreadableRows as exc:
            raise UnexpectedRow(str(exc)) from None
        except (ValueError, KeyError, TypeError, IndexError, csv.Error, RecursionError):
            raise UnexpectedRow(f"has an invalid row (number {number})") from None
        if not all(map(isinstance, key, (str, int, int, str))):
            raise UnexpectedRow(f"has an invalid row (number {number})")
        yield key
