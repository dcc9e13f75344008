"""The only module that prints: data to stdout, notes and errors to stderr.

A terminal gets tables, colour and right-to-left isolates; a pipe gets one plain TSV line per row, without a header.
Both go through `terminal_safe`. JSON keeps the exact text: `archiver.model.json_text` escapes harmful characters.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, TextIO

from archiver.cli import screen
from archiver.cli.streams import ReaderLeftError, StdoutError
from archiver.cli.terminal import fold_note, isolate, terminal_safe
from archiver.model.json_text import dump

if TYPE_CHECKING:
    from rich.console import Console
    from rich.segment import Segment
    from rich.text import Text

_state = {"quiet": False, "failed": False}
_colour = {"wanted": "auto"}
_live: list[Callable[[], None]] = []
_WIDE = 1000


def set_quiet(quiet: bool) -> None:
    """Set whether --quiet suppresses notes and progress."""
    _state["quiet"] = quiet


def is_quiet() -> bool:
    """Whether --quiet suppresses notes and progress."""
    return _state["quiet"]


def set_colour(wanted: Literal["auto", "always", "never"]) -> None:
    """Set [display] color."""
    _colour["wanted"] = wanted


@contextlib.contextmanager
def above(erase: Callable[[], None]) -> Iterator[None]:
    """Print above the progress line: `erase` is called before every other line."""
    _live.append(erase)
    try:
        yield
    finally:
        _live.remove(erase)


def make_room() -> None:
    """Erase the progress line, if there is one."""
    for erase in _live:
        erase()


def has_failed() -> bool:
    """Whether an error was printed."""
    return _state["failed"]


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether the stream (default: stdout) is a terminal."""
    return (stream or sys.stdout).isatty()


def use_colour(stream: TextIO | None = None) -> bool:
    """Whether to use colour.

    [display] color decides, unless it is auto: then NO_COLOR turns it off, CLICOLOR_FORCE on, and otherwise terminals
    that are not dumb get it. https://no-color.org/
    """
    if _colour["wanted"] != "auto":
        return _colour["wanted"] == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def console(stream: TextIO | None = None) -> Console:
    """A rich console on the stream (default: stdout) that obeys NO_COLOR and CLICOLOR_FORCE."""
    from rich.console import Console

    stream = stream or sys.stdout
    colour = use_colour(stream)
    return Console(
        file=stream,
        # Without both, rich believes that dumb terminals have 80 columns.
        width=screen.columns(stream) if is_terminal(stream) else None,
        height=screen.rows() if is_terminal(stream) else None,
        force_terminal=True if colour else None,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not is_terminal(stream),
    )


def line(text: str = "") -> None:
    """Print one line of data unchanged; the caller has made it safe."""
    make_room()
    sys.stdout.write(text + "\n")


def text(value: str, *, multiline: bool = False) -> str:
    """Make a string from the archive safe to print."""
    safe = terminal_safe(value, multiline=multiline)
    return isolate(safe) if is_terminal() else safe


def table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[str] = (), wide: bool = False
) -> None:
    """Print rows: a table on a terminal, TSV without a header in a pipe.

    `right`: headers of numeric columns. `wide`: exceed the terminal's width rather than wrap cells.
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
    printer = console()
    if not wide:
        printer.print(grid)
        return
    printer.size = (_WIDE, printer.height)
    for cells in printer.render_lines(grid):
        printer.print(_unpadded(cells), soft_wrap=True)


def _unpadded(cells: list[Segment]) -> Text:
    """A line without the spaces at its end, which would wrap on a narrower screen."""
    from rich.text import Text

    line = Text.assemble(*((cell.text, cell.style or "") for cell in cells))
    line.rstrip()
    return line


def tsv(*values: object) -> None:
    """Print one line of tab-separated values."""
    line("\t".join(terminal_safe(_cell(value)) for value in values))


def json(value: object) -> None:
    """Print one JSON document, indented on a terminal."""
    _write_bytes(dump(value, indent=is_terminal()) + b"\n")


def jsonl(value: object) -> None:
    """Print one line of JSON."""
    _write_bytes(dump(value) + b"\n")


def document(data: bytes) -> None:
    """Print part of a document that is made for other programs; on a terminal, without what could harm it."""
    if is_terminal():
        data = terminal_safe(data.decode(), multiline=True).encode()
    _write_bytes(data)


class JsonArray:
    """A JSON array, one element per line, written as the elements arrive."""

    def __init__(self) -> None:
        self._before = b"[\n"

    def add(self, value: object) -> None:
        """Write one element."""
        _write_bytes(self._before + dump(value))
        self._before = b",\n"

    def close(self) -> None:
        """Write the end of the array."""
        _write_bytes(b"[]\n" if self._before == b"[\n" else b"\n]\n")


def picture(encoded: bytes) -> None:
    """Print a picture that `archiver.cli.graphics` has encoded, on lines of its own."""
    _write_bytes(encoded + b"\n")


def flush() -> None:
    """Flush stdout."""
    sys.stdout.flush()


def note(message: str, *, to_copy: bool = False) -> None:
    """Print a note to stderr, unless --quiet. `to_copy`: it contains a command, so it gets no directional marks."""
    if not _state["quiet"]:
        if to_copy:
            _say(terminal_safe(message))
        else:
            _say_folded(message)


def warn(message: str) -> None:
    """Print a warning to stderr, even with --quiet."""
    _say_folded(f"telekeep: {message}")


def error(message: str) -> None:
    """Print an error to stderr."""
    _state["failed"] = True
    with contextlib.suppress(ReaderLeftError, StdoutError):  # reported at the end, unless something worse happened
        sys.stdout.flush()
    _say_folded(f"telekeep: {message}")


def place(query: str, start: int, end: int) -> None:
    """Point at the wrong part of a query, `query[start:end]`; print nothing without a query."""
    from archiver.cli.pointer import point

    for part in point(query, start, end, isolates=is_terminal(sys.stderr)):
        _say(f"  {part}")


def _say_folded(message: str) -> None:
    """Write a line to stderr; on a terminal, wrap a long one between words."""
    safe = terminal_safe(message)
    if not is_terminal(sys.stderr):
        _say(safe)
        return
    for part in fold_note(safe, screen.columns(sys.stderr)):
        _say(isolate(part))


def _say(message: str) -> None:
    """Write a line to stderr. A closed pipe or a full disk must not stop a mirror."""
    if is_terminal():  # both are read on one screen, in the order of what happens
        with contextlib.suppress(ReaderLeftError, StdoutError):
            sys.stdout.flush()
    make_room()
    with contextlib.suppress(ReaderLeftError, StdoutError):  # earlier output comes first; see `error`
        sys.stdout.flush()
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{message}\n")


def _cell(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else _format(value)


def _format(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    formatter: Callable[[object], str] = str
    return f"{value:.1f}" if isinstance(value, float) else formatter(value)


def _write_bytes(data: bytes) -> None:
    make_room()
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:  # a text-only stream, as tests use
        sys.stdout.write(data.decode())
    else:
        buffer.write(data)
