"""The text of a list of channels: encoding, lines and cells, as editors and spreadsheets write them. Pure.

Python's csv module needs one separator for all lines, strict quotes, and knows no comments; lists that people keep by
hand have none of these.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SEPARATORS = "\t;|,\uff1b\uff0c\u061b\u060c\u3001"
"""The separators of tables, preferred ones first. Tab, semicolon, bar, comma; full-width, Arabic and Chinese ones."""
_MOST = 0.8
"""Share of the lines that have the separator of a table."""
_QUOTED = r'[ \u00a0]*"(?P<text>(?:[^"]|""){0,2000}?)"[ \u00a0]*(?=[%s\n]|$)'
_COMMENT = re.compile(r"(?:^|(?<=\s))#")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROL = dict.fromkeys(code for code in range(32) if code not in (9, 10))
_WRAPPED = (
    re.compile(r'=HYPERLINK\("([^"\n]+)"[^)\n]*\)', re.IGNORECASE),
    re.compile(r"""<a\s[^>\n]{0,200}?href=["']?([^"'\s>]+)["']?[^>\n]*>[^<\n]*</a>""", re.IGNORECASE),
)
"""Links within a formula of a spreadsheet, or within HTML."""
_EXCEL = re.compile(r"sep=.\n", re.IGNORECASE)


class ListLine(NamedTuple):
    """A line of a list: its number, its text without the comment, and its cells, empty ones included."""

    number: int
    text: str
    cells: tuple[str, ...]


def decode_list(data: bytes) -> str:
    """The text of the bytes: UTF-8, UTF-16 or UTF-32, by their mark or without one.

    What is in another encoding (a title, a comment) does no harm: names are ASCII.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    even, odd = data[::2].count(0), data[1::2].count(0)
    if even or odd:  # every address has ASCII letters: in UTF-16 half of their bytes are zero
        encoding = "utf-16-be" if even > odd else "utf-16-le"
        if min(even, odd) * 20 <= max(even, odd):
            return data.decode(encoding, "replace")
    return data.decode("utf-8", "replace")


def split_lines(text: str) -> Iterator[ListLine]:
    """Lines with content: no comments, no rules. A quoted cell may span several lines."""
    text = _LINE_ENDS.sub("\n", text).translate(_CONTROL).removeprefix("\ufeff")
    for pattern in _WRAPPED:
        text = pattern.sub(r"\1", text)
    splitter = _Splitter(text)
    number, at = 1, 0
    while at < len(text):
        line, end = splitter.read(at, number)
        if any(char.isalnum() for char in line.text) and not _EXCEL.fullmatch(text[at:end]):
            yield line
        number += text.count("\n", at, end)
        at = end


class _Splitter:
    """Splits a text: at the one separator of a table, where # is a comment at the start of a line only; else at any."""

    def __init__(self, text: str) -> None:
        lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
        common = (one for one in _SEPARATORS if lines and sum(one in line for line in lines) >= _MOST * len(lines))
        separator = next(common, "")
        self._text = text
        self._is_table = bool(separator)
        self._plain = re.compile(f"[^{separator or _SEPARATORS}\n]*")
        self._quoted = re.compile(_QUOTED % re.escape(separator or _SEPARATORS))

    def read(self, start: int, number: int) -> tuple[ListLine, int]:
        """The line at this place, and the place of the next one."""
        text, at = self._text, start
        cells: list[str] = []
        while True:
            cell, after = self._read_cell(at)
            comment = self._find_comment(text[at:after], is_first=at == start)
            if comment is not None:
                cells.append(text[at : at + comment].strip())
                end = text.find("\n", at)
                line = ListLine(number, text[start : at + comment].strip(), tuple(cells))
                return line, end + 1 if end >= 0 else len(text)
            cells.append(cell)
            if after >= len(text) or text[after] == "\n":
                return ListLine(number, text[start:after].strip(), tuple(cells)), after + 1
            at = after + 1

    def _read_cell(self, at: int) -> tuple[str, int]:
        """The cell at this place, and where it ends."""
        if quoted := self._quoted.match(self._text, at):
            return " ".join(quoted["text"].replace('""', '"').split()), quoted.end()
        plain = self._plain.match(self._text, at)
        assert plain is not None, "it matches nothing, too"
        return _without_mark(plain[0]), plain.end()

    def _find_comment(self, raw: str, *, is_first: bool) -> int | None:
        """Where in this cell a comment begins; None if none does."""
        if self._is_table:
            return 0 if is_first and raw.lstrip().startswith("#") else None
        found = None if raw.lstrip().startswith('"') else _COMMENT.search(raw)
        return found.start() if found else None


def _without_mark(cell: str) -> str:
    """The cell without a # that is attached to a name; in a link it is part of the link."""
    return (cell if "://" in cell or "telegram.org" in cell else cell.partition("#")[0]).strip()
