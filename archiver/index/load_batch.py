"""Loads the documents of one task: messages of a stretch, read and encoded in the reader's thread."""

from __future__ import annotations

from dataclasses import dataclass, field

from archiver.index.encode import encode
from archiver.model.ledger import Place, Stretch
from archiver.store.database import Database, Reader
from archiver.store.faults import go_on
from archiver.store.index.index_walk import list_walk_places
from archiver.store.index.indexable import read_indexable
from archiver.store.index.outbox import list_places

CHUNK = 500
"""Messages read at once, so that a stop never waits long."""


@dataclass(slots=True)
class DocumentBatch:
    """The documents of a task."""

    upto: Place
    """The last place in it."""
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    """In bytes."""
    unreadable: list[Place] = field(default_factory=list)
    """Messages that cannot be encoded as a document; they are left out."""
    ended: bool = False
    """Whether the stretch has nothing after `upto`."""


async def load_batch(reader: Database, node: str, stretch: Stretch, most_bytes: int) -> DocumentBatch:
    """Load the first messages of a stretch in their current state, as many as the limits allow, at least one."""
    batch = DocumentBatch(upto=stretch.after)
    while len(batch.lines) < stretch.most and batch.size < most_bytes:
        limit, after = min(CHUNK, stretch.most - len(batch.lines)), batch.upto
        encoded = await reader.read(_encode, node, stretch, after, limit)
        if not encoded:
            batch.ended = True
            batch.upto = batch.upto if stretch.is_open else stretch.upto
            break
        go_on(after, encoded[-1][0])
        if not _add(batch, encoded, most_bytes):
            break
    return batch


def _add(batch: DocumentBatch, encoded: list[tuple[Place, bytes | None]], most_bytes: int) -> bool:
    for place, line in encoded:
        if line is None:
            batch.unreadable.append(place)
        elif line:
            if batch.lines and batch.size + len(line) > most_bytes:
                return False
            batch.lines.append(line)
            batch.size += len(line)
        batch.upto = place
    return True


def _encode(conn: Reader, node: str, stretch: Stretch, after: Place, limit: int) -> list[tuple[Place, bytes | None]]:
    """Encode messages, by place; None if that fails, an empty line if the message is not held."""
    if stretch.walk_of is None:
        places = list_places(conn, node, after, stretch.upto, limit)
    else:
        places = list_walk_places(conn, node, stretch, after, limit)
    found = read_indexable(conn, places)
    encoded: list[tuple[Place, bytes | None]] = []
    for place in places:
        one = found.get(place[1:])
        try:
            encoded.append((place, encode(one) if one else b""))
        except (ValueError, TypeError, KeyError, AttributeError):
            encoded.append((place, None))
    return encoded
