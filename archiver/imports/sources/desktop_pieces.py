"""Find the next message in Telegram Desktop's JSON after damage, where neither layout nor brackets help.

A message begins with its id and type, which no text in it can imitate: quotes in texts are escaped. What belongs to a
chat, such as a name, ends the search: what follows it may be another chat's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO, Final

from archiver.imports.json_input.json_faults import BrokenJson, EndsEarly, LargeValue, NotClosed, mixed_at
from archiver.imports.json_input.json_pieces import JsonPieces
from archiver.imports.json_input.json_run import JsonElement
from archiver.imports.json_input.json_scanner import LARGEST
from archiver.imports.lost_bytes import SPANNED, has_hole
from archiver.imports.source import Flaw

_SORTED: Final = (
    rb'\{\s{0,99}(?:"a[a-z_]{1,30}"\s{0,9}:\s{0,9}(?:[0-9]{1,19}|"(?:[^"\\]|\\.){0,200}")\s{0,9},\s{0,99}){0,3}'
    rb'"date"\s{0,9}:\s{0,9}"([0-9-]{10})[T0-9:]{9}"\s{0,9},\s{0,99}"date_unixtime"\s{0,9}:'
)
"""The beginning of a message with sorted keys: `date` follows `action` or `actor`."""
_BEGINS: Final = re.compile(
    rb'\{\s{0,99}"id"\s{0,9}:\s{0,9}"?(-?[0-9]{1,19})"?\s{0,9},\s{0,99}"type"\s{0,9}:\s{0,9}"(?:message|service|unsupported)"'
    rb'(?:\s{0,9},\s{0,99}"date"\s{0,9}:\s{0,9}"([0-9-]{10}))?'
    rb"|%b"
    rb'|"(?:name|messages)"\s{0,9}:|"type"\s{0,9}:\s{0,9}"(?:personal|bot|private|public|saved|replies|verif)' % _SORTED
)
"""The second alternative is for sorted keys, where a chat's type follows its messages."""
_CHAT: Final = re.compile(
    rb'\{\s{0,99}"name"\s{0,9}:\s{0,9}(?:null|"(?:[^"\\]|\\.){0,600}")\s{0,9},\s{0,99}"type"\s{0,9}:\s{0,9}"[a-z_]{3,30}"'
    rb'\s{0,9},\s{0,99}"id"\s{0,9}:\s{0,9}-?[0-9]{1,19}\s{0,9},\s{0,99}"messages"\s{0,9}:\s{0,9}\['
    rb'|\{\s{0,99}"id"\s{0,9}:\s{0,9}-?[0-9]{1,19}\s{0,9},\s{0,99}"messages"\s{0,9}:\s{0,9}\['
)
"""Start of a chat in a list; the second alternative: with sorted keys."""
_ONLY: Final = re.compile(
    rb'"messages"\s{0,9}:\s{0,9}\[|\{\s{0,99}"id"\s{0,9}:\s{0,9}"?-?[0-9]{1,19}"?\s{0,9},'
    rb'\s{0,99}"type"\s{0,9}:\s{0,9}"(?:message|service|unsupported)"|%b' % _SORTED
)
"""Where the messages of a file's only chat begin, or the first one whose beginning is left."""
_KIND: Final = re.compile(rb'"type"\s{0,9}:\s{0,9}"([a-z_]{3,30})"')
_NUMBER: Final = re.compile(rb'"id"\s{0,9}:\s{0,9}([0-9]{1,19})\s{0,9},\s{0,99}\Z')
_KEY: Final = re.compile(rb'"messages"\s{0,9}:\s{0,9}\[\s{0,99}\{')
"""No message has it: its texts may be that word, but have no colon after their quotes; others count messages so."""
_ID: Final = b'"id"'
"""A key that parts of messages seldom have, but for those of our own exports."""
_STARTS: Final = (
    re.compile(
        rb'"id"\s{0,9}:\s{0,9}"?-?[0-9]{1,19}"?\s{0,9},\s{0,99}"type"\s{0,9}:\s{0,9}"(?:message|service|unsupported)"'
    ),
    re.compile(rb'"date"\s{0,9}:\s{0,9}"[0-9-]{10}[T0-9:]{9}"\s{0,9},\s{0,99}"date_unixtime"\s{0,9}:'),
)
"""What each message has once; the second: also with sorted keys."""
_LONGEST_KEY: Final = 1 << 7
_MOST_KEYS: Final = 100_000
_IN_ORDER: Final = re.compile(
    rb'"id"\s{0,9}:\s{0,9}"?(-?[0-9]{1,19})"?\s{0,9},\s{0,99}"type"\s{0,9}:\s{0,9}"(?:message|service)"'
    rb'\s{0,9},\s{0,99}"date"\s{0,9}:\s{0,9}"([0-9-]{10})'
)
"""The id and day of a message: both grow within a chat."""
_NEXT: Final = re.compile(rb",?[ \t\r\n]{0,99}")
_LOST: Final = (b"\0", b"\xff")
"""What disks have in place of bytes that are lost; no text has either."""
_OVERLAP: Final = 1 << 12
_LONGEST: Final = 1 << 9
"""Bytes of the longest match of _BEGINS."""
_BROKEN: Final = "it is not valid JSON"


