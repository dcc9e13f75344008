"""Readers for filter values, `name:value`: one function per kind of value, used by the table in `grammar`.

Each returns a node or raises `QueryError` without a position, which the tokenizer adds.
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
    NO_COPY,
    FileIs,
    FileStateName,
    Has,
    InAnnotations,
    InRevisions,
    Is,
    Node,
    Number,
    NumberField,
    PostedWithin,
    State,
    Tag,
    TagField,
)
from search.text.normalize import tokens
from search.text.numbers import ungrouped

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
    "file": None,
}
NOT_MEDIA = frozenset({"webpage", "empty"})
"""Kinds that `has:media` does not cover: a link preview is not an attachment."""

_ALIASES = {
    "doc": "document", "pic": "photo", "picture": "photo", "deleted": "missing", "location": "geo",
    "url": "link", "preview": "webpage", "attachment": "media", "forward": "forwarded", "edit": "edited",
}  # fmt: skip
"""Names that other programs use."""
STATES = tuple("deleted" if state == "missing" else state for state in get_args(State))
"""The states as people write them; `missing` is the name in data, and is read too."""
FILE_STATES = (NO_COPY, *get_args(FileStateName))
"""Values of `media:`."""
_FILE_ALIASES = {
    "stored": "downloaded", "kept": "downloaded", "waiting": "not-downloaded", "pending": "not-downloaded",
    "pruned": "offloaded", "lost": "gone",
}  # fmt: skip
_SCOPES: Mapping[str, Node] = {"revisions": InRevisions(), "annotations": InAnnotations()}
_EXTENSIONS = frozenset("pdf docx xls xlsx csv txt zip rar apk mp3 mp4 jpg jpeg png".split())  # noqa: SIM905 read so
_SUFFIXES = {"": 1, "k": 1_000, "m": 1_000_000}
_MAX_NUMBER = 2**62
"""Larger than any number from Telegram, and within SQLite's integer range."""
_DIGITS = r"([0-9]{1,15}|[0-9]{1,12}[.,][0-9]{1,3}(?=[km]))([km]?)"
_NUMBER = re.compile(rf"(>=|<=|≥|≤|>|<|=)?{_DIGITS}")
_RANGE = re.compile(rf"(?:{_DIGITS})?\.\.(?:{_DIGITS})?")
_DASHED = re.compile(r"([0-9]+[km]?)[-–—]([0-9]+[km]?)")
_PLAIN = re.compile(r"[^\s()\"“”„«»]+")
"""Values that need no quotes after `name:`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the meaning of a query depends on in addition to its text: pure data from the caller."""

    now: datetime
    """Timezone-aware; reference for `7d`, `today`."""
    tz: tzinfo = UTC
    """Time zone in which days begin and end."""
    channels: Mapping[str, Collection[int]] = field(default_factory=dict)
    """Bare ids by channel name (usernames, aliases, titles; lower case)."""
    usernames: Mapping[int, Collection[str]] = field(default_factory=dict)
    """Usernames of channels, former ones too, by bare id."""
    broadcasts: Collection[int] = ()
    """Ids of the channels, not groups: their posts are by the channel itself."""
    former: Mapping[str, Collection[int]] = field(default_factory=dict)
    """The same by names that channels no longer have; looked up for every name, used for those not in `channels`."""
    saved: Mapping[str, str] = field(default_factory=dict)
    """Texts of saved queries, keyed by `saved.fold_query_name`."""


def read_has(value: str, _: Context) -> Node:
    """Read a kind of attachment."""
    return Has(_one_of(value, HAS, "has"))


def read_in(value: str, _: Context) -> Node:
    """Read what to search in addition to current contents."""
    return _SCOPES[_one_of(value, _SCOPES, "in")]


def read_is(value: str, _: Context) -> Node:
    """Read a state."""
    name = _one_of(value, get_args(State), "is")
    return next(Is(state) for state in get_args(State) if state == name)


