"""Walks a JSON document of any size, one value in memory at a time, in time proportional to its size.

Elements of an array mostly look alike, so many are parsed at once: up to the last place that looks like the boundary
between the two before. Otherwise the end of an indented element is usually the first line with its bracket at the
element's own depth: found by one search and proved by parsing. Otherwise brackets are counted. A guess that fails is
wasted: guesses are made only while no more was wasted than was read. A broken element costs only itself, where its end
can be found; a document that ends too early gives everything that is whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import orjson

from archiver.imports.json_input.json_faults import BrokenJson, EndsEarly, LargeValue
from archiver.imports.json_input.json_run import MOST, JsonElement, JsonRun, parse_run
from archiver.imports.json_input.json_scanner import CLOSING, JsonScanner
from archiver.imports.json_input.mend_json import Mended, UnreadableJson, read_json

_AHEAD: Final = 4 << 20
"""How far the end of an indented element is looked for before brackets are counted."""
_FEWEST: Final = 1 << 12
"""Bytes of the shortest run that is tried."""
_BOUNDARY: Final = re.compile(rb'\}[ \t\r\n]{0,99}+,[ \t\r\n]{0,99}+\{[ \t\r\n]{0,99}+"[^"\\]{1,64}+"')
"""From the end of an object to the first key of the next."""
_INDENTED: Final = re.compile(rb"[{\[][ \t\r]*+\n")


class JsonPieces(JsonScanner):
    """A document and the place reached. Each value must be taken: by `value`, `run`, `skip`, `keys` or `elements`."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._indent: bytes | None = None
        """The spaces before the elements."""
        self._boundary = b""
        """The last one seen between two objects."""
        self._most = MOST
        """Maximum bytes of the next run: fewer after one that failed."""

    def keys(self) -> Iterator[str]:
        """Enter an object: its keys, each of whose values is to be taken before the next."""
        yield from (self._key() for _ in self._members(b"{", b"}"))

    def rest_of_keys(self) -> Iterator[str]:
        """The remaining keys of an object."""
        yield from (self._key() for _ in self._rest(b"}"))

    def elements(self) -> Iterator[None]:
        """Enter an array: once for each element, which is to be taken before the next."""
        yield from self._members(b"[", b"]")

    def rest_of_elements(self) -> Iterator[None]:
        """The remaining elements of an array."""
        yield from self._rest(b"]")

    def is_next(self, sign: bytes) -> bool:
        """Whether the next value begins with this sign."""
        return self._peek() == sign[0]

    def value(self) -> JsonElement:
        """Take the next value whole."""
        sign = self._expect()
        start = self.at
        if sign not in CLOSING:
            end = self._end_of_scalar()
            return self._taken(start, end)
        found = self._by_layout(CLOSING[sign])
        piece = self._by_brackets(start) if found is None else JsonElement(start, found)
        if (boundary := _BOUNDARY.match(self._data, self._at - 1)) is not None:
            self._boundary = boundary[0]
        return piece

    def element(self) -> JsonElement:
        """The elements of an array of objects; anything else is skipped up to the next line that begins an object."""
        is_object, start = self._expect() == 0x7B, self.at
        self._indent = (self._margin() if is_object else None) or self._indent
        if not is_object and (end := self._end_by_lines(self._at, self._indent)) is not None:
            self._at = end
            return JsonElement(start, None, "it is not valid JSON")
        return self.value()

    def run(self) -> JsonRun | None:
        """Take the next elements at once, if they are objects that look alike; None: take the next one by `value`."""
        if not self._boundary or self._data[self._at] != 0x7B or not self._may_guess(0):
            return None
        if len(self._data) - self._at < self._most:
            self._more()
        start, stop = self.at, self._at + self._most
        end = self._data.rfind(self._boundary, self._at, stop) + 1
        data = self._data[self._at : end] if end > 0 else b""
        values = self._parse_run(data) if data else None
        if values is None:
            self._waste(self._most)
            self._most = max(self._most >> 1, min(_FEWEST, MOST))
            return None
        self._most = min(self._most << 1, MOST)
        self._at += len(data)
        return JsonRun(start, data, values)

    def _parse_run(self, data: bytes) -> list[Any] | None:
        """The objects in this part of an array; None if they are to be taken one by one."""
        return parse_run(data)

    def skip(self) -> None:
        """Pass over the next value, however large."""
        sign = self._expect()
        if sign == 0x22:
            self._at = self._pass_string(self._at + 1)
        else:
            self._at = self._pass_brackets() if sign in CLOSING else self._end_of_scalar()

    def end(self) -> bool:
        """Whether nothing follows but spaces."""
        return self._peek() is None

    def _members(self, opening: bytes, closing: bytes) -> Iterator[None]:
        if self._expect() != opening[0]:
            raise BrokenJson(self.at, f"no {'object' if opening == b'{' else 'array'}")
        self._at += 1
        yield from self._rest(closing)

    def _rest(self, closing: bytes) -> Iterator[None]:
        while self._expect() != closing[0]:
            if self._data[self._at] == 0x2C:
                self._at += 1
                continue
            yield
        self._at += 1

    def _key(self) -> str:
        if self._expect() != 0x22:
            raise BrokenJson(self.at, "no key")
        found = self.value().found
        if not isinstance(found and found.value, str) or self._expect() != 0x3A:
            raise BrokenJson(self.at, "no key")
        self._at += 1
        return str(found.value) if found else ""

    def _by_layout(self, closing: bytes) -> Mended | None:
        """The value if its lines are indented, and well-formed; the place then is after it."""
        margin = self._margin()
        if margin is None or _INDENTED.match(self._data, self._at) is None or not self._may_guess(0):
            return None
        mark, searched = b"\n" + margin + closing, 0
        while (end := self._data.find(mark, self._at + searched)) < 0:
            searched = max(len(self._data) - len(mark) - self._at, 0)
            if searched > _AHEAD or not self._may_guess(searched) or not self._more():
                self._waste(searched)
                return None
        end += len(mark)
        try:
            value = orjson.loads(memoryview(self._data)[self._at : end])
        except orjson.JSONDecodeError:
            self._waste(end - self._at)
            return None
        self._at = end
        return Mended(value)

    def _by_brackets(self, start: int) -> JsonElement:
        margin = self._margin()
        try:
            end = self._end_by_brackets()
        except LargeValue as exc:
            self._at = start - self._base
            self._at = self._pass_brackets()
            return JsonElement(start, None, f"it is {exc.why}")
        except (BrokenJson, EndsEarly):
            if (by_lines := self._end_by_lines(start - self._base, margin)) is None:
                raise
            self._at = by_lines
            return JsonElement(start, None, "it is not valid JSON")
        piece, size = self._taken(start, end, keep=True), end - self._at
        by_lines = None
        if piece.found is None or (margin is not None and self._is_within(end, margin)):
            by_lines = self._end_by_lines(self._at, margin)
        self._at = self._at + size if by_lines is None else by_lines
        return piece if by_lines is None else JsonElement(start, None, piece.why or "it is not valid JSON")

    def _taken(self, start: int, end: int, *, keep: bool = False) -> JsonElement:
        data = self._data[self._at : end]
        if not keep:
            self._at = end
        try:
            return JsonElement(start, read_json(data))
        except UnreadableJson as exc:
            return JsonElement(start, None, str(exc))
