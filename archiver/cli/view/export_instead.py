"""What to do instead where `search` cannot print a format: the `export` command that writes the same messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from archiver.cli.table import PROGRAM
from archiver.cli.view.ending import join_words
from archiver.errors import UsageError

_EXPORTS: Final = {
    "html": ("a directory of pages", ("--format", "html", "-o", "found/")),
    "desktop-json": ("sorted by channel", ("--format", "desktop-json", "-o", "found.json")),
    "parquet": ("sorted by channel", ("--format", "parquet", "-o", "found.parquet")),
    "sqlite": ("an archive", ("--format", "sqlite", "-o", "found.sqlite")),
    "excel": ("a file for spreadsheets", ("--format", "csv", "--excel", "-o", "found.csv")),
    "graphml": ("a network", ("--edges", "forwards", "-o", "forwards.graphml")),
}
"""Formats of `export` alone: what they are that hits in their order are not, and its options."""
_OTHERS: Final = {
    "ids": "--csv --fields channel_id,message_id prints the ids.",
    "tsv": "Without --format, a pipe gets lines with tabs.",
    "text": "Without --format, a pipe gets lines with tabs.",
    "md": "Use --format markdown.",
    "ndjson": "Use --format jsonl.",
    "rss": "Use --format atom.",
}
"""Other names that people try."""


def list_typed(options: Mapping[str, object]) -> Iterator[str]:
    """The options that were given, as words: `--since 7d`, `--expand`."""
    for flag, value in options.items():
        if value is True:
            yield flag
        elif value:
            yield from (flag, str(value))


def expect_printable(named: str | None, printed: Sequence[str], query: str, options: Sequence[str]) -> None:
    """Raise UsageError unless the format is one of `printed`. `options`: the other options, as `export` takes them."""
    if named is None or named in printed:
        return
    if named in _EXPORTS:
        what, how = _EXPORTS[named]
        command = join_words([PROGRAM, "export", *options, "--query", query, *how])
        raise UsageError(
            f"search prints {', '.join(printed[:-1])} or {printed[-1]}; {named} is {what}, which export writes.",
            hint=f"All that match, oldest first: {command}",
        )
    hint = _OTHERS.get(named, f"Formats: {', '.join(printed)}; `{PROGRAM} export --query` has others.")
    raise UsageError(f'search --format: unknown format "{named}".', hint=hint)
