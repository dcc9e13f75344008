"""One part of the search tables, checked: its block summaries, and the terms of each message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator
from typing import Any, TypeAlias

from archiver.evidence import findable
from archiver.evidence.placed_terms import PlacedTerms
from archiver.ids import ChannelId
from archiver.model.fault import Fault
from archiver.model.record import Message
from archiver.store.messages.revision import list_revised, read_revisions
from archiver.store.verify import search_blocks, search_rows
from archiver.store.verify.checked import UNREADABLE
from archiver.store.verify.stored_content import StoredContent, read_contents
from search.exact.changes import Row
from search.exact.index_line import index_line
from search.exact.skip_index import BLOCK_BITS, cluster
from search.flags import SUPERSEDED

_PAGE = 2_000
"""Most messages to read at once."""
_Key: TypeAlias = tuple[int, int]
"""Short number of the channel, and message id."""
_Indexed: TypeAlias = tuple[Row, list[str]]
"""A row and its terms in the word index."""


def check_part(conn: Any, low: int, high: int, *, lines: bool) -> tuple[list[Fault], int]:
    """Check the rows with a docid within [low, high); also return how many were compared with their texts."""
    within = (low >> BLOCK_BITS, high >> BLOCK_BITS)
    blocks, ranges = search_blocks.list_blocks(conn, *within), search_blocks.list_channel_ranges(conn, *within)
    doubtful = search_blocks.list_doubtful_rows(conn, low, high)
    faults = [Fault("search", wrong, True) for wrong in findable.check_blocks(doubtful, blocks, ranges)]
    if not lines:
        return faults, 0
    docids = search_rows.Docids(low, high)
    rows = search_rows.list_rows(conn, docids)
    return faults + _list_faults(conn, rows, docids), len(rows)


def check_sample(conn: Any, least: int) -> tuple[list[Fault], int]:
    """Compare a sample of rows with the texts of their messages; also return its size."""
    docids = search_rows.sample_blocks(conn, least)
    rows = search_rows.list_rows(conn, docids)
    return _list_faults(conn, rows, docids), len(rows)


def _list_faults(conn: Any, rows: list[Row], docids: search_rows.Docids) -> list[Fault]:
    return [Fault(what, f"search: {wrong}", True) for what, wrong in _check_lines(conn, rows, docids)]


def _check_lines(conn: Any, rows: list[Row], docids: search_rows.Docids) -> Iterator[tuple[str, str]]:
    placed = PlacedTerms(search_rows.iter_terms(conn, docids))
    names = {number: channel_id for channel_id, number in search_rows.list_numbers(conn).items()}
    if lost := placed.docids - {row.docid for row in rows}:
        yield "search", f"terms refer to {len(lost)} missing rows"
    earlier = search_rows.list_revision_numbers(conn, docids)
    present, superseded, misplaced = _sort(rows, placed, earlier)
    for row in misplaced:
        yield f"{names.get(row.channel)}/{row.message_id}", "its words are in the wrong places"
    for key, stored, revisions in _messages(conn, names, present.keys() | superseded.keys()):
        place = f"{stored.channel_id}/{stored.columns[0]}"
        try:
            if (one := present.get(key)) is not None:
                for wrong in _check_present(conn, stored, *one):
                    yield place, wrong
                for number in _unfindable(conn, stored.text, revisions, key):
                    yield f"{place} revision {number}", "it has no row"
        except UNREADABLE:
            continue  # named where messages are compared
        for row, terms in superseded.get(key, ()):
            kept = revisions.get(earlier[row.docid])
            if kept is not None and row.date != int(kept.date.timestamp()):
                yield f"{place} revision {earlier[row.docid]}", "it has another date than its message"
            elif kept is not None and not _has_words(kept, terms):
                yield f"{place} revision {earlier[row.docid]}", "the index has different words"


def _sort(
    rows: Iterable[Row], placed: PlacedTerms, earlier: Container[int]
) -> tuple[dict[_Key, _Indexed], dict[_Key, list[_Indexed]], list[Row]]:
    """Rows of current contents, those of earlier ones, and those whose words are in the wrong places."""
    present: dict[_Key, _Indexed] = {}
    superseded: dict[_Key, list[_Indexed]] = {}
    misplaced = []
    for row in rows:
        terms = placed.take_terms(row.docid)
        if terms is None:
            misplaced.append(row)
        if not row.flags & SUPERSEDED:
            present[row.channel, row.message_id] = row, terms or []
        elif terms is not None and row.docid in earlier:
            superseded.setdefault((row.channel, row.message_id), []).append((row, terms))
    return present, superseded, misplaced


def _check_present(conn: Any, stored: StoredContent, row: Row, terms: list[str]) -> Iterator[str]:
    made = stored.entry()
    yield from findable.check_document(made, row)
    if not findable.is_made_of(terms, made.line):
        yield "the index has different words"
    if not search_rows.has_hashes(conn, row.docid, made.hashes):
        yield "it is not found by the hashes of its files"
    if findable.has_origin(made):
        origin = search_rows.list_origins(conn, [row.docid]).get(row.docid)
        if not findable.is_origin(made, origin):
            yield "its forward origin is recorded wrongly"


def _has_words(content: Message, terms: list[str]) -> bool:
    """Whether the text of a revision is in the index; not all of its media is kept, so that is ignored."""
    words = [term for term in index_line(content.text).split(" ") if term]
    kept = findable.text_terms(terms)[: len(words) + 1]
    return not words or (kept[: len(words)] == words and kept[len(words) :] in ([], ["::"]))


def _unfindable(conn: Any, text: str, revisions: dict[int, Message], key: _Key) -> list[int]:
    """Revisions with different words but no row."""
    if not revisions:
        return []
    lines = {number: index_line(kept.text) for number, kept in revisions.items()}
    shared, noted = Counter([index_line(text), *lines.values()]), search_rows.list_noted(conn, *key)
    return [number for number, line in lines.items() if shared[line] == 1 and number not in noted]


def _messages(
    conn: Any, names: dict[int, int], keys: Iterable[_Key]
) -> Iterator[tuple[_Key, StoredContent, dict[int, Message]]]:
    """Yield the stored messages of these rows, with their revisions."""
    ids: dict[int, set[int]] = {}
    for number, message_id in keys:
        ids.setdefault(number, set()).add(message_id)
    for number, wanted in ids.items():
        for low, high in _pages(wanted):
            messages, revisions = _read(conn, ChannelId(names.get(number, 0)), low, high)
            for message_id, message in messages.items():
                if message_id in wanted:
                    yield (number, message_id), message, revisions.get(message_id, {})


def _pages(wanted: Collection[int]) -> Iterator[tuple[int, int]]:
    """Ranges of ids to read at once, with few other ids in between and not too long."""
    for low, high in cluster(wanted):
        for first in range(low, high + 1, _PAGE):
            yield first, min(high, first + _PAGE - 1)


def _read(
    conn: Any, channel_id: ChannelId, low: int, high: int
) -> tuple[dict[int, StoredContent], dict[int, dict[int, Message]]]:
    revisions: dict[int, dict[int, Message]] = {}
    try:
        found = read_contents(conn, channel_id, low, high)
        revised = [found[one].record() for one in list_revised(conn, channel_id, low, high) if one in found]
        for content, number in read_revisions(conn, revised):
            revisions.setdefault(content.message_id, {})[number] = content
    except UNREADABLE:
        return {}, {}
    return found, revisions
