"""`telekeep help`: the help of a command, and the query syntax."""

from __future__ import annotations

import textwrap
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from archiver.cli import output

EXIT_STATUS = {0: "done", 2: "no such command or topic"}

WIDTH = 100
_LEFT = 34
"""Width of the examples column."""


def command(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND | query", help="A command, or query.", show_default=False)
    ] = None,
) -> int:
    """Show the help of a command; `telekeep help query` explains the query syntax.

    \b
    Examples:
      telekeep help
      telekeep help query
      telekeep help search
      telekeep help index rebuild
    """
    if words == ["query"]:
        for row in guide():
            output.line(output.text(row))
        return 0
    output.line(_help(context.parent, words or []))
    return 0


def guide() -> list[str]:
    """The lines of `telekeep help query`."""
    from search.query.guide import sections

    lines: list[str] = []
    for section in sections():
        lines += [*([""] if lines else []), f"{section.title}:"]
        for example, meaning in section.examples:
            lines += _example(example, meaning)
        lines += [f"  {row}" for note in section.notes for row in textwrap.wrap(note, WIDTH - 2)]
    return lines


def _example(example: str, meaning: str) -> list[str]:
    """Two columns; the meaning goes below a long example."""
    from rich.cells import cell_len

    rows = textwrap.wrap(meaning, WIDTH - _LEFT - 4, break_long_words=False)
    rest = [f"{'':{_LEFT + 4}}{row}" for row in rows]
    columns = cell_len(example)
    if columns > _LEFT:
        return [f"  {example}", *rest]
    return [f"  {example}{' ' * (_LEFT - columns)}  {rows[0]}", *rest[1:]]


def _help(context: Any, words: list[str]) -> str:
    """The help of the command named by these words."""
    for at, word in enumerate(words):
        group = context.command
        table = getattr(group, "table", {})
        if word not in table:
            near = " or ".join(get_close_matches(word, [*table, *([] if at else ["query"])], n=2))
            context.fail(f"No such command {word!r}.{f' Did you mean {near}?' if near else ''}")
        inner = group.get_command(context, word)
        context = inner.context_class(inner, info_name=word, parent=context, **inner.context_settings)
    return str(context.get_help())
