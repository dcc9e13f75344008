"""Walks a JSON document of any size, one value in memory at a time.

Programs indent what they write, so the end of an element is usually the first line with its bracket at the element's
own depth: found by one search and proved by parsing. Otherwise brackets are counted. A broken element costs
only itself, where its end can be found; a document that ends too early gives everything that is whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

import orjson

from archiver.imports.json_faults import BrokenJson, EndsEarly, LargeValue
from archiver.imports.json_run import MOST, JsonElement, JsonRun, parse_run
from archiver.imports.mend_json import Mended, UnreadableJson, read_json

_CHUNK: Final = 1 << 20
_AHEAD: Final = 4 << 20
"""How far the end of an indented element is looked for before brackets are counted."""
LARGEST: Final = 32 << 20
"""Maximum bytes of one value; twice that of other formats, as Desktop writes each text twice."""
_WIDEST: Final = 256
_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["{}\[\]]', re.DOTALL)
_NEXT_LINE: Final = re.compile(rb",?[ \t\r]*+\n([ \t]*+)[^ \t\r\n]")
_INSIDE: Final = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^,\]}\s]*")
_CLOSING: Final = {0x7B: b"}", 0x5B: b"]"}


class JsonPieces:
    """A document and the place reached. Each value must be taken: by `value`, `run`, `skip`, `keys` or `elements`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._data = b""
        self._at = 0
        self._base = 0
        self._is_over = False
        self._indent: bytes | None = None
        """The spaces before the elements."""
        self._one_by_one = 0
        """Up to where elements could not be parsed at once."""
        self._at = 3 if self._peek() is not None and self._data.startswith(b"\xef\xbb\xbf") else 0

    @property
    def at(self) -> int:
        """Bytes passed."""
        return self._base + self._at

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
        if sign not in _CLOSING:
            end = self._end_of_scalar()
            return self._taken(start, end)
        found = self._by_layout(_CLOSING[sign])
        if found is not None:
            return JsonElement(start, found)
        return self._by_brackets(start)

    def element(self) -> JsonElement:
        """The elements of an array of objects; anything else is skipped up to the next line that begins an object."""
        is_object, start = self._expect() == 0x7B, self.at
        self._indent = (self._margin() if is_object else None) or self._indent
        if not is_object and (end := self._end_by_lines(self._at, self._indent)) is not None:
            self._at = end
            return JsonElement(start, None, "it is not valid JSON")
        return self.value()

    def run(self) -> JsonRun | None:
        """Take the next elements at once, if they are indented objects; None: take the next one by `value`."""
        margin = self._margin() if self.at >= self._one_by_one and self._data[self._at] == 0x7B else None
        end = self._data.rfind(b"\n" + margin + b"}", self._at, self._at + MOST) if margin is not None else -1
        if margin is None or end < 0:
            return None
        start, data = self.at, self._data[self._at : end + len(margin) + 2]
        values = parse_run(data)
        if values is None:
            self._one_by_one = start + len(data)
            return None
        self._at += len(data)
        return JsonRun(start, data, values)

    def skip(self) -> None:
        """Pass over the next value, however large."""
        sign = self._expect()
        if sign == 0x22:
            self._at = self._pass_string(self._at + 1)
        else:
            self._at = self._end_by_brackets(keep=False) if sign in _CLOSING else self._end_of_scalar()

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

    def _end_of_scalar(self) -> int:
        pattern = _TOKEN if self._data[self._at] == 0x22 else _SCALAR
        while True:
            match = pattern.match(self._data, self._at)
            end = match.end() if match else self._at
            whole = end - self._at > 1 if pattern is _TOKEN else end < len(self._data)
            if whole or (self._is_over and pattern is _SCALAR and end > self._at):
                break
            if not self._more():
                raise EndsEarly(self.at)
            self._limit()
        if end == self._at:
            raise BrokenJson(self.at, "no value")
        return end

    def _by_layout(self, closing: bytes) -> Mended | None:
        """The value if its lines are indented, and well-formed; the place then is after it."""
        margin = self._margin()
        if margin is None:
            return None
        mark, searched = b"\n" + margin + closing, 0
        while (end := self._data.find(mark, self._at + searched)) < 0:
            searched = max(len(self._data) - len(mark) - self._at, 0)
            if searched > _AHEAD or not self._more():
                return None
        end += len(mark)
        try:
            value = orjson.loads(memoryview(self._data)[self._at : end])
        except orjson.JSONDecodeError:
            return None
        self._at = end
        return Mended(value)

    def _by_brackets(self, start: int) -> JsonElement:
        margin = self._margin()
        try:
            end = self._end_by_brackets()
        except LargeValue as exc:
            self._at = start - self._base
            self._at = self._end_by_brackets(keep=False)
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

    def _is_within(self, at: int, margin: bytes) -> bool:
        """Whether the next line is still one of an element with this margin: its brackets were damaged."""
        found = _NEXT_LINE.match(self._data, at)
        return found is not None and len(found[1]) > len(margin)

    def _taken(self, start: int, end: int, *, keep: bool = False) -> JsonElement:
        data = self._data[self._at : end]
        if not keep:
            self._at = end
        try:
            return JsonElement(start, read_json(data))
        except UnreadableJson as exc:
            return JsonElement(start, None, str(exc))

    def _end_by_lines(self, at: int, margin: bytes | None) -> int | None:
        """Where a broken element with this margin ends: after its last line, or before one that is not in it."""
        if margin is None:
            return None
        self._at = at
        width = len(margin)
        pattern = re.compile(rb"\n(?:%b[{}\[]|[ \t]{0,%d}[\]}]+,?[ \t\r]*(?:\n|\Z))" % (margin, width - 1))
        searched = 0
        while (found := pattern.search(self._data, self._at + searched)) is None:
            searched = max(len(self._data) - self._at - width - 2, 0)
            if searched > LARGEST or not self._more():
                return None
        return found.end() if found[0] == b"\n" + margin + b"}" else found.start()

    def _margin(self) -> bytes | None:
        """The spaces before the value if it begins its line and has some: then what is in it has more."""
        line = self._data.rfind(b"\n", max(self._at - _WIDEST, 0), self._at)
        margin = self._data[line + 1 : self._at] if line >= 0 else b""
        return margin if margin and not margin.strip(b" \t") else None

    def _end_by_brackets(self, *, keep: bool = True) -> int:
        """Where an object or array ends. `keep`: all of it stays in memory, so it must not be too large."""
        depth, at = 0, self._at
        while True:
            for token in _TOKEN.finditer(self._data, at):
                sign = self._data[token.start()]
                if sign == 0x22 and token.end() - token.start() == 1:
                    at = token.start() if keep else self._pass_string(token.end())
                    break
                depth += (sign in _CLOSING) - (sign in b"}]")
                at = token.end()
                if not depth:
                    return at
            else:
                at = len(self._data)
            if not keep:
                self._at = at
                if at < len(self._data):
                    continue
            moved = self._at
            if not self._more():
                raise EndsEarly(self.at)
            at -= moved - self._at
            self._limit()

    def _pass_string(self, at: int) -> int:
        """Where a string ends whose first sign is at `at`, however long it is."""
        self._at = at
        while True:
            match = _INSIDE.match(self._data, self._at)
            self._at = match.end() if match else self._at
            if self._data[self._at : self._at + 1] == b'"':
                return self._at + 1
            if not self._more():
                raise EndsEarly(self.at)

    def _limit(self) -> None:
        if len(self._data) - self._at > LARGEST:
            raise LargeValue(self.at, f"a value of more than {LARGEST >> 20} MB")

    def _expect(self) -> int:
        """The next sign. Raises EndsEarly."""
        sign = self._peek()
        if sign is None:
            raise EndsEarly(self.at)
        return sign

    def _peek(self) -> int | None:
        while True:
            match = _SPACE.match(self._data, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._data):
                return self._data[self._at]
            if not self._more():
                return None

    def _more(self) -> bool:
        """Read on; what is passed goes, but for the line begun."""
        if self._is_over:
            return False
        chunk = self._file.read(max(_CHUNK, len(self._data) - self._at))
        if not chunk:
            self._is_over = True
            return False
        keep = max(self._data.rfind(b"\n", 0, self._at), 0)
        keep = keep if self._at - keep <= _WIDEST else self._at
        self._data = self._data[keep:] + chunk
        self._base += keep
        self._at -= keep
        return True