class DesktopPieces(JsonPieces):
    """A document of Desktop, and the position in it."""

    _looked = 0
    """Bytes of the value in which no other message begins."""
    _begin: int | None = None
    """Where another message begins inside it."""
    _has_other = False
    """Whether something in it may belong to another chat."""

    def __init__(self, file: BinaryIO, *, is_by_date: bool = False) -> None:
        """`is_by_date`: messages are in the order of their dates, not of their ids."""
        self._is_by_date = is_by_date
        self._keys: list[int] = []
        """Where a chat's messages begin."""
        self._lost: list[int] = []
        """Where bytes are lost."""
        self._order: _Order | None = None
        """Of the messages that are passed over."""
        super().__init__(file)

    def _more(self) -> bool:
        if self._order is not None:
            self._order.look(self._data, self._base, len(self._data))
        known = self._base + len(self._data)
        if not super()._more():
            return False
        begin = known - self._base
        keys = _KEY.finditer(self._data, max(begin - _LONGEST_KEY, 0))
        self._keys += (self._base + key.start() for key in islice(keys, max(_MOST_KEYS - len(self._keys), 0)))
        for lost in _LOST:
            if (first := self._data.find(lost, begin)) >= 0:
                self._lost += (self._base + first, self._base + self._data.rfind(lost))
        return True

    def element(self) -> JsonElement:
        """The next element; broken if words of another may be in it."""
        piece = super().element()
        # Not the value is searched: of a key that is there twice, that has one.
        if piece.found is not None and piece.found.replaced and has_hole(self._data[piece.at - self._base : self._at]):
            return JsonElement(piece.at, None, SPANNED)
        return piece

    def _parse_run(self, data: bytes) -> list[Any] | None:
        values = super()._parse_run(data)
        if values is None or data.count(_ID) <= len(values):
            return values
        # A lost quote or bracket may have put the messages that follow into one before them, as its parts.
        return None if any(len(start.findall(data)) > len(values) for start in _STARTS) else values

    def recover(self, at: int, *, after: tuple[int, str] | None = None) -> bool:
        """Go to the next message after damage; False if this chat has none.

        `after`: a message with a lower id, or of an earlier day, belongs to another chat.
        """
        found = self._search(_BEGINS, at)
        if found is None or not _is_message(found, after):
            return False
        self._at = found.start()
        return True

    def recover_only(self, at: int) -> dict[str, Any] | None:
        """Go to the messages of a file's only chat after damage; what is left of its type and id; None: no message."""
        found = self._search(_ONLY, at)
        if found is None:
            return None
        is_key = found[0].startswith(b'"')
        before = self._data[max(found.start() - _LONGEST, 0) : found.start()]
        self._at = found.end() if is_key else found.start()
        kind, number = _KIND.search(before), _NUMBER.search(before)
        said = {"type": kind and kind[1].decode(), "id": number and int(number[1])}
        return {name: value for name, value in said.items() if value is not None} if is_key else {}

    def skip_messages(self, *, is_second: bool = False) -> Iterator[Flaw]:
        """Pass over the messages of a chat; say if they are not in order, or in a second list.

        Raises BrokenJson if another chat's beginning seems to be among them, or bytes are lost.
        """
        start = self.at
        self._keys, self._lost = ([one for one in found if one > start] for found in (self._keys, self._lost))
        self._order = order = _Order(start, is_by_date=self._is_by_date)
        try:
            self.skip()
            order.look(self._data, self._base, self._at)
        finally:
            self._order = None
        if any(start < one < self.at for one in self._keys + self._lost):
            raise BrokenJson(start, "lost bytes or another chat's beginning in what is passed over")
        if is_second or 0 < order.falls <= order.rises:  # some programs write the newest first
            yield mixed_at(start)

    def skip_other(self) -> None:
        """Pass over what is neither a chat nor a list of them; raise BrokenJson if there seem to be chats in it."""
        start = self.at
        self._keys = [one for one in self._keys if one > start]
        self.skip()
        if any(start < one < self.at for one in self._keys):
            raise BrokenJson(start, "chats under another name")

    def expect_chat(self) -> None:
        """Raise BrokenJson if a message is where a chat should be: the messages' array ended inside one."""
        if self._peek() is not None and len(self._data) - self._at < _OVERLAP:
            self._more()
        if (found := _BEGINS.match(self._data, self._at)) is not None and _is_message(found, None):
            raise BrokenJson(self.at - 1, "a message is among the chats")

    def recover_chat(self, at: int) -> bool:
        """Go to the next chat of a list after damage; False if there is none."""
        found = self._search(_CHAT, at)
        self._at = self._at if found is None else found.start()
        return found is not None

    def _search(self, wanted: re.Pattern[bytes], at: int) -> re.Match[bytes] | None:
        """Search from a position, discarding only bytes that cannot be part of a match."""
        self._at = max(at - self._base, 0) + 1
        while (found := wanted.search(self._data, self._at)) is None:
            self._at = max(len(self._data) - _OVERLAP, self._at)
            if not self._more():
                return None
        return found

    def _by_brackets(self, start: int) -> JsonElement:
        self._begin_value()
        try:
            piece = super()._by_brackets(start) if self._margin() is not None else self._by_brackets_alone(start)
        except (BrokenJson, EndsEarly):
            if self._begin is None:
                self._waste(self._looked)
                raise
            piece = JsonElement(start, None, _BROKEN)
        # If a bracket is lost, the rest of the chat may seem to be inside one of its messages.
        begin = None if self._begin is None else self._begin - self._base
        if piece.found is not None:
            begin = self._find_message(start - self._base, self._at)
        if begin is None or (piece.found is None and start < self.at < begin + self._base):
            return piece
        self._at = begin
        return JsonElement(start, None, _BROKEN)

    def _begin_value(self) -> None:
        self._looked, self._begin, self._has_other = 0, None, False

    def _expect_open(self, looked: int) -> None:
        """Raise BrokenJson if another message begins within these bytes."""
        if not self._has_other:
            place = self._at + max(self._looked - _LONGEST, 1)
            found = _BEGINS.search(self._data, place, self._at + looked)
            self._has_other = found is not None
            if found is not None and _is_message(found, None):
                self._begin = self._base + found.start()
                raise NotClosed(self.at, self._begin)
        self._looked = looked
        if self._has_other and not self._may_guess(looked, LARGEST):
            raise BrokenJson(self.at, _BROKEN)

    def _by_brackets_alone(self, start: int) -> JsonElement:
        """The next element, found by brackets alone, without layout."""
        try:
            end = self._end_by_brackets()
        except LargeValue as exc:
            if (begin := self._find_message(self._at, len(self._data))) is not None:
                self._at = begin
                return JsonElement(start, None, _BROKEN)
            self._at = self._pass_brackets()
            return JsonElement(start, None, f"it is {exc.why}")
        piece = self._taken(start, end, keep=True)
        begin = self._find_message(self._at, end) if piece.found is None else None
        self._at = end if begin is None else begin
        return piece

    def _is_within(self, at: int, margin: bytes) -> bool:
        begin = _NEXT.match(self._data, at)
        is_message = begin is not None and _BEGINS.match(self._data, begin.end()) is not None
        return not is_message and super()._is_within(at, margin)

    def _find_message(self, start: int, end: int) -> int | None:
        """Where another message begins inside this one."""
        found = _BEGINS.search(self._data, max(start, 0) + 1, end)
        return found.start() if found is not None and _is_message(found, None) else None


class _Order:
    """How often ids and days grow from one message to the next, and how often one falls."""

    def __init__(self, at: int, *, is_by_date: bool) -> None:
        self.rises = self.falls = 0
        self._is_by_date = is_by_date
        self._passed = at
        self._last, self._day = -1 << 63, b""  # a group's from before it was a supergroup have ids below zero

    def look(self, data: bytes, base: int, end: int) -> None:
        """Look at what was read; `base`: bytes before it."""
        for found in _IN_ORDER.finditer(data, max(self._passed - base, 0), end):
            last, day = int(found[1]), found[2]
            is_fall = day < self._day or (last < self._last and not self._is_by_date)
            self.falls, self.rises = self.falls + is_fall, self.rises + (not is_fall)
            self._last, self._day = last, day
            self._passed = base + found.end()
        self._passed = max(self._passed, base + end - _LONGEST)


def _is_message(found: re.Match[bytes], after: tuple[int, str] | None) -> bool:
    number, day = found[1], found[2] or found[3]
    if after is None:
        return number is not None or day is not None
    return number is not None and int(number) >= after[0] and (day is None or day.decode() >= after[1])
