"""`--expand` of `search` and `export`: read the glossary, expand the query, and report the result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from archiver.compose.remarks import Remarks
from archiver.errors import UsageError
from archiver.model.row import ChannelName
from search.errors import GlossaryError, QueryError
from search.query.filters import Context
from search.query.glossary import Glossary, expand, read_glossary
from search.query.parse import parse
from search.query.tree import Node
from search.query.write import write

_LARGEST = 5_000_000
"""Bytes: some hundred thousand spellings."""


def expand_query(
    tree: Node, glossary: Glossary, context: Context, known: Sequence[ChannelName], *, remarks: Remarks
) -> Node:
    """Add all equivalent spellings to the query and report it. Raises QueryError if it becomes too long."""
    expanded = expand(tree, glossary)
    if expanded == tree:
        remarks.note("expanded: no word of the query is in the glossary.")
        return tree
    try:
        parse(write(expanded), context)
    except QueryError as error:
        raise QueryError(
            f"With all spellings of the glossary: {error.message}", hint="Omit --expand, or simplify the query."
        ) from error
    remarks.note(f"expanded: {write(expanded, {channel.channel_id: channel.name for channel in known})}")
    return expanded


def load_glossary(named: Path | None, *, configured: Path | None) -> Glossary:
    """Read the glossary from this file, or the configured one. Raises UsageError with file and line."""
    path = named.expanduser() if named else configured
    if path is None:
        raise UsageError("--expand needs a glossary.", hint="Use --glossary FILE, or set [search] glossary.")
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise UsageError(f"the glossary {path} cannot be read: {exc.strerror}.") from exc
    if len(data) > _LARGEST:
        raise UsageError(f"the glossary {path} is larger than {_LARGEST:,} bytes.", hint="Is it the right file?")
    try:
        return read_glossary(data.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise UsageError(f"{path}, line {line}: not valid UTF-8.", hint="Save the file as UTF-8.") from None
    except GlossaryError as error:
        raise UsageError(f"{path}, line {error.line}: {error.message}", hint=error.hint) from None
