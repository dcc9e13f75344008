"""The one place that prints: data to stdout, notes and errors to stderr.

On a terminal people get tables, colour and right-to-left isolates; in a pipe one plain TSV line a row, without a
header. Both pass `terminal_safe`. JSON keeps the exact text: `archiver.model.json_text` escapes what could harm.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from archiver.cli.streams import ReaderLeftError, StdoutError
from archiver.cli.terminal import isolate, terminal_safe
from archiver.model.json_text import dump

if TYPE_CHECKING:
    from rich.console import Console

_state = {"quiet": False, "failed": False}
_WIDE = 1000


def set_quiet(quiet: bool) -> None:
    """Whether notes and progress stay unsaid."""
    _state["quiet"] = quiet


def is_quiet() -> bool:
    """Whether notes and progress stay unsaid."""
    return _state["quiet"]


def has_failed() -> bool:
    """Whether something was said to have gone wrong."""
    return _state["failed"]


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether people read the stream (stdout by default) on a terminal."""
    return (stream or sys.stdout).isatty()


def use_colour(stream: TextIO | None = None) -> bool:
    """Whether to colour: NO_COLOR forbids, CLICOLOR_FORCE demands, else only a terminal that is not dumb."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def console(stream: TextIO | None = None) -> Console:
    """A rich console on the stream (stdout by default), obeying the variables that rule colour."""
    from rich.console import Console

    stream = stream or sys.stdout
    colour = use_colour(stream)
    return Console(
        file=stream,
        force_terminal=True if colour else None,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not is_terminal(stream),
    )


def line(text: str = "") -> None:
    """One line of data, as it stands: the caller has made it safe."""
    sys.stdout.write(text + "\n")


def text(value: str, *, multiline: bool = False) -> str:
    """A string from the archive, ready to be printed for people."""
    safe = terminal_safe(value, multiline=multiline)
    return isolate(safe) if is_terminal() else safe


def table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[str] = (), wide: bool = False
) -> None:
    """Rows for people: a table on a terminal, TSV without a header in a pipe.

    `right`: headers of numeric columns. `wide`: rather wider than the terminal than with cells in pieces.
    """
    if not is_terminal():
        for row in rows:
            tsv(*row)
        return
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="bold")
    numeric = set(right)
    for header in headers:
        grid.add_column(header, justify="right" if header in numeric else "left", no_wrap=header in numeric)
    for row in rows:
        grid.add_row(*(text(_cell(value)) for value in row))
    screen = console()
    if wide:
        screen.size = (_WIDE, screen.height)
    screen.print(grid)


def tsv(*values: object) -> None:
    """One line of plain values."""
    line("\t".join(terminal_safe(_cell(value)) for value in values))


def json(value: object) -> None:
    """One JSON document, indented on a terminal."""
    _write_bytes(dump(value, indent=is_terminal()) + b"\n")


def jsonl(value: object) -> None:
    """One JSON line."""
    _write_bytes(dump(value) + b"\n")


class JsonArray:
    """A JSON array, an element a line, written as the elements come."""

    def __init__(self) -> None:
        self._before = b"[\n"

    def add(self, value: object) -> None:
        """One more element."""
        _write_bytes(self._before + dump(value))
        self._before = b",\n"

    def close(self) -> None:
        """End the array."""
        _write_bytes(b"[]\n" if self._before == b"[\n" else b"\n]\n")


def json_array(values: Iterable[object]) -> None:
    """A whole JSON array, an element a line."""
    array = JsonArray()
    for value in values:
        array.add(value)
    array.close()


def note(message: str) -> None:
    """A remark on stderr; --quiet silences it."""
    if not _state["quiet"]:
        _say(_shown(message))


def warn(message: str) -> None:
    """A warning on stderr, also when quiet."""
    _say(f"telekeep: {_shown(message)}")


def error(message: str) -> None:
    """The one line that says what went wrong, on stderr."""
    _state["failed"] = True
    with contextlib.suppress(ReaderLeftError, StdoutError):  # said at the end, if there is nothing worse
        sys.stdout.flush()
    _say(f"telekeep: {_shown(message)}")


def place(query: str, start: int, end: int) -> None:
    """Show where in a query something is wrong, `query[start:end]`; nothing without a query."""
    from archiver.cli.pointer import point

    for part in point(query, start, end, isolates=is_terminal(sys.stderr)):
        _say(f"  {part}")


def _shown(message: str) -> str:
    safe = terminal_safe(message)
    return isolate(safe) if is_terminal(sys.stderr) else safe


def _say(message: str) -> None:
    """A line on stderr. That nobody reads it any more, or that its disk is full, ends no mirror."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{message}\n")


def _cell(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else _format(value)


def _format(value: object) -> str:
    formatter: Callable[[object], str] = str
    return f"{value:.1f}" if isinstance(value, float) else formatter(value)


def _write_bytes(data: bytes) -> None:
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:  # a stream without bytes below it, as tests put there
        sys.stdout.write(data.decode())
    else:
        buffer.write(data)
