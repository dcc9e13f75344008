"""Readers for filter values, `name:value`: one function per kind of value, used by the table in `grammar`.

Each returns a node or raises `QueryError` without a position, which the tokenizer adds.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from datetime import UTC, datetime, tzinfo
from typing import get_args

from config.frozen import frozen
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
    PostedWithin,
    State,
    Tag,
    TagField,
    any_of,
)
from search.text.normalize import tokens

HAS: Mapping[str, frozenset[str] | None] = {
    # Value of `has:` -> kinds of attachments it covers; None: answered from another field.
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
"""Kinds that `has:media` does not cover: a link preview is not an attachment."""

_ALIASES = {"doc": "document", "file": "document", "pic": "photo", "deleted": "missing", "location": "geo"}
"""Names that other programs use."""
_SUFFIXES = {"": 1, "k": 1_000, "m": 1_000_000}
_MAX_NUMBER = 2**62
"""Larger than any number from Telegram, and within SQLite's integer range."""
_NUMBER = re.compile(r"(>=|<=|≥|≤|>|<|=)?([0-9]{1,15})([km]?)")
_RANGE = re.compile(r"([0-9]{1,15})([km]?)?\.\.([0-9]{1,15})?([km]?)|\.\.([0-9]{1,15})([km]?)")
_CHANNEL_ID = re.compile(r"(?:-100)?([0-9]{1,15})")
_LINK = re.compile(
    r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/(?:s/)?@?(?P<name>c/[0-9]+|[^/?#]+)(?:[/?#].*)?",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[^\s()\"“”„«»]+")
"""Values that need no quotes after `name:`."""
_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:www\.)?([^/:?#]+)", re.IGNORECASE)


@frozen(kw_only=True)
class Context:
    """What the meaning of a query depends on besides its text: pure data from the caller."""

    now: datetime
    """Timezone-aware; reference for `7d`, `today`."""
    tz: tzinfo = UTC
    """Time zone in which days begin and end."""
    channels: Mapping[str, Collection[int]] = field(default_factory=dict)
    """Bare ids by channel name (usernames, aliases, titles; lower case)."""
    former: Mapping[str, Collection[int]] = field(default_factory=dict)
    """The same by names that channels no longer have; looked up for every name, used for those not in `channels`."""
    saved: Mapping[str, str] = field(default_factory=dict)
    """Texts of saved queries, keyed by `saved.fold_query_name`."""


def read_has(value: str, _: Context) -> Node:
    """Read a kind of attachment."""
    return Has(_one_of(value, HAS, "has"))


def read_in(value: str, _: Context) -> Node:
    """Read what to search besides current contents; only `revisions` exists."""
    _one_of(value, ("revisions",), "in")
    return InRevisions()


def read_is(value: str, _: Context) -> Node:
    """Read a state."""
    name = _one_of(value, get_args(State), "is")
    return next(Is(state) for state in get_args(State) if state == name)


def _one_of(value: str, names: Iterable[str], name: str) -> str:
    value = value.lower()
    names = list(names)
    value = _ALIASES.get(value, value)
    if value in names:
        return value
    hint = suggest(value, names, name + ":{}")
    raise QueryError(f"There is no '{name}:{value}'.", hint=hint or f"Allowed: {', '.join(names)}.")


def read_channel(value: str, context: Context) -> Node:
    """Read a channel: any of its names, its link or its id."""
    value = _unlink(value)
    if number := _CHANNEL_ID.fullmatch(value):
        return InChannel(frozenset({int(number[1])}))
    name = _channel_name(value)
    former = context.former.get(name)
    if ids := context.channels.get(name) or former:
        return InChannel(frozenset(ids))
    hint = suggest(name, context.channels, "channel:{}") or "`telekeep channels` lists them."
    raise QueryError(f"The archive has no channel '{value}'.", hint=hint)


def read_fwd(value: str, context: Context) -> Node:
    """Read the origin of a forward: a name, an id, or `none`."""
    if value.lower() == "none":
        return Not(Is("forwarded"))
    if number := _CHANNEL_ID.fullmatch(value):
        return Tag("fwd_id", number[1])
    name = _channel_name(value)
    ids = sorted(context.channels.get(name, ()))
    return any_of((*(Tag("fwd_id", str(known)) for known in ids), *_named("fwd", name)))


def _unlink(value: str) -> str:
    """Return the username or id in a t.me link; other values unchanged."""
    link = _LINK.fullmatch(value.strip())
    return link["name"].removeprefix("c/") if link else value


def _channel_name(value: str) -> str:
    return _unlink(value).strip("@/ ").lower()


def _named(tag: TagField, value: str) -> tuple[Node, ...]:
    stem, prefix = _star(value)
    if not tokens(stem):
        raise QueryError(f"There is nothing to look for in '{tag}:{value}'.", hint="Enter a name.")
    return (Tag(tag, stem, prefix),)


def read_name(tag: TagField, value: str, _: Context) -> Node:
    """Read words of a name; a trailing `*` makes it a prefix."""
    return _named(tag, value.lstrip("@#"))[0]


def read_domain(value: str, context: Context) -> Node:
    """Read a host name, or take it from a link."""
    host = _HOST.match(value)
    return read_name("domain", host[1] if host else value, context)


def read_ext(value: str, context: Context) -> Node:
    """Read a file extension, with or without the dot."""
    return read_name("ext", value.lstrip("."), context)


def _star(value: str) -> tuple[str, bool]:
    stem = value.removesuffix("*")
    if "*" in stem:
        raise QueryError("'*' is only allowed at the end.", hint=f"Write {stem.split('*', 1)[0] or 'word'}*.")
    return stem, stem != value


def read_number(name: NumberField, value: str, _: Context) -> Node:
    """Read a number, a comparison or a range."""
    written = ascii_digits(value).lower()
    if found := _RANGE.fullmatch(written):
        low = _int(found[1], found[2])
        high = _int(found[3], found[4]) if found[1] else _int(found[5], found[6])
        if low is not None and high is not None and low > high:
            raise QueryError(f"The range '{value}' is reversed.", hint=f"Write {name}:{high}..{low}.")
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
    return min(int(digits) * _SUFFIXES[suffix or ""], _MAX_NUMBER) if digits else None


def read_date(value: str, context: Context) -> Node:
    """Read a day, a month, a year or a range."""
    return PostedWithin(parse_range(value, context.tz, context.now))


def read_since(value: str, context: Context) -> Node:
    """Read the start of a period."""
    return PostedWithin(Bounds(since=parse_since(value, context.tz, context.now)))


def read_until(value: str, context: Context) -> Node:
    """Read the end of a period."""
    return PostedWithin(Bounds(until=parse_until(value, context.tz, context.now)))


def suggest(name: str, names: Iterable[str], form: str) -> str | None:
    """Return "Did you mean ...?" with the closest names, None if none is close."""
    close = difflib.get_close_matches(name, list(names), 2, 0.6)
    written = [form.format(one if _PLAIN.fullmatch(one) else write_quoted(one)) for one in close]
    return f"Did you mean {' or '.join(written)}?" if close else None
