"""Finds where the values of a JSON document of any size end, without parsing them; only a part of it is in memory."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import BinaryIO, Final

from archiver.imports.json_input.json_faults import BrokenJson, EndsEarly, LargeValue

LARGEST: Final = 32 << 20
"""Maximum bytes of one value; twice that of other formats, as Desktop writes each text twice."""
CLOSING: Final = {0x7B: b"}", 0x5B: b"]"}
"""The closing bracket of each opening one."""
_CHUNK: Final = 1 << 20
_STEP: Final = 1 << 11
"""Bytes of a value before it is checked for the first time whether its end was missed."""
_FREE: Final = 1 << 20
"""Bytes that guesses may waste before anything is read."""
_WIDEST: Final = 256
"""Maximum bytes of indentation."""
_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["{}\[\]]', re.DOTALL)
_NEXT_LINE: Final = re.compile(rb",?[ \t\r]*+\n([ \t]*+)[^ \t\r\n]")
_INSIDE: Final = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^,\]}\s]*")


class JsonScanner:
    """A document, the part of it in memory, and the place reached."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._data = b""
        self._at = 0
        """The place reached, in `_data`."""
        self._base = 0
        """Bytes of the document before `_data`."""
        self._is_over = False
        self._wasted = 0
        """Bytes looked at by guesses that failed."""
        self._at = len(BOM_UTF8) if self._peek() is not None and self._data.startswith(BOM_UTF8) else 0

    @property
    def at(self) -> int:
        """Bytes passed."""
        return self._base + self._at

    def rewind(self, at: int) -> None:
        """Go back to an earlier place."""
        self._file.seek(at)
        self._data, self._at, self._base, self._is_over = b"", 0, at, False

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

    def _may_guess(self, looked: int, free: int | None = None) -> bool:
        """Whether a guess may go on after looking at this many bytes."""
        return self._wasted + looked <= self.at + (_FREE if free is None else free)

    def _waste(self, looked: int) -> None:
        self._wasted += looked

    def _end_by_brackets(self) -> int:
        """Where an object or array ends that stays in memory, so it must not be too large."""
        depth, at, step = 0, self._at, _STEP
        while True:
            stop = min(self._at + step, len(self._data))
            for token in _TOKEN.finditer(self._data, at, stop):
                sign = self._data[token.start()]
                if sign == 0x22 and token.end() - token.start() == 1:
                    at = token.start()
                    break
                depth += (sign in CLOSING) - (sign in b"}]")
                at = token.end()
                if not depth:
                    return at
            else:
                at = stop
            self._expect_open(stop - self._at)
            if stop - self._at == step:
                step *= 2
                continue
            at -= self._at
            if not self._more():
                raise EndsEarly(self.at)
            at += self._at
            self._limit()

    def _expect_open(self, looked: int) -> None:
        """Raise BrokenJson if it is known that the value has ended within these bytes."""

    def _pass_brackets(self) -> int:
        """Where an object or array ends, however large."""
        depth = 0
        while True:
            at = len(self._data)
            for token in _TOKEN.finditer(self._data, self._at):
                sign = self._data[token.start()]
                if sign == 0x22 and token.end() - token.start() == 1:
                    at = self._pass_string(token.end())
                    break
                depth += (sign in CLOSING) - (sign in b"}]")
                if not depth:
                    return token.end()
            self._at = at
            if at == len(self._data) and not self._more():
                raise EndsEarly(self.at)

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

    def _end_by_lines(self, at: int, margin: bytes | None) -> int | None:
        """Where a broken element with this margin ends: after its last line, or before one that is not in it."""
        if margin is None or not self._may_guess(0):
            return None
        self._at = at
        width = len(margin)
        pattern = re.compile(rb"\n(?:%b[{}\[]|[ \t]{0,%d}[\]}]+,?[ \t\r]*(?:\n|\Z))" % (margin, width - 1))
        searched = 0
        while (found := pattern.search(self._data, self._at + searched)) is None:
            searched = max(len(self._data) - self._at - width - 2, 0)
            if searched > LARGEST or not self._may_guess(searched) or not self._more():
                self._waste(searched)
                return None
        return found.end() if found[0] == b"\n" + margin + b"}" else found.start()

    def _is_within(self, at: int, margin: bytes) -> bool:
        """Whether the next line is still one of an element with this margin: its brackets were damaged."""
        found = _NEXT_LINE.match(self._data, at)
        return found is not None and len(found[1]) > len(margin)

    def _margin(self) -> bytes | None:
        """The spaces before the value if it begins its line and has some: then what is in it has more."""
        line = self._data.rfind(b"\n", max(self._at - _WIDEST, 0), self._at)
        margin = self._data[line + 1 : self._at] if line >= 0 else b""
        return margin if margin and not margin.strip(b" \t") else None

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
        """Read on, and drop what was passed, except for the line begun."""
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
