"""The filters of the grammar: one table of what each reads, how it is written and what it means.

The parser reads by it, errors quote its examples, and `telekeep help query` prints it, so none of them can go stale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias, get_args

from search.errors import QueryError
from search.query.filters import (
    HAS,
    Context,
    nearest,
    read_channel,
    read_date,
    read_domain,
    read_ext,
    read_fwd,
    read_has,
    read_in,
    read_is,
    read_name,
    read_number,
    read_since,
    read_until,
)
from search.query.tree import Node, State

Reader: TypeAlias = Callable[[str, Context], Node]


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter, `name:value`."""

    read: Reader | None
    """What a value means. None: the value names a whole query, which is the parser's work."""
    examples: tuple[str, ...]
    meaning: str
    """One line for people."""


SAVED: Final = "query"

FILTERS: Final[Mapping[str, Filter]] = {
    "channel": Filter(
        read_channel,
        ("channel:atlas", 'channel:"صابرين نيوز"', "channel:1234567890"),
        "in this channel: its name, alias, title, link or id",
    ),
    "has": Filter(read_has, ("has:photo", "has:link"), f"with such an attachment: {', '.join(HAS)}"),
    "is": Filter(
        read_is,
        ("is:forwarded", "is:missing"),
        f"in such a state: {', '.join(get_args(State))} (missing: gone from the channel since, as far as known)",
    ),
    "in": Filter(
        read_in,
        ("in:revisions",),
        "in earlier contents too, which were edited since; holds for the whole query",
    ),
    "date": Filter(
        read_date,
        ("date:2021-12-01..2021-12-31", "date:2021-12", "date:..2021"),
        "posted on a day, in a month or a year, or within a range; both ends are included, in the zone of --tz",
    ),
    "on": Filter(read_date, ("on:2021-12-16", "on:yesterday"), "the same"),
    "since": Filter(read_since, ("since:7d", "since:2021-12-16T10:30+03:00"), "posted then or later"),
    "until": Filter(read_until, ("until:2021-12-16", "until:@1639612800"), "posted before; a day is included"),
    "from": Filter(
        partial(read_name, "from"), ("from:jane", 'from:"jane roe"'), "by an author whose name or signature has this"
    ),
    "fwd": Filter(
        read_fwd,
        ("fwd:atlas", "fwd:1234567890", "fwd:none"),
        "forwarded from there, by name or channel id; none: not forwarded",
    ),
    "lang": Filter(partial(read_name, "lang"), ("lang:ar", "lang:fr"), "in this language, as it was guessed"),
    "views": Filter(
        partial(read_number, "views"),
        ("views:>1000", "views:>=5k", "views:100..200", "views>1000"),
        "seen so often when last looked at; k and m are thousands and millions",
    ),
    "forwards": Filter(partial(read_number, "forwards"), ("forwards:>50",), "forwarded so often, as far as known"),
    "id": Filter(partial(read_number, "id"), ("id:123", "id:100..200"), "with such a number in its channel"),
    "hashtag": Filter(partial(read_name, "hashtag"), ("#мост", "hashtag:جسر", "#bridge*"), "with the hashtag, whole"),
    "mention": Filter(partial(read_name, "mention"), ("@name", "mention:name"), "where this name is mentioned"),
    "domain": Filter(
        read_domain, ("domain:youtube.com", "domain:https://example.org/page"), "with a link there, or below it"
    ),
    "mime": Filter(partial(read_name, "mime"), ("mime:image/png", "mime:image/*"), "with a file of this type"),
    "ext": Filter(read_ext, ("ext:pdf", "ext:.apk"), "with a file whose name ends so"),
    "filename": Filter(
        partial(read_name, "filename"),
        ("filename:report", 'filename:"annual rep*"'),
        "with these words in a file's name",
    ),
    SAVED: Filter(None, ("query:convoys",), "what the saved query of this name finds; see `telekeep query --help`"),
}


def read_filter(name: str, value: str, context: Context) -> Node:
    """The node of `name:value`. Raises `QueryError` for a name or value that there is not."""
    value = expect_value(name, value)
    read = FILTERS[name.lower()].read
    assert read is not None
    return read(value, context)


def expect_value(name: str, value: str) -> str:
    """The value without space around it. Raises `QueryError` where there is none, or no such filter."""
    if not is_filter(name):
        hint = nearest(name.lower(), FILTERS, "{}:")
        raise QueryError(f"There is no filter '{name}:'.", hint=hint or "Put it in quotes to search for the text.")
    if not value.strip():
        examples = FILTERS[name.lower()].examples
        wanted = next(one for one in examples if one.startswith(f"{name.lower()}:"))
        raise QueryError(f"The filter '{name}:' has no value.", hint=f"Write {wanted}.")
    return value.strip()


def is_filter(name: str) -> bool:
    """Whether the grammar has a filter of this name."""
    return name.lower() in FILTERS
