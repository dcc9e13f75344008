"""The filters of the grammar, `name:value`: one table from a name to the function that reads its value.

Each reader gives a node or raises `QueryError` without a place; the parser knows the place and adds it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import get_args

from search.dates import Bounds, parse_on, parse_range, parse_since, parse_until
from search.errors import QueryError
from search.normalize import tokens
from search.tree import (
    Has,
    InChannel,
    Is,
    Node,
    Not,
    Number,
    NumberField,
    Posted,
    State,
    Tag,
    TagField,
    any_of,
)

HAS: Mapping[str, frozenset[str] | None] = {
    # What people ask for -> the kinds of attachment that it means; None: answered from another field.
    "photo": frozenset({"photo"}),
    "video": frozenset({"video", "round"}),
    "voice": frozenset({"voice"}),
    "audio": frozenset({"audio"}),
    "document": frozenset({"document", "image"}),
    "poll": frozenset({"poll"}),
    "geo": frozenset({"geo", "geo_live", "venue"}),
    "link": None,
    "album": None,
    "media": None,
    **{kind: frozenset({kind}) for kind in ("gif", "sticker", "round", "image", "contact", "story", "webpage")},
}
NOT_MEDIA = frozenset({"webpage", "empty"})
"""Kinds that `has:media` does not mean: a preview of a link is no attachment."""

_ALIASES = {"doc": "document", "file": "document", "pic": "photo", "deleted": "missing", "location": "geo"}
_SUFFIXES = {"": 1, "k": 1_000, "m": 1_000_000}
_MOST = 2**62
"""More than any number of Telegram's, and within SQLite's integers."""
_NUMBER = re.compile(r"(>=|<=|>|<|=)?([0-9]{1,15})([km]?)")
_RANGE = re.compile(r"([0-9]{1,15})([km]?)?\.\.([0-9]{1,15})?([km]?)|\.\.([0-9]{1,15})([km]?)")
_CHANNEL_ID = re.compile(r"(?:-100)?([0-9]{1,15})")
_TME = re.compile(r"(?:https?://)?(?:www\.)?t(?:elegram)?\.me/(?:s/)?", re.IGNORECASE)
_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:www\.)?([^/:?#]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a query means besides its words: pure data, given by the caller."""

    now: datetime
    """Aware; for `7d`, `today`."""
    tz: tzinfo = UTC
    """In which days are counted."""
    channels: Mapping[str, Collection[int]] = field(default_factory=dict)
    """Names by which channels are called (usernames, aliases, titles; lower case) to their bare ids."""


def read_filter(name: str, value: str, context: Context) -> Node:
    """The node of `name:value`. Raises `QueryError` for a name or value that there is not."""
    reader = _READERS.get(name.lower())
    if reader is None:
        hint = _near(name.lower(), _READERS, "{}:")
        raise QueryError(f"There is no filter '{name}:'.", hint=hint or "Put it in quotes to search for the text.")
    if not value.strip():
        raise QueryError(f"The filter '{name}:' has no value.", hint=f"Write {_EXAMPLES[name.lower()]}.")
    return reader(value.strip(), context)


def is_filter(name: str) -> bool:
    """Whether the grammar has a filter of this name."""
    return name.lower() in _READERS


def _has(value: str, _: Context) -> Node:
    return Has(_one_of(value, HAS, "has"))


def _is(value: str, _: Context) -> Node:
    name = _one_of(value, get_args(State), "is")
    return next(Is(state) for state in get_args(State) if state == name)


def _one_of(value: str, names: Iterable[str], name: str) -> str:
    value = value.lower()
    names = list(names)
    if value in names:
        return value
    alias = _ALIASES.get(value)
    hint = f"Did you mean {name}:{alias}?" if alias in names else _near(value, names, name + ":{}")
    raise QueryError(f"There is no '{name}:{value}'.", hint=hint or f"There are {', '.join(names)}.")


def _channel(value: str, context: Context) -> Node:
    if number := _CHANNEL_ID.fullmatch(value):
        return InChannel(frozenset({int(number[1])}))
    name = _channel_name(value)
    ids = context.channels.get(name)
    if ids:
        return InChannel(frozenset(ids))
    hint = _near(name, context.channels, "channel:{}") or "`telekeep channels` lists them."
    raise QueryError(f"The archive has no channel '{value}'.", hint=hint)


