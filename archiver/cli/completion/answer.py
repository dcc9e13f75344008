"""`telekeep __complete SHELL WORDS...`: print candidates for the last word, one per line: word, tab, meaning.

It answers quickly and never reports errors: without settings or an archive it offers less.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from archiver.cli.completion import shell_words
from archiver.cli.completion.candidates import FILES, Candidate, list_candidates
from archiver.cli.table import PROGRAM
from archiver.cli.terminal import terminal_safe

_LONGEST = 60
"""Maximum length of a meaning."""


def answer(arguments: Sequence[str]) -> int:
    """Print the candidates. Returns 0."""
    try:
        lines = list(_answer(arguments[0], arguments[1:])) if len(arguments) > 1 else []
    except Exception:  # noqa: BLE001 - an error in the middle of a line that is typed helps nobody
        return 0
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _answer(shell: str, words: Sequence[str]) -> Iterable[str]:
    kept = 0
    if shell == "bash":
        typed = shell_words.split_line(words[0], PROGRAM)
        if typed is not None and not shell_words.is_quoted(words[0]):
            kept = shell_words.cut_for_bash(typed.current, "".join(words[1:]))
    else:
        typed = shell_words.Typed(tuple(words[:-1]), shell_words.unquote(words[-1]))
    if typed is None:
        return
    for found in list_candidates(typed.before, typed.current):
        if found.value == FILES:
            yield FILES
        elif found.value.startswith(typed.current):
            yield f"{found.value[kept:]}\t{_short(found)}"


def _short(found: Candidate) -> str:
    text = " ".join(terminal_safe(found.meaning).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"
