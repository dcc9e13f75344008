"""The filters of the query language: one table with the reader, examples and meaning of each.

The parser uses it, errors quote its examples, and `telekeep help query` prints it, so none of them can go stale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from search.errors import QueryError
from search.query.files import read_ext, read_filename, read_lang, read_mime, read_sha256
from search.query.filters import (
    FILE_STATES,
    HAS,
    STATES,
    Context,
    named,
    read_date,
    read_has,
    read_in,
    read_is,
    read_media,
    read_number,
    read_since,
    read_until,
    suggest,
)
from search.query.links import read_domain, read_url
from search.query.peers import read_channel, read_from, read_fwd, read_mention, read_topic
from search.query.tree import Node

ValueReader: TypeAlias = Callable[[str, Context], Node]


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """One filter, `name:value`."""

    read: ValueReader | None
    """Turns the value into a node. None: the value names a saved query, which the parser handles."""
    examples: tuple[str, ...]
    meaning: str
    """One line for users."""


SAVED: Final = "query"

FILTERS: Final[Mapping[str, FilterSpec]] = {
    "channel": FilterSpec(
        read_channel,
        ("channel:atlas", 'channel:"صابرين نيوز"', "channel:1234567890"),
        "in this channel, given by name, alias, title, link or id",
    ),
    "has": FilterSpec(
        read_has,
        ("has:photo", "has:link", "has:file"),
        f"with an attachment of this kind: {', '.join(HAS)} (file: one whose file is stored in the archive)",
    ),
    "is": FilterSpec(
        read_is,
        ("is:forwarded", "is:deleted"),
        f"in this state: {', '.join(STATES)} (deleted means deleted or no longer visible, as far as known)",
    ),
    "in": FilterSpec(
        read_in,
        ("in:revisions", "in:annotations"),
        "search earlier revisions of edited messages too, or the texts that programs made of attached files"
        " ([media.hooks]); applies to the whole query",
    ),
    "date": FilterSpec(
        read_date,
        ("date:2021-12-01..2021-12-31", "date:2021-12", "date:..2021"),
        "posted on this day, in this month or year, or in a range including both ends; in the --tz time zone",
    ),
    "on": FilterSpec(read_date, ("on:2021-12-16", "on:yesterday"), "the same"),
    "since": FilterSpec(read_since, ("since:7d", "since:2021-12-16T10:30+03:00"), "posted at this time or later"),
    "until": FilterSpec(
        read_until, ("until:2021-12-16", "until:@1639612800"), "posted before this time; a day is included"
    ),
    "from": FilterSpec(
        read_from,
        ("from:jane", 'from:"jane roe"', "from:@jane", "from:1234567890"),
        "by an author, given by words of the name or signature, username, link or id; a channel wrote its own posts",
    ),
    "fwd": FilterSpec(
        read_fwd,
        ("fwd:atlas", 'fwd:"Atlas News"', "fwd:@atlas", "fwd:1234567890", "fwd:none"),
        "forwarded from this source, given by words of its title or name, username, link or id; none: not forwarded",
    ),
    "lang": FilterSpec(
        read_lang, ("lang:ar", "lang:french", "lang:unknown"), "in this language, as detected, by code or name"
    ),
    "views": FilterSpec(
        partial(read_number, "views"),
        ("views:>1000", "views:>=1.5k", "views:100..200", "views>1000"),
        "with this many views when last read; k and m are thousands and millions",
    ),
    "forwards": FilterSpec(
        partial(read_number, "forwards"), ("forwards:>50",), "forwarded this many times, as far as known"
    ),
    "id": FilterSpec(partial(read_number, "id"), ("id:123", "id:100..200"), "with this message id"),
    "hashtag": FilterSpec(
        lambda value, _: named("hashtag", value.lstrip("#＃")),
        ("#мост", "hashtag:جسر", "#bridge*", "$BTC"),
        "with exactly this hashtag, even where Telegram marks none (#5); #tag finds #tag@channel too",
    ),
    "mention": FilterSpec(
        read_mention,
        ("@name", "mention:name", 'mention:"Atlas News"', "mention:1234567890"),
        "mentioning this username; channels in the archive also by title, id or link, under all their usernames",
    ),
    "topic": FilterSpec(read_topic, ("topic:5", "topic:https://t.me/name/5"), "posted in this topic of a forum"),
    "domain": FilterSpec(
        read_domain,
        ("domain:youtube.com", "domain:пример.рф", "domain:https://example.org/"),
        "with a link to this domain or a subdomain, in Unicode or punycode",
    ),
    "url": FilterSpec(
        read_url,
        ("url:https://example.org/a", "url:t.me/atlas/12", "url:example.org/rep*"),
        "with a link that starts like this, also under words, on buttons and in previews;"
        " a number at the end matches as a whole",
    ),
    "mime": FilterSpec(read_mime, ("mime:image/png", "mime:image/*", "mime:video"), "with a file of this MIME type"),
    "ext": FilterSpec(read_ext, ("ext:pdf", "ext:.apk"), "with a file with this extension"),
    "filename": FilterSpec(
        read_filename,
        ("filename:report", 'filename:"annual rep*"', "filename:report*.pdf"),
        "with these words in a file name",
    ),
    "media": FilterSpec(
        read_media,
        ("media:missing", "media:failed", "media:too-big"),
        f"with a file in this state: {', '.join(FILE_STATES)} (missing: the archive has no copy of it, for any reason)",
    ),
    "sha256": FilterSpec(
        read_sha256,
        ("sha256:9f86d081",),
        "with the file that has this SHA-256, or one that begins so, since it was stored; at least 8 digits",
    ),
    SAVED: FilterSpec(None, ("query:convoys",), "matching this saved query; see `telekeep query --help`"),
}


def read_filter(name: str, value: str, context: Context) -> Node:
    """Return the node for `name:value`. Raises `QueryError` for an unknown name or an invalid value."""
    value = require_value(name, value)
    read = FILTERS[name.lower()].read
    assert read is not None
    return read(value, context)


def require_value(name: str, value: str) -> str:
    """Return the value stripped of spaces. Raises `QueryError` if it is empty or the filter does not exist."""
    if not is_filter(name):
        hint = suggest(name.lower(), FILTERS, "{}:")
        raise QueryError(f"There is no filter '{name}:'.", hint=hint or "Put it in quotes to search for the text.")
    if not value.strip():
        examples = FILTERS[name.lower()].examples
        wanted = next(one for one in examples if one.startswith(f"{name.lower()}:"))
        raise QueryError(f"The filter '{name}:' has no value.", hint=f"Write {wanted}.")
    return value.strip()


def is_filter(name: str) -> bool:
    """Whether a filter of this name exists."""
    return name.lower() in FILTERS
