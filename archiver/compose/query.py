"""Shared by `search` and `export --query`: parse the query against the archive, and open the embedded engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.compose.former_lookups import FormerLookups
from archiver.compose.remarks import Remarks
from archiver.errors import Error, UsageError
from archiver.model.row import ChannelName
from archiver.reading.clock_offset import read_server_now
from archiver.store.database import Connection, read
from archiver.store.messages.rows import has_search_tables, list_broadcasts, list_names
from archiver.store.search.saved_query import saved_texts
from search.exact.layout import is_current
from search.exact.reader import ExactEngine
from search.query.dates import parse_zone
from search.query.parse import Context, parse
from search.query.tree import Node, date_leaves

if TYPE_CHECKING:
    from config.settings import Settings
    from search.query.glossary import Glossary


class NotSearchable(Error):
    """The search tables are missing, or made by another version."""


async def make_context(
    conn: Connection,
    *,
    now: datetime | None = None,
    zone: str = "UTC",
    former: FormerLookups | None = None,
) -> Context:
    """The context of a query in this archive: its channels, saved queries, current time and time zone."""
    known = await read(conn, list_names)
    lookups = former if former is not None else await FormerLookups.load(conn)
    return Context(
        now=now or await read_server_now(conn),
        tz=parse_zone(zone),
        channels=_names(known),
        usernames=_usernames(known, lookups),
        broadcasts=await read(conn, list_broadcasts),
        former=lookups,
        saved=await read(conn, saved_texts),
    )


async def read_query(
    conn: Connection, text: str, *, now: datetime, zone: str, remarks: Remarks, glossary: Glossary | None = None
) -> Node:
    """Parse the query, with all equivalent spellings if a glossary is given. Raises QueryError with the position."""
    lookups = await FormerLookups.load(conn) if ":" in text or "@" in text else FormerLookups()
    context = await make_context(conn, now=now, zone=zone, former=lookups)
    tree = parse(text, context)
    lookups.report(remarks)
    if glossary is None:
        _report_dates(tree, remarks)
        return tree
    from archiver.compose.glossary import expand_query

    return expand_query(tree, glossary, context, await read(conn, list_names), remarks=remarks)


def _report_dates(tree: Node, remarks: Remarks) -> None:
    """Report which instants the dates of a query mean, since days depend on the time zone."""
    if asked := list(dict.fromkeys(date_leaves(tree))):
        from search.query.write import write

        remarks.note(f"in the query: {', '.join(map(write, asked))}")


def find_glossary(settings: Callable[[], Settings], *, wanted: bool, named: Path | None) -> Glossary | None:
    """The glossary of `--glossary`, or the configured one; None without `--expand`. Raises UsageError."""
    if not wanted:
        if named is not None:
            raise UsageError("--glossary has no effect without --expand.", hint="Add --expand.")
        return None
    from archiver.compose.glossary import load_glossary

    return load_glossary(named, configured=None if named else settings().search.glossary)


async def open_engine(conn: Connection) -> ExactEngine:
    """Open the embedded engine on this archive. Raises NotSearchable."""
    if not await read(conn, has_search_tables) or not await is_current(conn):
        raise NotSearchable("the search tables were written by another version.", hint="`telekeep sync` rebuilds them.")
    return ExactEngine(conn)


def _names(known: Sequence[ChannelName]) -> Mapping[str, frozenset[int]]:
    """Lower-case names that the filter `channel:` accepts, with the ids of their channels."""
    names: dict[str, frozenset[int]] = {}
    for channel in known:
        for name in (channel.username, channel.alias, channel.title, *channel.usernames):
            if name:
                names[name.lower()] = names.get(name.lower(), frozenset()) | {channel.channel_id}
    return names


def _usernames(known: Sequence[ChannelName], former: FormerLookups) -> Mapping[int, tuple[str, ...]]:
    """All usernames of each channel, former ones last."""
    return {
        channel.channel_id: tuple(
            dict.fromkeys(
                name.lower()
                for name in (channel.username, *channel.usernames, *former.usernames(channel.channel_id))
                if name
            )
        )
        for channel in known
    }
