"""Pages of history, including from servers that answer without the channel's pts.

Telegram answers with messages.channelMessages; other servers with messages.messages or messages.messagesSlice, which
have no pts. For those the pts of the full channel is requested before each page: an older pts only repeats events, a
newer one would lose them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from telethon.tl import TLRequest, functions, types

from archiver.errors import ServerFault
from archiver.ids import ChannelId
from archiver.telegram.answers import HistoryAnswer, read_history, read_object

Ask = Callable[[TLRequest, str, ChannelId | None], Awaitable[bytes]]


class PagingState(Protocol):
    """Remembers what kind of pages the server sends."""

    pages_have_no_pts: bool


async def read_page(
    state: PagingState, ask: Ask, request: functions.messages.GetHistoryRequest, channel: types.InputChannel
) -> HistoryAnswer:
    """The page, with the channel's pts when it was served, or shortly before."""
    pts = await _ask_pts(ask, channel) if state.pages_have_no_pts else None
    answer = read_history(await ask(request, "getHistory", ChannelId(channel.channel_id)))
    if answer.pts is None and pts is None:
        state.pages_have_no_pts = True
        pts = await _ask_pts(ask, channel)
        answer = read_history(await ask(request, "getHistory", ChannelId(channel.channel_id)))
    if answer.pts is not None:
        state.pages_have_no_pts = False
        return answer
    part = bool(request.offset_id or request.add_offset)
    return replace(answer, pts=pts, inexact=answer.inexact or (answer.whole and part))


async def _ask_pts(ask: Ask, channel: types.InputChannel) -> int:
    answer = read_object(
        await ask(functions.channels.GetFullChannelRequest(channel), "getFullChannel", ChannelId(channel.channel_id))
    )
    pts = getattr(getattr(answer, "full_chat", None), "pts", None)
    if not isinstance(pts, int):
        raise ServerFault("the server did not send the channel's pts.", hint="Try again later.")
    return pts
