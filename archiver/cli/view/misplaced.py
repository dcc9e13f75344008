"""Options inside a query, in its quotes or after `--`, where `-c` means "not the word c", or with a long dash. Pure.

Editors and phones make long dashes of hyphens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from archiver.cli.parsing.parameters import Parameter
from archiver.cli.table import PROGRAM
from archiver.cli.view.ending import join_words

_WORD = re.compile(r'"[^"]*"|\S+')
_DASHES = re.compile("[\u2010-\u2014\u2212]")


def find_misplaced(query: str, parameters: Sequence[Parameter]) -> str | None:
    """The command that was probably meant, if the query contains options of `search`."""
    flags = {flag: one.takes_value for one in parameters for flag in one.flags}
    words = iter(_WORD.findall(query))
    kept: list[str] = []
    moved: list[str] = []
    for word in words:
        name, equals, value = _with_hyphens(word).partition("=")
        if name not in flags or (equals and not name.startswith("--")):
            kept.append(word)
            continue
        moved.append(f"{name}{equals}{value}")
        if flags[name] and not equals:
            moved += [following for following in [next(words, None)] if following is not None]
    if not moved:
        return None
    rest = " ".join(kept) or "*"
    return join_words([PROGRAM, "search", *([*moved, "--", rest] if rest.startswith("-") else [rest, *moved])])


def _with_hyphens(word: str) -> str:
    """The word as it was before an editor made dashes of its first hyphens: – was one or two, — two."""
    begin = word[: len(word) - len(word.lstrip("-\u2010\u2011\u2012\u2013\u2014\u2212"))]
    rest = word[len(begin) :]
    return f"{'-' if len(rest.partition('=')[0]) == 1 else '--'}{rest}" if _DASHES.search(begin) else word
