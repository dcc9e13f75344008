"""Compile the filters of a question to Meilisearch filter expressions. Pure.

All values are quoted and escaped and all fields are our own, so nothing in a query is interpreted as filter syntax.
What the language cannot express raises `Unanswerable` with the reason.

https://www.meilisearch.com/docs/learn/filtering_and_sorting/filter_expression_reference
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, get_args

from search.engine.page import Position
from search.errors import Unanswerable
from search.query.dates import Bounds
from search.query.filters import HAS, NOT_MEDIA
from search.query.tags import link_needles, tag_value
from search.query.tree import (
    NO_COPY,
    And,
    FileIs,
    FileStateName,
    Has,
    InAnnotations,
    InChannel,
    InRevisions,
    Is,
    Node,
    Not,
    Number,
    Or,
    PostedWithin,
    Tag,
)

ALL: Final = "channel_id EXISTS"
NONE: Final = "channel_id NOT EXISTS"
_LONGEST_VALUE = 400
"""Bytes; Meilisearch does not index filter values of more than 468."""
_NOT_INDEXED = frozenset({"from", "fwd", "filename"})
NOT_DOWNLOADED: Final = "not-downloaded"
NO_FILE: Final = "none"
"""State of what looks like a file and is none, such as the preview of paid media."""
FILE_KINDS: Final = frozenset(
    {"photo", "video", "round", "voice", "audio", "gif", "sticker", "custom_emoji", "image", "document"}
)
"""Kinds of attachments that are files: where `file_status` is absent, they are not downloaded."""
_IS_NOT_DOWNLOADED: Final = (
    f'file_status = "{NOT_DOWNLOADED}" OR (file_status NOT EXISTS AND media IN [{", ".join(sorted(FILE_KINDS))}])'
)
_NOT_HERE: Final = [state for state in get_args(FileStateName) if state != "downloaded"]
_TAG_FIELDS = {"hashtag": "hashtags", "mention": "mentions", "domain": "domains", "topic": "topic_id"}


def unanswerable(why: str) -> Unanswerable:
    """Build the error that says why Meilisearch cannot answer."""
    return Unanswerable(why, hint="The embedded engine can: omit --engine meilisearch and --fuzzy.")


def compile_filter(node: Node) -> str:
    """Compile a tree without words. Raises Unanswerable."""
    match node:
        case And(parts):
            return join("AND", map(compile_filter, parts), empty=ALL)
        case Or(parts):
            return join("OR", map(compile_filter, parts), empty=NONE)
        case Not(part):
            return f"NOT ({compile_filter(part)})"
        case InRevisions() | InAnnotations():
            raise unanswerable("The index has only current contents, no revisions and no annotations.")
        case Has() | FileIs():
            return _has(node)
        case Is(state):
            if state == "pinned":
                raise unanswerable("The index does not track pinned messages.")
            return f"is_{state} = true"
        case InChannel(ids):
            return one_of("channel_id", [str(one) for one in sorted(ids)])
        case PostedWithin(bounds):
            return within(bounds)
        case Number():
            return _number(node)
        case Tag():
            return _tag(node)
    raise unanswerable("Meilisearch cannot combine words by OR.")


def join(operator: str, parts: Iterable[str], *, empty: str) -> str:
    """Combine expressions by AND or OR; `empty` is used for no expressions."""
    found = list(parts)
    return f" {operator} ".join(f"({part})" for part in found) if len(found) > 1 else found[0] if found else empty


def one_of(field: str, values: Sequence[str]) -> str:
    """Match a field with any of the values."""
    if not values:
        return NONE
    return f"{field} IN [{', '.join(map(quote, values))}]"


def without(where: str, channel_ids: Sequence[int]) -> str:
    """Exclude channels from an expression."""
    return f"({where}) AND NOT ({one_of('channel_id', [str(one) for one in channel_ids])})"


def within(bounds: Bounds) -> str:
    """Match dates within the bounds."""
    parts = []
    if bounds.since_unix is not None:
        parts.append(f"date >= {bounds.since_unix}")
    if bounds.until_unix is not None:
        parts.append(f"date < {bounds.until_unix}")
    return join("AND", parts, empty=ALL)


def is_after(position: Position, *, newest: bool) -> str:
    """Match messages after a position in the order by date."""
    date, channel_id, message_id = position
    sign = "<" if newest else ">"
    same_channel = f"channel_id = {channel_id} AND message_id {sign} {message_id}"
    return f"date {sign} {date} OR (date = {date} AND (channel_id {sign} {channel_id} OR ({same_channel})))"


def quote(value: str) -> str:
    """Quote a value for the filter language."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _has(node: Has | FileIs) -> str:
    if isinstance(node, FileIs):
        return _file_is(node.state)
    kinds = HAS[node.kind]
    if node.kind == "media":
        return "media EXISTS"
    return f"has = {node.kind}" if kinds is None or kinds <= NOT_MEDIA else one_of("media", sorted(kinds))


def _file_is(state: str) -> str:
    if state == NOT_DOWNLOADED:
        return _IS_NOT_DOWNLOADED
    if state == NO_COPY:
        return f"{one_of('file_status', _NOT_HERE)} OR {_IS_NOT_DOWNLOADED}"
    return one_of("file_status", [state])


def _number(node: Number) -> str:
    if node.field != "id":
        raise unanswerable(f"The index does not track {node.field}.")
    parts = []
    if node.low is not None:
        parts.append(f"message_id >= {node.low}")
    if node.high is not None:
        parts.append(f"message_id <= {node.high}")
    return join("AND", parts, empty=ALL)


def _tag(tag: Tag) -> str:
    if tag.field in {"fwd_id", "from_id"}:
        return one_of(tag.field, [tag.value])
    if tag.field == "url":
        needles = link_needles(tag.value, prefix=tag.prefix)
        return join("OR", [_compare("urls", value, prefix=prefix) for value, prefix in needles], empty=NONE)
    if tag.field in _NOT_INDEXED:
        raise unanswerable(f"The index cannot filter by '{tag.field}:'.")
    if (tag.field, tag.value) == ("lang", "unknown"):
        return "lang IS NULL"
    value = tag_value(tag.field, tag.value)
    if not value:
        return NONE
    return _compare(_TAG_FIELDS.get(tag.field, tag.field), value, prefix=tag.prefix)


def _compare(field: str, value: str, *, prefix: bool) -> str:
    if len(value.encode("utf-8", "replace")) > _LONGEST_VALUE:
        raise unanswerable(f"A filter value is longer than {_LONGEST_VALUE} bytes.")
    if not prefix:
        return f"{field} = {quote(value)}"
    if not value.isascii():
        # It compares decomposed letters, so и would match as a prefix of й.
        raise unanswerable("Meilisearch matches only ASCII prefixes.")
    return f"{field} STARTS WITH {quote(value)}"