def _fwd(value: str, context: Context) -> Node:
    if value.lower() == "none":
        return Not(Is("forwarded"))
    if number := _CHANNEL_ID.fullmatch(value):
        return Tag("fwd_id", number[1])
    name = _channel_name(value)
    ids = sorted(context.channels.get(name, ()))
    return any_of((*(Tag("fwd_id", str(known)) for known in ids), *_named("fwd", name)))


def _channel_name(value: str) -> str:
    return _TME.sub("", value).strip("@/ ").lower()


def _named(tag: TagField, value: str) -> tuple[Node, ...]:
    stem, prefix = _star(value)
    if not tokens(stem):
        raise QueryError(f"There is nothing to look for in '{tag}:{value}'.", hint="Write a name.")
    return (Tag(tag, stem, prefix),)


def _name(tag: TagField, value: str, _: Context) -> Node:
    return _named(tag, value.lstrip("@#"))[0]


def _domain(value: str, context: Context) -> Node:
    host = _HOST.match(value)
    return _name("domain", host[1] if host else value, context)


def _ext(value: str, context: Context) -> Node:
    return _name("ext", value.lstrip("."), context)


def _star(value: str) -> tuple[str, bool]:
    stem = value.removesuffix("*")
    if "*" in stem:
        raise QueryError("'*' may only stand at the end.", hint=f"Write {stem.split('*', 1)[0] or 'word'}*.")
    return stem, stem != value


def _number(name: NumberField, value: str, _: Context) -> Node:
    if found := _RANGE.fullmatch(value.lower()):
        low = _int(found[1], found[2])
        high = _int(found[3], found[4]) if found[1] else _int(found[5], found[6])
        if low is not None and high is not None and low > high:
            raise QueryError(f"'{value}' begins behind its end.", hint=f"Write {name}:{high}..{low}.")
        return Number(name, low, high)
    found = _NUMBER.fullmatch(value.lower().replace(" ", ""))
    if found is None:
        raise QueryError(f"'{value}' is not a number.", hint=f"Write {_EXAMPLES[name]}.")
    number = _int(found[2], found[3]) or 0
    match found[1]:
        case ">":
            return Number(name, number + 1, None)
        case ">=":
            return Number(name, number, None)
        case "<":
            return Number(name, None, number - 1)
        case "<=":
            return Number(name, None, number)
        case _:
            return Number(name, number, number)


def _int(digits: str | None, suffix: str | None) -> int | None:
    return min(int(digits) * _SUFFIXES[suffix or ""], _MOST) if digits else None


def _date(value: str, context: Context) -> Node:
    return Posted(parse_range(value, context.tz, context.now))


def _on(value: str, context: Context) -> Node:
    return Posted(parse_on(value, context.tz, context.now))


def _since(value: str, context: Context) -> Node:
    return Posted(Bounds(since=parse_since(value, context.tz, context.now)))


def _until(value: str, context: Context) -> Node:
    return Posted(Bounds(until=parse_until(value, context.tz, context.now)))


def _near(name: str, names: Iterable[str], form: str) -> str | None:
    near = difflib.get_close_matches(name, list(names), 2, 0.6)
    return f"Did you mean {' or '.join(form.format(one) for one in near)}?" if near else None


_READERS: Mapping[str, Callable[[str, Context], Node]] = {
    "channel": _channel,
    "has": _has,
    "is": _is,
    "since": _since,
    "until": _until,
    "on": _on,
    "date": _date,
    "id": partial(_number, "id"),
    "views": partial(_number, "views"),
    "forwards": partial(_number, "forwards"),
    "from": partial(_name, "from"),
    "fwd": _fwd,
    "domain": _domain,
    "hashtag": partial(_name, "hashtag"),
    "mention": partial(_name, "mention"),
    "mime": partial(_name, "mime"),
    "ext": _ext,
    "filename": partial(_name, "filename"),
    "lang": partial(_name, "lang"),
}
_EXAMPLES = {
    "channel": "channel:name",
    "has": "has:photo",
    "is": "is:forwarded",
    "since": "since:7d",
    "until": "until:2021-12-16",
    "on": "on:2021-12-16",
    "date": "date:2021-12-01..2021-12-31",
    "id": "id:123 or id:100..200",
    "views": "views:>1000",
    "forwards": "forwards:>50",
    "from": "from:name",
    "fwd": "fwd:name or fwd:none",
    "domain": "domain:example.org",
    "hashtag": "hashtag:word",
    "mention": "mention:name",
    "mime": "mime:image/png or mime:image/*",
    "ext": "ext:pdf",
    "filename": "filename:report",
    "lang": "lang:ar",
}
