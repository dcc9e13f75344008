"""Moves channels to and from a node, and resends renamed channels; see `model.placement`.

A channel is sent completely to its new node. Once that has everything, one transaction directs searches to it; the old
node deletes its documents a little later, because a search under way may still read them. A kill at any moment only
repeats a step. A renamed channel is sent completely once more, after everything else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from archiver.ids import ChannelId
from archiver.index.consistency import read_expected
from archiver.model.ledger import Ledger
from archiver.model.placement import arrive
from archiver.store.database import Database, Reader, Writer
from archiver.store.index.index_home import (
    drop_placements,
    list_channels_at,
    list_leaving,
    list_placements,
    list_renamed,
    put_placements,
    set_current,
    set_phase,
)
from archiver.store.index.index_walk import list_walked, start_walk

if TYPE_CHECKING:
    from archiver.index.node_worker import Finish
    from search.meili.node import Node

log = logging.getLogger(__name__)

GRACE: Final = 15
"""Seconds for which a node keeps documents that searches no longer read from it."""
MOST: Final = 200
"""Maximum channels that one task deletes."""


class _Pending(NamedTuple):
    wanted: list[ChannelId]
    renamed: list[ChannelId]
    arrived: list[ChannelId]
    gone: list[ChannelId]


class Rebalancer:
    """Moves the channels of one node in and out."""

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
        """Take one step, if there is one; return whether anything changed. Raises ServerError."""
        pending = await self._reader.read(self._list_pending)
        if pending.wanted or pending.renamed:
            return await self._begin()
        if pending.arrived and await self._settle(pending.arrived):
            return True
        return bool(pending.gone) and await self._clear(pending.gone[:MOST])

    def _list_pending(self, conn: Reader) -> _Pending:
        name = self._node.name
        filling = list_channels_at(conn, name, "filling")
        walked = list_walked(conn, name, self._node.index) if filling else set()
        return _Pending(
            wanted=list_channels_at(conn, name, "wanted"),
            renamed=list_renamed(conn, name),
            arrived=[one for one in filling if one not in walked],
            gone=list_leaving(conn, name, before=int(self._now()) - GRACE),
        )

    async def _begin(self) -> bool:
        """Start to send wanted and renamed channels."""
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
        log.info("%s: sending %d more channels, and %d renamed ones", name, *counts)
        return True

    async def _settle(self, channel_ids: list[ChannelId]) -> bool:
        """Direct searches to this node for channels that have arrived; resend those with messages missing."""
        name, index, now = self._node.name, self._node.index, int(self._now())
        expected = await read_expected(self._reader, name)
        lacking = []
        for channel_id in channel_ids:
            one = expected.get(channel_id)
            if one is not None and one.least and await self._node.count(channel_id) < one.least:
                lacking.append(channel_id)
        arrived = sorted(set(channel_ids) - set(lacking))

        def act(conn: Writer) -> None:
            for placements in list_placements(conn, arrived).values():
                put_placements(conn, arrive(placements, name), now=now)
            start_walk(conn, name, index, lacking)

        if lacking:
            self._ledger.forget(index)
        await self._database.write(act)
        return True

    async def _clear(self, channel_ids: list[ChannelId]) -> bool:
        """Delete channels that another node serves now."""
        if not await self._finish([await self._node.delete_channels(channel_ids)]):
            return False
        gone = [one for one in channel_ids if not await self._node.count(one)]
        await self._database.write(drop_placements, self._node.name, gone)
        log.info("%s: deleted %d channels that moved to other nodes", self._node.name, len(gone))
        return bool(gone)
