"""The values of filters, `name:value`: one function a kind of value, for the table in `grammar`.

Each gives a node or raises `QueryError` without a place; the parser knows the place and adds it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import get_args

from search.errors import QueryError
from search.query.dates import Bounds, ascii_digits, parse_range, parse_since, parse_until
from search.query.quotes import write_quoted
from search.query.tree import (
    Has,
    InChannel,
    InRevisions,
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
from search.text.normalize import tokens

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
"""Names from other programs. `missing` is the honest one: gone, as far as known."""
_SUFFIXES = {"": 1, "k": 1_000, "m": 1_000_000}
_MOST = 2**62
"""More than any number of Telegram's, and within SQLite's integers."""
_NUMBER = re.compile(r"(>=|<=|≥|≤|>|<|=)?([0-9]{1,15})([km]?)")
_RANGE = re.compile(r"([0-9]{1,15})([km]?)?\.\.([0-9]{1,15})?([km]?)|\.\.([0-9]{1,15})([km]?)")
_CHANNEL_ID = re.compile(r"(?:-100)?([0-9]{1,15})")
_LINK = re.compile(
    r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/(?:s/)?@?(?P<name>c/[0-9]+|[^/?#]+)(?:[/?#].*)?",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[^\s()\"“”„«»]+")
"""What can stand behind `name:` without quotes."""
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
    saved: Mapping[str, str] = field(default_factory=dict)
    """Saved queries: their texts by `saved.fold_name` of their names."""


def read_has(value: str, _: Context) -> Node:
    """Which attachment."""
    return Has(_one_of(value, HAS, "has"))


def read_in(value: str, _: Context) -> Node:
    """What besides the present contents is asked."""
    _one_of(value, ("revisions",), "in")
    return InRevisions()


def read_is(value: str, _: Context) -> Node:
    """Which state."""
    name = _one_of(value, get_args(State), "is")
    return next(Is(state) for state in get_args(State) if state == name)


def _one_of(value: str, names: Iterable[str], name: str) -> str:
    value = value.lower()
    names = list(names)
    value = _ALIASES.get(value, value)
    if value in names:
        return value
    hint = nearest(value, names, name + ":{}")
    raise QueryError(f"There is no '{name}:{value}'.", hint=hint or f"There are {', '.join(names)}.")


def read_channel(value: str, context: Context) -> Node:
    """A channel by any of its names, its link or its id."""
    value = _unlink(value)
    if number := _CHANNEL_ID.fullmatch(value):
        return InChannel(frozenset({int(number[1])}))
    name = _channel_name(value)
    ids = context.channels.get(name)
    if ids:
        return InChannel(frozenset(ids))
    hint = nearest(name, context.channels, "channel:{}") or "`telekeep channels` lists them."
    raise QueryError(f"The archive has no channel '{value}'.", hint=hint)


def read_fwd(value: str, context: Context) -> Node:
    """Where a message was forwarded from: a name, an id, or `none`."""
    if value.lower() == "none":
        return Not(Is("forwarded"))
    if number := _CHANNEL_ID.fullmatch(value):
        return Tag("fwd_id", number[1])
    name = _channel_name(value)
    ids = sorted(context.channels.get(name, ()))
    return any_of((*(Tag("fwd_id", str(known)) for known in ids), *_named("fwd", name)))


def _unlink(value: str) -> str:
    """The name or the id that a link is of."""
    link = _LINK.fullmatch(value.strip())
    return link["name"].removeprefix("c/") if link else value


def _channel_name(value: str) -> str:
    return _unlink(value).strip("@/ ").lower()


def _named(tag: TagField, value: str) -> tuple[Node, ...]:
    stem, prefix = _star(value)
    if not tokens(stem):
        raise QueryError(f"There is nothing to look for in '{tag}:{value}'.", hint="Write a name.")
    return (Tag(tag, stem, prefix),)


def read_name(tag: TagField, value: str, _: Context) -> Node:
    """Words of a name; `*` at the end for its beginning."""
    return _named(tag, value.lstrip("@#"))[0]


def read_domain(value: str, context: Context) -> Node:
    """A host, or the host of a link."""
    host = _HOST.match(value)
    return read_name("domain", host[1] if host else value, context)


def read_ext(value: str, context: Context) -> Node:
    """The ending of a file's name."""
    return read_name("ext", value.lstrip("."), context)


def _star(value: str) -> tuple[str, bool]:
    stem = value.removesuffix("*")
    if "*" in stem:
        raise QueryError("'*' may only stand at the end.", hint=f"Write {stem.split('*', 1)[0] or 'word'}*.")
    return stem, stem != value


def read_number(name: NumberField, value: str, _: Context) -> Node:
    """A number, a comparison or a range."""
    written = ascii_digits(value).lower()
    if found := _RANGE.fullmatch(written):
        low = _int(found[1], found[2])
        high = _int(found[3], found[4]) if found[1] else _int(found[5], found[6])
        if low is not None and high is not None and low > high:
            raise QueryError(f"'{value}' begins behind its end.", hint=f"Write {name}:{high}..{low}.")
        return Number(name, low, high)
    found = _NUMBER.fullmatch(written.replace(" ", ""))
    if found is None:
        raise QueryError(f"'{value}' is not a number.", hint=f"Write {name}:>1000 or {name}:100..200.")
    number = _int(found[2], found[3]) or 0
    match found[1]:
        case ">":
            return Number(name, number + 1, None)
        case ">=" | "≥":
            return Number(name, number, None)
        case "<":
            return Number(name, None, number - 1)
        case "<=" | "≤":
            return Number(name, None, number)
        case _:
            return Number(name, number, number)


def _int(digits: str | None, suffix: str | None) -> int | None:
    return min(int(digits) * _SUFFIXES[suffix or ""], _MOST) if digits else None


def read_date(value: str, context: Context) -> Node:
    """A day, a month, a year or a range."""
    return Posted(parse_range(value, context.tz, context.now))


def read_since(value: str, context: Context) -> Node:
    """From when on."""
    return Posted(Bounds(since=parse_since(value, context.tz, context.now)))


def read_until(value: str, context: Context) -> Node:
    """Until when."""
    return Posted(Bounds(until=parse_until(value, context.tz, context.now)))


def nearest(name: str, names: Iterable[str], form: str) -> str | None:
    """ "Did you mean", with the names that are nearest; None where none is near."""
    near = difflib.get_close_matches(name, list(names), 2, 0.6)
    written = [form.format(one if _PLAIN.fullmatch(one) else write_quoted(one)) for one in near]
    return f"Did you mean {' or '.join(written)}?" if near else None
