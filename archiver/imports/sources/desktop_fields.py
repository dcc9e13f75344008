"""Single fields of Telegram Desktop's JSON: numbers, peers, dates. Pure; no value makes them raise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, Final

_PEERS: Final = ("user", "chat", "channel")
_OLD_SHIFT: Final = 32
"""Versions before 2.8 (2021) wrote peers as numbers: the kind above these bits, 0 user, 1 chat, 2 channel."""
_FIRST: Final = -62_135_596_800
"""The first second of the year 1."""
LAST: Final = 253_402_300_799
"""The last second of the year 9999."""
FIRST_EDIT: Final = 86_400 * 365
"""Early versions wrote `edited` as the epoch, in local time, for messages never edited."""
_EXACT: Final = 2.0**53
"""Largest float up to which every integer is exact."""
_ZONES: Final = 15 * 3600
"""Seconds: no time zone is farther from UTC, with a margin."""
MARKED: Final = 10**12
"""Other programs write channels as -100 and the id, basic groups below zero."""
OF_A_GROUP: Final = -500_000_000
"""Below are the messages that a supergroup had as a basic group: Desktop shifts their ids by a billion."""
MOST_ID: Final = 2**63 - 1


def number(value: object) -> int | None:
    """An integer that the archive can hold, even if written as text or as `5.0`, as data frames do."""
    if value is None or (type(value) is int and -MOST_ID <= value <= MOST_ID):
        return value
    found = value
    if isinstance(found, str):
        found = found.removesuffix(".0")
    elif type(found) is float and found.is_integer() and abs(found) < _EXACT:
        found = int(found)
    if isinstance(found, str) and found.isascii() and found.removeprefix("-").isdecimal() and len(found) < 20:
        found = int(found)
    return found if type(found) is int and -MOST_ID <= found <= MOST_ID else None


def count(value: object) -> int | None:
    """A number of things."""
    found = number(value)
    return found if found is not None and found >= 0 else None


def words(value: object) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and value else None


def peer(value: object) -> dict[str, Any] | None:
    """`channel123`, or a number of an early version, as {type, id}."""
    if isinstance(value, str):
        for kind in _PEERS:
            if value.startswith(kind) and (found := number(value[len(kind) :])) is not None:
                return {"type": kind, "id": found}
    old = number(value)
    if old is not None and old < 0:
        return {"type": "channel", "id": -old - MARKED} if old < -MARKED else {"type": "chat", "id": -old}
    if old is None or old >> _OLD_SHIFT > 2:
        return None
    return {"type": _PEERS[old >> _OLD_SHIFT], "id": old & ((1 << _OLD_SHIFT) - 1)}


def named_peer(value: object, name: object, *, title: str | None = None) -> dict[str, Any] | None:
    """{type, id, name, username} of a sender. Versions before 1.4.8 (December 2018) wrote names only.

    `title`: the channel's, which names no person.
    """
    found = peer(value)
    if value is None and words(name) not in (None, title):
        found = {"type": "user", "id": None}
    return None if found is None else {**found, "name": words(name), "username": None}


def moment(unix: object) -> datetime | None:
    """Unix seconds as a time; None if no calendar has it."""
    seconds = number(unix)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and _FIRST <= seconds <= LAST else None


@lru_cache(maxsize=64)
def _midnight(day: str) -> int | None:
    """`2022-01-25` as unix seconds."""
    try:
        return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def has_two_dates(entry: Mapping[str, Any]) -> bool:
    """Whether local and exact date differ by more than any time zone explains."""
    wall, unix = entry.get("date"), entry.get("date_unixtime")
    if type(wall) is not str or type(unix) is not str or not (unix.isascii() and unix.isdecimal()):
        return False
    midnight = _midnight(wall[:10])
    return midnight is not None and len(unix) < 20 and not -_ZONES <= int(unix) - midnight <= 86_400 + _ZONES


def wall_time(value: object) -> datetime | None:
    """A local time as written, without zone."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found


class LocalDates:
    """Turns local times into moments. In an hour that clocks show twice, time does not go back with growing ids."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._last: float | None = None
        """Unix seconds of the previous date."""
        self.used = False
        self.is_exact = False
        """Whether any date read so far was exact."""
        self.uncertain = 0
        """Times that clocks show twice or never."""

    def of_message(self, entry: Mapping[str, Any]) -> datetime | None:
        """When a message was posted. Call it in the order of the messages. Raises ZoneNeeded."""
        found = moment(entry.get("date_unixtime"))
        self.is_exact |= found is not None
        if found is None and (wall := wall_time(entry.get("date"))) is not None:
            found = self._at(wall, ordered=True)
        self._last = self._last if found is None else found.timestamp()
        return found

    def read(self, text: str) -> datetime | None:
        """A local time as a moment, in any order; None without a zone, or if there is no such date."""
        wall = wall_time(text)
        if wall is None or self._zone is None:
            return None
        try:
            return wall.replace(tzinfo=self._zone).astimezone(UTC)
        except (OverflowError, ValueError):
            return None

    def note_exact(self, unix: int) -> None:
        """Record the exact date of a message read elsewhere."""
        self.is_exact = True
        self._last = unix

    def of_edit(self, entry: Mapping[str, Any]) -> datetime | None:
        """When a message was edited; None also for a local time of an unknown zone, where the date itself is known."""
        if "edited_unixtime" not in entry and "edited" not in entry:
            return None
        found = moment(entry.get("edited_unixtime"))
        if found is None and (wall := wall_time(entry.get("edited"))) is not None and wall.year > 1970:
            found = None if self._zone is None and wall.tzinfo is None else self._at(wall, ordered=False)
        return found if found is not None and found.timestamp() >= FIRST_EDIT else None

    def _at(self, wall: datetime, *, ordered: bool) -> datetime | None:
        try:
            if wall.tzinfo is not None:
                return wall.astimezone(UTC)
            if self._zone is None:
                raise ZoneNeeded
            self.used = True
            first, second = (wall.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        except (OverflowError, ValueError):
            return None
        if first == second:
            return first
        self.uncertain += ordered
        late = ordered and self._last is not None and first.timestamp() < self._last
        return second if late and first < second else first


class ZoneNeeded(Exception):
    """A date is a local time of an unknown zone."""
