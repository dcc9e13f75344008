"""The last line of a search: number of results shown and found, and the command for the next page."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from typing import NamedTuple

from archiver.cli import screen
from archiver.cli.table import PROGRAM
from archiver.cli.terminal import fold_note, width
from search.engine.protocol import Sort

_PLAIN = re.compile(r"[\w@%+=:,./-]+")
_ORDER = {"newest": "newest first", "oldest": "oldest first", "relevance": "best first"}


class Found(NamedTuple):
    """A page of results, and its place among all."""

    shown: int
    before: int | None
    """Shown on earlier pages; None: unknown."""
    total: int | None
    """None: unknown."""
    cursor: str | None
    """Where the next page begins; None after the last."""
    sort: Sort


def describe_found(found: Found, *, groups: bool = False, command: str | None = None) -> list[str]:
    """For a person `2 of 28, newest first · next: ...`, given the command; otherwise a line that names the cursor."""
    order = _ORDER[found.sort]
    if command is None:
        more = (
            f" (there are more: --after {found.cursor} continues, -n 0 shows all, --count counts them)"
            if found.cursor
            else ""
        )
        return [f"{found.shown:,} shown, {order}{more}"]
    all_found = _of_all(found, groups=groups)
    line = all_found if found.total == 1 else f"{all_found}, {order}"
    if not command:
        return [line]
    return describe_command(f"{line} · next:", command)


def describe_command(words: str, command: str) -> list[str]:
    """Words and a command to copy: on one line if it fits, else the command below, as a shell continues it."""
    both, columns = f"{words} {command}", screen.columns(sys.stderr)
    if width(both) <= columns:
        return [both]
    from archiver.cli.view.help_page import wrap_example

    return [*fold_note(words, columns), *wrap_example(command, columns)]


def next_command(cursor: str | None, *, can_continue: bool, words: Sequence[str] | None = None) -> str:
    """The command as it was typed, to show the next page; empty after the last."""
    if cursor is None:
        return ""
    typed = [word for word in (sys.argv[1:] if words is None else words) if word != "--more"]
    end = typed.index("--") if "--" in typed else len(typed)
    more = ["--more"] if can_continue else ["--after", cursor]
    return join_words([PROGRAM, *typed[:end], *more, *typed[end:]])


def join_words(words: Sequence[str]) -> str:
    """A command to copy; letters of any script need no quotes, unlike for `shlex`."""
    return " ".join(word if word and _PLAIN.fullmatch(word) else shlex.quote(word) for word in words)


def _of_all(found: Found, *, groups: bool) -> str:
    so_far = (found.before or 0) + found.shown
    what = ", copies together" if groups else ""
    if found.total is None or found.total < so_far:
        return f"{found.shown:,} shown{what}" if not found.before else f"{so_far:,} shown so far{what}"
    return f"{so_far:,} of {found.total:,}{what}" if so_far < found.total or found.before else f"{so_far:,} found{what}"
