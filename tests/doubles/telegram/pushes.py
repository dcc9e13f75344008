"""Updates that the server sends unasked: to members, and for a while to those who poll.

https://core.telegram.org/api/updates#subscribing-to-updates-of-channels-supergroups
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from tests.doubles.telegram import difference
from tests.doubles.telegram.channel import Channel, Event
from tests.doubles.telegram.files import personal
from tests.doubles.telegram.post import Post, at
from tests.doubles.telegram.rpc import Context, Rpc, about_peers
from tests.doubles.telegram.world import Account, World

if TYPE_CHECKING:
    from tests.doubles.telegram.conn import Connection


class Pushes:
    """Who is told of which channel, and the telling."""

    def __init__(self, world: World, connections: Iterable[Connection]) -> None:
        self.events = True  # push what happens in the world
        self._world = world
        self._connections = connections
        self._polled: dict[tuple[int, int], float] = {}  # (account, channel) -> until when it is pushed to

    def poll(self, account: Account, request: Any) -> None:
        """The account asked for a difference: keep it informed until the next one is due, and once more."""
        channel = self._world.channels.get(getattr(request.channel, "channel_id", 0))
        if channel is not None:
            self._polled[account.id, channel.id] = self._world.clock.now() + 2 * channel.timeout

    def on_event(self, channel: Channel, event: Event) -> None:
        if not self.events:
            return
        post = channel.find(event.ids[0])
        if post is None and event.kind in ("new", "edit"):
            return  # nobody sees it
        now = self._world.clock.now()
        readers = {a for (a, c), until in self._polled.items() if c == channel.id and until > now}
        for conn in self._listeners(readers | channel.members):
            self._send(conn, [difference.update(channel, event, post)], channel, [post] if post else [])

    def push(self, updates: Iterable[Any], *, account: Account | None, channel: Channel | None) -> int:
        listeners = self._listeners({account.id} if account else None)
        for conn in listeners:
            self._send(conn, list(updates), channel, [])
        return len(listeners)

    def _listeners(self, accounts: set[int] | None) -> list[Connection]:
        """One connection of each session, the latest: what a session gets, it gets once."""
        latest = {
            (c.auth.id, c.session_id): c
            for c in sorted(self._connections, key=lambda c: c.number)
            if c.wants_updates
            and c.auth is not None
            and c.auth.account_id is not None
            and (accounts is None or c.auth.account_id in accounts)
        }
        return [*latest.values()]

    def _send(self, conn: Connection, updates: list[Any], channel: Channel | None, posts: list[Post]) -> None:
        assert conn.auth is not None
        chats: list[Any] = []
        users: list[Any] = []
        if channel is not None:
            with contextlib.suppress(Rpc):
                chats, users = about_peers(Context(self._world, conn.auth, conn.dc, {}), channel, posts)
        pushed = types.Updates(updates, users=users, chats=chats, date=at(self._world.now()), seq=0)
        conn.send(conn.in_layer(personal(pushed._bytes(), self._world.files, conn.auth.account_id or 0)))
