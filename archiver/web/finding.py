"""What a search asks: the fields of its address as a question, by the grammar of the command line."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, NamedTuple

from archiver.compose.engine_choice import Choice
from archiver.compose.query import find_glossary, read_query
from archiver.compose.read_archive import choose_channels
from archiver.errors import UsageError
from archiver.model.row import ChannelName
from archiver.reading.clock_offset import read_server_now
from archiver.store.database import Connection
from archiver.web.lookup import KeptRemarks, read_bounds
from archiver.web.site import Asked, Site
from search.engine.protocol import Question, Sort
from search.errors import QueryError
from search.query.filters import FILE_STATES, HAS, STATES, Context, read_has, read_is, read_media
from search.query.tree import EVERYTHING, And, Node
from search.query.write import write

PAGE: Final = 30
"""Hits on a page."""
_SORTS: Final[tuple[Sort, ...]] = ("newest", "oldest", "relevance")
_ENGINES: Final[tuple[Choice, ...]] = ("auto", "exact", "meilisearch")

_FILTERS: Final[Mapping[str, Sequence[Callable[[str, Context], Node]]]] = {
    "media": (read_has, read_media),
    "state": (read_is,),
    "file": (read_media, read_has),
}
"""Readers of the words in these fields, the likeliest first."""
_OF_FILES: Final = f"Use a kind of attachment ({', '.join(HAS)}) or a state of its file ({', '.join(FILE_STATES)})."
_ALLOWED: Final = {"media": _OF_FILES, "file": _OF_FILES, "state": f"Use one of: {', '.join(STATES)}."}
_ANY_CONTEXT: Final = Context(now=datetime.fromtimestamp(0, UTC))
"""These words mean the same at any time."""


class Finding(NamedTuple):
    """A search as it was understood."""

    question: Question
    tree: Node
    """What was typed, without the filters of other fields: what is marked in texts."""
    engine: Choice
    channels: tuple[ChannelName, ...]
    """Those it is restricted to; empty: none."""
    now: datetime
    zone: tzinfo
    remarks: list[str]


async def read_finding(site: Site, asked: Asked, conn: Connection) -> Finding:
    """Understand the fields. Raises QueryError with the position, UsageError, NotFound."""
    remarks = KeptRemarks()
    now, zone = await read_server_now(conn), asked.times.name
    glossary = find_glossary(lambda: site.settings, wanted=bool(asked.get("expand")), named=None)
    typed = asked.get("q")
    tree: Node = EVERYTHING
    if typed not in ("", "*"):
        tree = await read_query(conn, typed, now=now, zone=zone, remarks=remarks, glossary=glossary)
    filters = list_filters(asked)
    wanted = [await read_query(conn, one, now=now, zone=zone, remarks=KeptRemarks()) for one in filters]
    words = asked.words("c")
    channels = await choose_channels(conn, words, remarks=remarks) if words else ()
    fuzzy = bool(asked.get("fuzzy"))
    question = Question(
        tree=_join(tree, wanted),
        bounds=read_bounds(asked, now, remarks),
        channels=frozenset(one.channel_id for one in channels) if channels else None,
        sort=_choose(asked, "sort", _SORTS, "relevance" if fuzzy else "newest"),
        limit=PAGE,
        cursor=asked.get("after") or None,
        fuzzy=fuzzy,
    )
    return Finding(
        question, tree, _choose(asked, "engine", _ENGINES, "auto"), channels, now, asked.times.zone, remarks.lines
    )


def list_filters(asked: Asked) -> list[str]:
    """The other fields as filters of a query."""
    found = [f"lang:{word}" for word in asked.words("lang")]
    found += [_read_filter(name, word) for name in _FILTERS for word in asked.words(name)]
    kinds = {"": [], "service": ["is:service"], "message": ["-is:service"]}
    if (kind := asked.get("kind")) not in kinds:
        raise UsageError(f'kind cannot be "{kind[:40]}".', hint="Use message or service.")
    return found + kinds[kind]


def _read_filter(name: str, word: str) -> str:
    """What a word in a field means in a query: `missing` in `media` is a state of a file. Raises UsageError."""
    for reader in _FILTERS[name]:
        with suppress(QueryError):
            return write(reader(word, _ANY_CONTEXT))
    raise UsageError(f'{name} cannot be "{word[:40]}".', hint=_ALLOWED[name])


def command_line(asked: Asked, command: str = "search") -> str:
    """The command that does the same, to be copied."""
    words = [asked.get("q") or "*", *list_filters(asked)]
    options = {"c": "-c", "since": "--since", "until": "--until", "on": "--on", "tz": "--tz", "sort": "--sort"}
    if command == "export":
        parts = ["export", "--query", " ".join(words), "--format", "jsonl", "-o", "found.jsonl"]
        options = {name: flag for name, flag in options.items() if name not in ("c", "sort")}
        parts[1:1] = asked.words("c")
    elif command == "query save":
        return shlex.join(["telekeep", "query", "save", "NAME", " ".join(words)])
    else:
        parts = ["search", " ".join(words)]
    given = [(flag, asked.get(name)) for name, flag in options.items() if asked.get(name)]
    return shlex.join(["telekeep", *parts, *(word for pair in given for word in pair)])


def _join(tree: Node, wanted: list[Node]) -> Node:
    parts = [part for one in (tree, *wanted) for part in (one.parts if isinstance(one, And) else (one,))]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _choose(asked: Asked, name: str, known: tuple[Any, ...], default: Any) -> Any:
    """A field that has few values. Raises UsageError."""
    typed = asked.get(name) or default
    if typed not in known:
        raise UsageError(f'{name} cannot be "{typed[:40]}".', hint=f"Use one of: {', '.join(known)}.")
    return typed
