"""Channels that come to a node or leave it, and channels that are called otherwise now; see `homes`.

A channel is sent whole to the node that is to have it. When that one has all of it searches ask it, from one
transaction on; the other one deletes its documents a little later, because a search that is under way may still ask it.
A kill at any moment repeats a step. A channel with a new name is sent whole once more, after everything else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from archiver.index.consistency import read_expected
from archiver.model.ledger import Ledger
from archiver.model.placement import arrive
from archiver.store.database import Database, Reader, Writer
from archiver.store.home import (
    drop_homes,
    list_channels_at,
    list_homes,
    list_leaving,
    list_renamed,
    put_homes,
    set_current,
    set_phase,
)
from archiver.store.indexing import list_walked, start_walk

if TYPE_CHECKING:
    from archiver.index.node_worker import Finish
    from search.meili.node import Node

log = logging.getLogger(__name__)

GRACE: Final = 15
"""Seconds for which documents stay where searches do not look for them any more."""
MOST: Final = 200
"""Channels that one task deletes."""


class _Todo(NamedTuple):
    wanted: list[int]
    renamed: list[int]
    arrived: list[int]
    gone: list[int]


class Rebalancer:
    """Brings the channels of one node in and out."""

    def __init__(
        self,
        database: Database,
        reader: Database,
        node: Node,
        ledger: Ledger,
        *,
        finish: Finish,
        now: Callable[[], float],
    ) -> None:
        self._database = database
        self._reader = reader
        self._node = node
        self._ledger = ledger
        self._finish = finish
        self._now = now

    async def work(self) -> bool:
        """Do a step, where there is one to do; whether anything moved. Raises ServerError."""
        todo = await self._reader.read(self._look)
        if todo.wanted or todo.renamed:
            return await self._begin()
        if todo.arrived and await self._settle(todo.arrived):
            return True
        return bool(todo.gone) and await self._clear(todo.gone[:MOST])

    def _look(self, conn: Reader) -> _Todo:
        name = self._node.name
        filling = list_channels_at(conn, name, "filling")
        walked = list_walked(conn, name, self._node.index) if filling else set()
        return _Todo(
            wanted=list_channels_at(conn, name, "wanted"),
            renamed=list_renamed(conn, name),
            arrived=[one for one in filling if one not in walked],
            gone=list_leaving(conn, name, before=int(self._now()) - GRACE),
        )

    async def _begin(self) -> bool:
        """Send what is wanted, and what has another name."""
        name, index, now = self._node.name, self._node.index, int(self._now())

        def act(conn: Writer) -> tuple[int, int]:
            wanted, renamed = list_channels_at(conn, name, "wanted"), list_renamed(conn, name)
            start_walk(conn, name, index, wanted)
            start_walk(conn, name, index, renamed, lacks=False)
            set_phase(conn, name, wanted, "filling", now=now)
            set_current(conn, name, [*wanted, *renamed])
            return len(wanted), len(renamed)

        self._ledger.forget(index)
        counts = await self._database.write(act)
        log.info("%s is to have %d more channels; %d have another name", name, *counts)
        return True

    async def _settle(self, channel_ids: list[int]) -> bool:
        """Searches ask this node for channels that it has now; what it lacks is sent again."""
        name, index, now = self._node.name, self._node.index, int(self._now())
        expected = await read_expected(self._reader, name)
        lacking = []
        for channel_id in channel_ids:
            one = expected.get(channel_id)
            if one is not None and one.least and await self._node.count(channel_id) < one.least:
                lacking.append(channel_id)
        arrived = sorted(set(channel_ids) - set(lacking))

        def act(conn: Writer) -> None:
            for homes in list_homes(conn, arrived).values():
                put_homes(conn, arrive(homes, name), now=now)
            start_walk(conn, name, index, lacking)

        if lacking:
            self._ledger.forget(index)
        await self._database.write(act)
        return True

    async def _clear(self, channel_ids: list[int]) -> bool:
        """Delete what another node has."""
        if not await self._finish([await self._node.forget(channel_ids)]):
            return False
        gone = [one for one in channel_ids if not await self._node.count(one)]
        await self._database.write(drop_homes, self._node.name, gone)
        log.info("%s does not have %d channels any more; others do", self._node.name, len(gone))
        return bool(gone)
