"""The search tables, checked against the messages and against each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import dropwhile
from typing import Any

from archiver.model.document import is_edit_hidden
from archiver.model.reply import is_reply
from archiver.store.verify.search_rows import STATES, ForwardOrigin, PresentRow
from search.exact.add_new import NewEntry
from search.exact.changes import Row
from search.exact.docid import tier_of, window
from search.exact.skip_index import find_channel_ranges, summarize
from search.flags import HAS_BITS, LANG_MASK, LANG_SHIFT, MISSING, PINNED, STATE_BITS, SUPERSEDED, lang_number

_ALBUM = HAS_BITS["album"]
_EDITED, _FORWARDED = STATE_BITS["edited"], STATE_BITS["forwarded"]
_REPLY, _SERVICE = STATE_BITS["reply"], STATE_BITS["service"]
_LANG = LANG_MASK << LANG_SHIFT
_SEPARATORS = frozenset({":", "::"})
_LONGEST = 32_768
"""Maximum bytes of a term; FTS5 truncates longer ones."""


def check_row(
    row: PresentRow | None, *, date: int, counters: tuple[int | None, int | None], states: int, lang: str | None
) -> Sequence[str]:
    """Check what needs no parsing of the text in a message's search row. `counters`: views and forwards."""
    if row is None:
        return ["it has no row"]
    _, found, views, forwards, kept, number = row
    known = number_of(lang)
    other_lang = number and known and number != known
    if found == date and (views, forwards) == counters and kept == states and not other_lang:
        return ()
    checks = {
        "its row has a different date": found != date,
        "its row has different counters": (views, forwards) != counters,
        "its row has a different state": kept != states,
        "its row has a different language": other_lang,
    }
    return [wrong for wrong, is_so in checks.items() if is_so]


@cache
def number_of(lang: str | None) -> int:
    """The number of a language; 0 if it is not known."""
    return lang_number(lang or "") or 0


STATE_COLUMNS = ("kind", "edit_date", "reply_to", "fwd_from", "grouped_id", "pinned", "extra")
"""Columns of `message` that decide states, besides whether it is missing."""


PLAIN = ("message", None, None, None, None, 0, None)
"""The values of most messages."""


def states_of(missing_since: object, columns: tuple[Any, ...]) -> int:
    """The state bits of a message. `columns`: STATE_COLUMNS."""
    if missing_since is None and columns == PLAIN:
        return 0
    kind, edit_date, reply_to, fwd_from, grouped_id, pinned, extra = columns
    bits = MISSING if missing_since is not None else 0
    if pinned:
        bits |= PINNED
    if edit_date is not None and not is_edit_hidden(extra):
        bits |= _EDITED
    if fwd_from is not None:
        bits |= _FORWARDED
    if is_reply(reply_to):
        bits |= _REPLY
    if kind == "service":
        bits |= _SERVICE
    if grouped_id is not None:
        bits |= _ALBUM
    return bits


def check_document(made: NewEntry, row: Row) -> Iterator[str]:
    """Check what a search row says about text and kinds."""
    if made.fingerprint != row.fingerprint:
        yield "its row belongs to a different text"
    ignored = STATES | _LANG
    if made.flags & ~ignored != row.flags & ~ignored:
        yield "its row has different attachments"


def has_origin(made: NewEntry) -> bool:
    """Whether the search tables store this message's forward origin."""
    return made.origin is not None and (made.origin[0] is not None or bool(made.origin[1]))


def is_origin(made: NewEntry, kept: ForwardOrigin | None) -> bool:
    """Whether this is the message's origin. A channel's name is not compared: the last one stored wins."""
    if kept is None or made.origin is None:
        return False
    channel_id, name = made.origin
    return kept == (None, name) if channel_id is None else kept.channel_id == channel_id


def check_blocks(
    rows: Sequence[Row],
    blocks: Mapping[int, tuple[int, int, int, int, int]],
    ranges: Mapping[tuple[int, int], tuple[int, int]],
) -> Iterator[str]:
    """Check that the block summaries cover their rows."""
    for one in summarize(rows):
        known = blocks.get(one.block)
        if known is None or not _holds(known, one[1:]):
            yield f"block {one.block} does not match its rows"
    for row in rows:
        if row.docid not in window(tier_of(row.docid), row.date):
            yield f"row {row.docid} has a different date"
    for wanted in find_channel_ranges(rows):
        found = ranges.get((wanted.channel, wanted.block))
        if found is None or not (found[0] <= wanted.low and wanted.high <= found[1]):
            yield f"block {wanted.block} does not match its messages"


def _holds(known: tuple[int, int, int, int, int], needed: tuple[int, int, int, int, int]) -> bool:
    flags, views, forwards, low, high = needed
    return (
        not flags & ~(known[0] | SUPERSEDED)
        and views <= known[1]
        and forwards <= known[2]
        and known[3] <= low
        and high <= known[4]
    )


def is_made_of(terms: list[str], line: str) -> bool:
    """Whether these are exactly the terms of an index line."""
    made = line.split(" ")
    if made == terms:
        return True
    wanted = [term for term in made if term]
    if wanted == terms:
        return True
    return len(wanted) == len(terms) and all(map(_is_term, wanted, terms))


def _is_term(wanted: str, term: str) -> bool:
    if wanted == term:
        return True
    data = wanted.encode("utf-8", "replace")
    return len(data) >= _LONGEST and data.startswith(term.encode("utf-8", "replace")[: _LONGEST - 4])


def text_terms(terms: Iterable[str]) -> list[str]:
    """The terms after the tags; tags change with the names of peers."""
    return list(dropwhile(lambda term: ":" in term and term not in _SEPARATORS, terms))
