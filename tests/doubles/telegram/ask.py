"""The requests that the tests of the server make again and again."""

from __future__ import annotations

from typing import Any

from telethon import TelegramClient
from telethon.tl import functions as fn
from telethon.tl import types as tl

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.world import Account


def peer_of(channel: Channel, account: Account) -> tl.InputPeerChannel:
    return tl.InputPeerChannel(channel.id, channel.world.access_hash(account, channel))


def history(peer: Any, **fields: Any) -> fn.messages.GetHistoryRequest:
    asked = {"offset_id": 0, "offset_date": None, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0, "hash": 0}
    return fn.messages.GetHistoryRequest(peer, **asked | fields)


def difference(peer: Any, pts: int, limit: int = 100, **fields: Any) -> fn.updates.GetChannelDifferenceRequest:
    given = tl.InputChannel(peer.channel_id, peer.access_hash)
    fields = {"filter": tl.ChannelMessagesFilterEmpty()} | fields
    return fn.updates.GetChannelDifferenceRequest(given, pts=pts, limit=limit, **fields)


async def ids(client: TelegramClient, peer: Any, **fields: Any) -> list[int]:
    answer = await client(history(peer, **fields))
    return [m.id for m in answer.messages]


async def walk(client: TelegramClient, peer: Any) -> tuple[dict[int, Any], int]:
    """The whole history, newest first, and the pts that the first page had."""
    found: dict[int, Any] = {}
    offset = pts = 0
    for _ in range(10_000):
        page = await client(history(peer, offset_id=offset))
        pts = pts or page.pts
        if not page.messages:
            break
        found |= {m.id: m for m in page.messages}
        offset = page.messages[-1].id
    return found, pts
