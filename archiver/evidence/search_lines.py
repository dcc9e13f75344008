"""One part of the search tables, checked: its block summaries, and the terms of each message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from archiver.evidence import findable
from archiver.evidence.placed_terms import PlacedTerms
from archiver.ids import ChannelId
from archiver.model.document import to_document
from archiver.model.fault import Fault
from archiver.model.record import Message
from archiver.store import search_rows
from archiver.store.checked import UNREADABLE
from archiver.store.message import read_messages
from archiver.store.revision import read_revisions
from search.exact.changes import Row
from search.exact.index_line import index_line
from search.exact.skip_index import BLOCK_BITS, cluster
from search.exact.terms import entry
from search.flags import SUPERSEDED


def check_part(conn: Any, low: int, high: int, *, lines: bool) -> tuple[list[Fault], int]:
    """Check the rows with a docid within [low, high); also return how many were compared with their texts."""
    docids = search_rows.Docids(low, high)
    rows = search_rows.list_rows(conn, docids)
    within = (low >> BLOCK_BITS, high >> BLOCK_BITS)
    blocks, ranges = search_rows.list_blocks(conn, *within), search_rows.list_channel_ranges(conn, *within)
    faults = [Fault("search", wrong, True) for wrong in findable.check_blocks(rows, blocks, ranges)]
    if lines:
        faults += _list_faults(conn, rows, docids)
    return faults, len(rows) if lines else 0


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
    present = {(row.channel, row.message_id): row for row in rows if not row.flags & SUPERSEDED}
    superseded: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        if not placed.is_complete(row.docid):
            yield f"{names.get(row.channel)}/{row.message_id}", "its words are in the wrong places"
        elif row.flags & SUPERSEDED and row.docid in earlier:
            superseded.setdefault((row.channel, row.message_id), []).append(row)
    for key, message, revisions in _messages(conn, names, present.keys() | superseded.keys()):
        place = f"{message.channel_id}/{message.message_id}"
        try:
            if (one := present.get(key)) is not None:
                for wrong in _check_present(conn, message, one, placed.list_terms(one.docid)):
                    yield place, wrong
                for number in _unfindable(conn, message, revisions, key):
                    yield f"{place} revision {number}", "it has no row"
        except UNREADABLE:
            continue  # named where messages are compared
        for row in superseded.get(key, ()):
            kept = revisions.get(earlier[row.docid])
            if kept is not None and not _has_words(kept, placed.list_terms(row.docid)):
                yield f"{place} revision {earlier[row.docid]}", "the index has different words"


def _check_present(conn: Any, message: Message, row: Row, terms: list[str]) -> Iterator[str]:
    document = to_document(message if message.lang is not None else replace(message, lang=""))
    made = entry(document)
    yield from findable.check_document(made, row)
    if not findable.is_made_of(terms, made.line):
        yield "the index has different words"
    if not search_rows.has_hashes(conn, row.docid, document.file_hashes):
        yield "it is not found by the hashes of its files"
    if findable.has_origin(document):
        origin = search_rows.list_origins(conn, [row.docid]).get(row.docid)
        if not findable.is_origin(document, origin):
            yield "its forward origin is recorded wrongly"


def _has_words(content: Message, terms: list[str]) -> bool:
    """Whether the text of a revision is in the index; not all of its media is kept, so that is ignored."""
    words = [term for term in index_line(content.text).split(" ") if term]
    kept = findable.text_terms(terms)[: len(words) + 1]
    return not words or (kept[: len(words)] == words and kept[len(words) :] in ([], ["::"]))


def _unfindable(conn: Any, message: Message, revisions: dict[int, Message], key: tuple[int, int]) -> list[int]:
    """Revisions with different words but no row."""
    if not revisions:
        return []
    lines = {number: index_line(kept.text) for number, kept in revisions.items()}
    shared, noted = Counter([index_line(message.text), *lines.values()]), search_rows.list_noted(conn, *key)
    return [number for number, line in lines.items() if shared[line] == 1 and number not in noted]


def _messages(
    conn: Any, names: dict[int, int], keys: Iterable[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], Message, dict[int, Message]]]:
    """Yield the stored messages of these rows, with their revisions."""
    ids: dict[int, set[int]] = {}
    for number, message_id in keys:
        ids.setdefault(number, set()).add(message_id)
    for number, wanted in ids.items():
        for low, high in cluster(wanted):
            messages, revisions = _read(conn, ChannelId(names.get(number, 0)), low, high)
            for message in messages:
                if message.message_id in wanted:
                    yield (number, message.message_id), message, revisions.get(message.message_id, {})


def _read(conn: Any, channel_id: ChannelId, low: int, high: int) -> tuple[list[Message], dict[int, dict[int, Message]]]:
    try:
        found = read_messages(conn, channel_id, after=low - 1, limit=high - low + 1)
        found = [one for one in found if one.message_id <= high]
        revisions: dict[int, dict[int, Message]] = {}
        for content, number in read_revisions(conn, found):
            revisions.setdefault(content.message_id, {})[number] = content
    except UNREADABLE:
        return [], {}
    return found, revisions
