"""Sentences on a terminal: wrapped at words, never within a date, a figure with its unit, or a command."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archiver.cli import output, screen
from archiver.cli.terminal import KEPT_WHOLE, isolate, terminal_safe
from archiver.cli.view.wrapping import text_width, wrap_lines

_KEEP = re.compile(rf"{KEPT_WHOLE}|`telekeep [^`]{{1,28}}`")
_FIXED = "\u00a0"


def keep_together(text: str) -> str:
    """The text with spaces that do not break within dates, figures and commands; as long as before."""
    return _KEEP.sub(lambda found: found.group().replace(" ", _FIXED), text)


def fold(text: str, *, first: str = "", then: str | None = None, style: str = "") -> Iterator[str]:
    """The lines of a paragraph; `first` starts the first one, `then` (default: as many spaces) each further one.

    With a shorter `then`, the lines are as long as that allows.
    """
    then = " " * len(first) if then is None else then
    label = first[len(then) :]
    safe = keep_together(label + terminal_safe(text))
    start: str | None = paint(first, style)
    for part in wrap_lines(safe, text_width(screen.columns(), indent=len(then))):
        line = safe[slice(*part)].replace(_FIXED, " ")
        if start is not None and line.startswith(label.rstrip()):
            line = line[len(label) :]
        yield f"{then if start is None else start}{isolate(line)}".rstrip()
        start = None


def paint(text: str, style: str) -> str:
    """The text in this style (SGR parameters), if stdout takes colour."""
    return f"\x1b[{style}m{text}\x1b[0m" if style and text and output.use_colour() else text


BOLD, DIM, ALARM = "1", "2", "1;33"
