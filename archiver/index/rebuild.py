"""Rebuilds the index next to the current one, filled from the archive, then swaps the two.

    wanted    -> create an empty `<index>_next`
    walking   -> send it everything; new messages go to both, and waiting history is included
    swapping  -> exchange the two in one step, while no task is under way
    dropping  -> the new index is in place: delete the old one

Each step first asks the server for its state, so a kill of either side at any moment only repeats a question. A swap
is its own inverse, so it must not happen twice: the new index is recognised by its creation time, which moves with it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from archiver.index.consistency import find_lacking
from archiver.model.ledger import Ledger
from archiver.store.database import Database, Writer
from archiver.store.index.index_due import count_held
from archiver.store.index.index_node import NodeStatus, Rebuild, set_covered, set_rebuild
from archiver.store.index.index_rejected import clear_all_rejected
from archiver.store.index.index_walk import end_walks, start_walk
from archiver.store.index.outbox import drop_covered, has_waiting

if TYPE_CHECKING:
    from archiver.index.node_worker import Finish
    from search.meili.node import Node

log = logging.getLogger(__name__)


def next_index(index: str) -> str:
    """Name of the index while it is being rebuilt."""
    return f"{index}_next"


class Rebuilder:
    """Advances the rebuild of one node."""

    def __init__(self, database: Database, reader: Database, node: Node, ledger: Ledger, finish: Finish) -> None:
        self._database = database
        self._reader = reader
        self._node = node
        self._ledger = ledger
        self._finish = finish
        self._next = next_index(node.index)

    async def advance(self, standing: NodeStatus, *, walking: bool) -> bool:
        """Take one step, if possible now; return whether anything changed. Raises ServerError."""
        match standing.rebuild:
            case "wanted":
                # First every message needs its node: only then is it known what waits for this one.
                return not await self._reader.read(has_waiting, "") and await self._begin()
            case "walking":
                return not walking and await self._end_walk(standing)
            case "swapping":
                return self._ledger.is_empty and await self._swap(standing.mark)
            case "dropping":
                return await self._drop(standing.mark, standing.covered)
        return False

    async def check(self, standing: NodeStatus) -> bool:
        """Return whether the index being filled is still the one we created; otherwise start over.

        A lost index may have been recreated by documents sent to it, without our settings.
        """
        if standing.rebuild != "walking":
            return True
        made = await self._node.created_at(index=self._next)
        if made is not None and made == standing.mark:
            return True
        await self._set("wanted")
        return False

    async def _begin(self) -> bool:
        node, name = self._node, self._next
        await node.check_version()
        if await node.created_at(index=name) is not None and not await self._finish([await node.drop(name)]):
            return False
        if not await self._finish(await node.create(name)):
            return False
        mark = await node.created_at(index=name)
        if mark is None:
            return False  # somebody deleted it

        def act(conn: Writer) -> None:
            end_walks(conn, self._node.name, name)
            start_walk(conn, node.name, name, count_held(conn, node.name))
            clear_all_rejected(conn, node.name)  # the walk retries them
            set_rebuild(conn, self._node.name, "walking", mark=mark)
            set_covered(conn, node.name)

        self._ledger.forget(name)
        await self._database.write(act)
        log.info("rebuilding the index as %s", name)
        return True

    async def _end_walk(self, standing: NodeStatus) -> bool:
        """After sending everything, resend what is missing, or start the swap."""
        if not await self.check(standing):
            return True
        lacking = await find_lacking(self._reader, self._node, self._next, covered=standing.covered)
        if lacking:
            self._ledger.forget(self._next)
            await self._database.write(start_walk, self._node.name, self._next, lacking)
        else:
            await self._set("swapping")
        return True

    async def _swap(self, mark: str | None) -> bool:
        node = self._node
        if await node.count_unfinished_tasks() or await node.count_unfinished_tasks(index=self._next):
            return False
        present = await node.created_at()
        if present is not None and present == mark:
            await self._set("dropping")
            return True
        if mark is None or await node.created_at(index=self._next) != mark:
            await self._set("wanted")  # it is gone, or was replaced
        elif present is None:
            # Before it is created: a kill in between must not make the empty index look complete.
            await self._database.write(_note_missing, node.name, node.index)
            await self._finish(await node.create(node.index))
        else:
            await self._finish([await node.swap(node.index, self._next)])
        return True

    async def _drop(self, mark: str | None, covered: int) -> bool:
        made = await self._node.created_at()
        if made is None or made != mark:
            await self._set("wanted")  # the index was lost in the meantime
            return True
        if await self._node.created_at(index=self._next) is not None and not await self._finish(
            [await self._node.drop(self._next)]
        ):
            return False

        def act(conn: Writer) -> None:
            end_walks(conn, self._node.name, self._next)
            end_walks(conn, self._node.name, self._node.index)
            drop_covered(conn, self._node.name, covered)
            set_rebuild(conn, self._node.name, None)

        self._ledger.forget(self._node.index)
        await self._database.write(act)
        log.info("the index is rebuilt")
        return True

    async def _set(self, rebuild: Rebuild) -> None:
        await self._database.write(set_rebuild, self._node.name, rebuild)


def _note_missing(conn: Writer, node: str, index: str) -> None:
    start_walk(conn, node, index, count_held(conn, node))
