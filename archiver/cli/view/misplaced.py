"""Options inside a query, in its quotes or after `--`, where `-c` means "not the word c". Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archiver.cli.parsing.parameters import Parameter
from archiver.cli.table import PROGRAM
from archiver.cli.view.ending import join_words

_WORD = re.compile(r'"[^"]*"|\S+')


def find_misplaced(query: str, parameters: Sequence[Parameter]) -> str | None:
    """The command that was probably meant, if the query contains options of `search`."""
    flags = {flag: one.takes_value for one in parameters for flag in one.flags}
    words = iter(_WORD.findall(query))
    kept: list[str] = []
    moved: list[str] = []
    for word in words:
        name, equals, _ = word.partition("=")
        if name not in flags or (equals and not name.startswith("--")):
            kept.append(word)
            continue
        moved.append(word)
        if flags[name] and not equals:
            moved += [value for value in [next(words, None)] if value is not None]
    if not moved:
        return None
    rest = " ".join(kept) or "*"
    return join_words([PROGRAM, "search", *([*moved, "--", rest] if rest.startswith("-") else [rest, *moved])])
