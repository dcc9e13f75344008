"""Table `index_task`: the batches under way to each node, across restarts."""

from __future__ import annotations

import sqlite3

from archiver.model.ledger import Batch, Stretch
from archiver.store.database import Reader


def put_tasks(conn: sqlite3.Connection, node: str, batch: Batch) -> None:
    """Store the tasks of a batch."""
    bounds = (*batch.stretch.after, *batch.stretch.upto)
    conn.executemany(
        "INSERT INTO index_task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(batch.name, node, index, uid, batch.stretch.walk_of, *bounds) for index, uid in batch.tasks.items()],
    )


def drop_tasks(conn: sqlite3.Connection, batch: str) -> None:
    """Delete the tasks of a batch: they are done, or lost."""
    conn.execute("DELETE FROM index_task WHERE batch = ?", (batch,))


def list_batches(conn: Reader, node: str) -> list[Batch]:
    """The batches that were under way to a node when the last process ended."""
    found: dict[str, Batch] = {}
    for name, _, index, uid, walk_of, *bounds in conn.execute(
        "SELECT * FROM index_task WHERE node = ? ORDER BY task_uid", (node,)
    ):
        stretch = Stretch((bounds[0], bounds[1], bounds[2]), (bounds[3], bounds[4], bounds[5]), walk_of=walk_of)
        found.setdefault(name, Batch(name, stretch, count=0)).tasks[index] = uid
    return list(found.values())
