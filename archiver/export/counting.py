"""Count the rows of a data file while its bytes are read."""

from __future__ import annotations

ROW_MARKS = {
    "html": b"\n<article ",
    "desktop-json": b'"telekeep": {"channel_id":',
    "markdown": b"\n<!-- telekeep {",
    "atom": b"<telekeep:row ",
}
"""The bytes before the key of each row, in formats for readers."""
ROW_KEY = ("channel_id", "message_id", "date", "channel")
"""The keys of a row that `verify` counts it by."""


class LineCounter:
    """Counts rows of JSON Lines."""

    def __init__(self) -> None:
        self._ends = 0
        self._last = b"\n"

    def feed(self, data: bytes) -> None:
        """Count the next bytes."""
        self._ends += data.count(b"\n")
        self._last = data[-1:]

    @property
    def rows(self) -> int:
        """Rows so far; an unterminated last line counts."""
        return self._ends + (self._last != b"\n")


class RecordCounter:
    """Counts CSV records below the header. CRLF ends a record, except inside quotes, which come in pairs."""

    def __init__(self) -> None:
        self._ends = 0
        self._quoted = False
        self._rest = b""
        self._last = b""

    def feed(self, data: bytes) -> None:
        """Count the next bytes."""
        self._last = data[-1:]
        data = self._rest + data
        self._rest = data[-1:] if data.endswith(b"\r") else b""
        for number, part in enumerate(data[: len(data) - len(self._rest)].split(b'"')):
            if number:
                self._quoted = not self._quoted
            if not self._quoted:
                self._ends += part.count(b"\r\n")

    @property
    def rows(self) -> int:
        """Records so far, without the header; -1 for a file without one."""
        return self._ends + (self._last not in (b"\n", b"")) - 1


class MarkCounter:
    """Counts how often the mark of a row occurs; no text can contain it."""

    def __init__(self, mark: bytes) -> None:
        self.rows = 0
        self._mark, self._rest = mark, b""

    def feed(self, data: bytes) -> None:
        """Count the next bytes."""
        data = self._rest + data
        self.rows += data.count(self._mark)
        self._rest = data[-len(self._mark) + 1 :]


class Uncounted:
    """For formats that are counted only when `recount` reads their rows."""

    rows = None

    def feed(self, data: bytes) -> None:
        """Do nothing."""


def make_counter(format_name: str) -> LineCounter | RecordCounter | MarkCounter | Uncounted:
    """The counter for a format of `row_keys.READERS`."""
    if format_name == "csv":
        return RecordCounter()
    if format_name == "jsonl":
        return LineCounter()
    mark = ROW_MARKS.get(format_name)
    return Uncounted() if mark is None else MarkCounter(mark)