def read_media(value: str, _: Context) -> Node:
    """Read what became of an attached file."""
    state = _one_of("-".join(re.split(r"[\s_]+", value)), FILE_STATES, "media", _FILE_ALIASES)
    return Has("file") if state == "downloaded" else FileIs(state)


def _one_of(value: str, names: Iterable[str], name: str, aliases: Mapping[str, str] = _ALIASES) -> str:
    value = value.lower()
    names = list(names)
    refuse_list(name, value)
    for one in (value, value.removesuffix("s")):
        if (known := aliases.get(one, one)) in names:
            return known
    for other, others in (("has", HAS), ("is", (*get_args(State), *STATES)), ("media", FILE_STATES)):
        if other != name and value in others:
            raise QueryError(f"There is no '{name}:{value}'.", hint=f"Write {other}:{value}.")
    hint = f"Write ext:{value}." if name == "has" and value in _EXTENSIONS else suggest(value, names, name + ":{}")
    allowed = ", ".join(STATES if name == "is" else names)
    raise QueryError(f"There is no '{name}:{value}'.", hint=hint or f"Allowed: {allowed}.")


def refuse_list(name: str, value: str) -> None:
    """Refuse several values in one: `ext:pdf,docx`."""
    if "," in value and len(parts := [part for part in re.split(r"[,\s]+", value) if part]) > 1:
        hint = f"Write ({' OR '.join(f'{name}:{part}' for part in parts)})."
        raise QueryError(f"'{name}:' takes one value.", hint=hint)


def named(tag: TagField, value: str) -> Tag:
    """Read words of a name; a trailing `*` makes it a prefix."""
    stem, prefix = split_star(value)
    if not tokens(stem):
        raise QueryError(f"There is nothing to look for in '{tag}:{value}'.", hint="Enter a name.")
    return Tag(tag, stem, prefix)


def split_star(value: str) -> tuple[str, bool]:
    """Return the value without a trailing `*`, and whether there is one."""
    stem = value.removesuffix("*")
    if "*" in stem:
        raise QueryError("'*' is only allowed at the end.", hint=f"Write {stem.split('*', 1)[0] or 'word'}*.")
    return stem, stem != value


def read_number(name: NumberField, value: str, _: Context) -> Node:
    """Read a number, a comparison or a range."""
    if name == "id":
        refuse_list("id", value)
    written = _without_groups(ascii_digits(value).lower().replace("к", "k").replace("м", "m"))
    if (found := _RANGE.fullmatch(written)) and written != "..":
        low, high = _int(found[1], found[2]), _int(found[3], found[4])
        if low is not None and high is not None and low > high:
            raise QueryError(f"The range '{value}' is reversed.", hint=f"Write {name}:{high}..{low}.")
        return Number(name, low, high)
    if dashed := _DASHED.fullmatch(written):
        raise QueryError(f"'{value}' is not a number.", hint=f"Write {name}:{dashed[1]}..{dashed[2]}.")
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
    if not digits:
        return None
    whole, _, rest = digits.replace(",", ".").partition(".")
    size = _SUFFIXES[suffix or ""]
    return min(int(whole) * size + (int(rest) * size // 10 ** len(rest) if rest else 0), _MAX_NUMBER)


def _without_groups(number: str) -> str:
    """Drop the separators of grouped digits: 1,000 and 1_000; also after a sign and in a range."""
    for part in re.split(r"\.\.|[<>=≤≥]+", number):
        if joined := ungrouped(part.strip().replace("_", ",")):
            number = number.replace(part, joined, 1)
    return number


def read_date(value: str, context: Context) -> Node:
    """Read a day, a month, a year or a range."""
    if value[:1] in "<>=":
        hint = f"Write since:{value.lstrip('<>=')} or until:{value.lstrip('<>=')}."
        raise QueryError("A date takes no sign.", hint=hint)
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
