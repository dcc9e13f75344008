"""What a page of documents changes in the search tables. Pure: decided here, carried out by `writer`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from search.document import Document, Key
from search.exact.docid import next_docid
from search.exact.terms import Entry, entry


@dataclass(frozen=True, slots=True)
class WriteCounts:
    """Numbers of messages that were added or changed by writing a page of documents."""

    added: int = 0
    changed: int = 0
    """Messages with a new content; the old one is superseded."""
    touched: int = 0
    """Messages whose counters or states changed, and nothing else."""
    moved: frozenset[Key] = frozenset()
    """Messages with another date than before. Rows of their earlier contents still have the old one."""


class Row(NamedTuple):
    """A row of search_document, in the order of its columns."""

    docid: int
    channel: int
    message_id: int
    date: int
    flags: int
    views: int | None
    forwards: int | None
    fingerprint: int


@dataclass(slots=True)
class PageChanges:
    """Changes that one page of documents makes."""

    new: list[tuple[Document, Entry]] = field(default_factory=list)
    superseded: dict[Key, Row] = field(default_factory=dict)
    """Rows of earlier contents, by message."""
    touched: list[Row] = field(default_factory=list)
    """Rows with new counters or states."""
    hashed: list[tuple[int, Sequence[str]]] = field(default_factory=list)
    """Docids of known contents with the SHA-256 of their files."""

    @property
    def written(self) -> WriteCounts:
        """Numbers of messages by kind of change."""
        dates = {document.key: document.date for document, _ in self.new}
        moved = frozenset(key for key, row in self.superseded.items() if row.date != dates[key])
        return WriteCounts(len(self.new) - len(self.superseded), len(self.superseded), len(self.touched), moved)


def decide(documents: Iterable[Document], known: Mapping[Key, Row]) -> PageChanges:
    """Compare documents with the present rows. If a message occurs more than once, its last document counts."""
    changes = PageChanges()
    for key, document in {document.key: document for document in documents}.items():
        made, old = entry(document), known.get(key)
        if old is None:
            changes.new.append((document, made))
        elif (old.fingerprint, old.date) != (made.fingerprint, document.date):
            changes.new.append((document, made))
            changes.superseded[key] = old
        else:
            row = old._replace(flags=made.flags, views=document.views, forwards=document.forwards)
            if row != old:
                changes.touched.append(row)
            if document.file_hashes:
                changes.hashed.append((old.docid, document.file_hashes))
    return changes


def place(
    new: Iterable[tuple[Document, Entry]], numbers: Mapping[int, int], used: dict[int, int]
) -> list[tuple[Row, Document, Entry]]:
    """Build the rows of new contents, by ascending docid.

    `numbers` maps channel ids to channel numbers; `used` holds the docids in use (see `next_docid`).
    """
    placed = []
    for document, made in sorted(new, key=_by_date):
        row = Row(
            docid=next_docid(document.date, used),
            channel=numbers[document.channel_id],
            message_id=document.message_id,
            date=document.date,
            flags=made.flags,
            views=document.views,
            forwards=document.forwards,
            fingerprint=made.fingerprint,
        )
        placed.append((row, document, made))
    return sorted(placed, key=_by_docid)


def _by_docid(placed: tuple[Row, Document, Entry]) -> int:
    return placed[0].docid


def _by_date(new: tuple[Document, Entry]) -> tuple[int, Key]:
    return new[0].date, new[0].key
