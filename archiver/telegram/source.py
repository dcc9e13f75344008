"""Implements `archiver.mirror.source.Source` over the network: one raw request per method, answers as records.

Requests and their meaning: https://core.telegram.org/methods, https://core.telegram.org/api/offsets (history),
https://core.telegram.org/api/updates (differences).
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self

from telethon.tl import TLRequest, functions, types
from telethon.tl.alltlobjects import LAYER

from archiver.convert import Peers, convert_difference_event, convert_message, convert_stub, is_empty
from archiver.convert.resolved import convert_resolved, find_channel
from archiver.errors import ServerFault, StaleAccess, UsageError
from archiver.ids import AccessHash, ChannelId, MessageId
from archiver.model.record import Channel, Difference, Event, HistoryPage, Message, PeerState, Posted
from archiver.pacing.scheduler import Priority
from archiver.telegram.answers import (
    HistoryAnswer,
    inner_message,
    read_difference,
    read_history,
    read_object,
    read_states,
    sort_by_pts,
)
from archiver.telegram.connection import Connection
from archiver.telegram.older_layers import layer_of
from archiver.telegram.paging import read_page
from archiver.telegram.records import (
    convert_all,
    described,
    expect_asked,
    expect_own,
    expect_own_updates,
    to_page,
    to_readable,
)
from archiver.telegram.rich import pick_whole, read_whole, refusal
from archiver.telegram.takeout import Takeout
from archiver.telegram.unreadable import Unreadable


class TelegramSource:
    """The source of an account, over its connection; `archiver.mirror.source` has the contract."""

    layer = LAYER

    def __init__(
        self, connection: Connection, priority: Priority = Priority.BACKFILL, *, takeout: Takeout | None = None
    ) -> None:
        """`takeout`: read histories within it while it is open."""
        self._connection = connection
        self._priority = priority
        self._takeout = takeout

    @property
    def at_once(self) -> int:
        """Useful number of concurrent requests for pages of the history."""
        return self._takeout.at_once if self._takeout else 1

    def at(self, priority: Priority) -> Self:
        """The same source, whose calls have this priority."""
        return type(self)(self._connection, priority, takeout=self._takeout)

    async def resolve_username(self, username: str) -> Channel:
        """The channel that has this username now."""
        answer = await self._ask(functions.contacts.ResolveUsernameRequest(username), "resolveUsername")
        return convert_resolved(answer)

    async def get_channel(self, channel_id: ChannelId, access_hash: AccessHash) -> Channel:
        """The channel's current attributes, including `about` and counts."""
        request = functions.channels.GetFullChannelRequest(types.InputChannel(channel_id, access_hash))
        answer = await self._ask(request, "getFullChannel", channel_id)
        if not isinstance(answer, types.messages.ChatFull):
            raise ServerFault("the server did not answer with the channel.", hint="Try again later.")
        return find_channel(answer.chats, channel_id, answer.full_chat)

    async def get_history(
        self,
        channel_id: ChannelId,
        access_hash: AccessHash,
        *,
        offset_id: int,
        before: int | None = None,
        limit: int = 100,
    ) -> HistoryPage:
        """Messages below `offset_id`, newest first; an unreadable one becomes a stub."""
        answer = await self._history(channel_id, access_hash, offset_id, limit, before=before)
        if answer.messages.unreadable:
            if before is not None:
                return to_readable(channel_id, answer)

            def history(offset_id: int, limit: int, add_offset: int) -> Awaitable[HistoryAnswer]:
                return self._history(channel_id, access_hash, offset_id, limit, add_offset=add_offset)

            return await Unreadable(channel_id, history).page(offset_id, answer)
        return to_page(channel_id, answer)

    async def get_difference(
        self, channel_id: ChannelId, access_hash: AccessHash, *, pts: int, limit: int = 100
    ) -> Difference:
        """The events since `pts`, and whether some of them are unreadable."""
        request = functions.updates.GetChannelDifferenceRequest(
            channel=types.InputChannel(channel_id, access_hash),
            filter=types.ChannelMessagesFilterEmpty(),
            pts=pts,
            limit=limit,
            force=False,
        )
        answer = read_difference(await self._call(request, "getChannelDifference", channel_id))
        if answer.too_long:
            return Difference(events=(), pts=pts, final=True, too_long=True)
        channel = described(answer.chats, channel_id)
        expect_own(answer.messages, channel_id)
        expect_own_updates(answer.updates, channel_id)
        peers = Peers(answer.users, answer.chats)
        posted: list[Event] = [
            Posted(convert_message(item, raw, channel_id=channel_id, peers=peers, layer=layer_of(raw)))
            for item, raw in answer.messages.read
            if not is_empty(item)
        ]
        other = [
            convert_difference_event(
                item, inner_message(item, raw), channel_id=channel_id, peers=peers, layer=layer_of(raw[4:])
            )
            for item, raw in sort_by_pts(answer.updates.read)
        ]
        return Difference(
            events=(*posted, *other),
            pts=answer.pts,
            final=answer.final,
            channel=channel,
            timeout=answer.timeout,
            unread_posts=answer.messages.unreadable is not None,
            unread_events=answer.updates.unreadable is not None,
        )

    async def get_messages(
        self, channel_id: ChannelId, access_hash: AccessHash, message_ids: tuple[int, ...]
    ) -> tuple[tuple[Message, ...], frozenset[int]]:
        """The messages that exist now, and the ids that the server reports as empty."""
        page = await self.get_shown(channel_id, access_hash, message_ids)
        return page.messages, frozenset(page.empty_ids)

    async def get_shown(
        self, channel_id: ChannelId, access_hash: AccessHash, message_ids: tuple[int, ...]
    ) -> HistoryPage:
        """The messages that exist now, as a page with the channel's pts (0: the server does not say) and empty ids."""
        request = functions.channels.GetMessagesRequest(
            types.InputChannel(channel_id, access_hash), [types.InputMessageID(i) for i in message_ids]
        )
        answer = read_history(await self._call(request, "getMessages", channel_id))
        if answer.messages.unreadable:
            there, empty = await self._messages_around(channel_id, access_hash, message_ids, answer)
            return HistoryPage(messages=there, empty_ids=tuple(empty), pts=0, count=len(there), exact=False)
        page = to_page(channel_id, answer)
        expect_asked(page, message_ids)
        return replace(page, exact=False)

    async def get_rich_message(self, channel_id: ChannelId, access_hash: AccessHash, message_id: MessageId) -> Message:
        """A message with its complete rich message."""
        request = functions.messages.GetRichMessageRequest(types.InputPeerChannel(channel_id, access_hash), message_id)
        try:
            body = await self._call(request, "getRichMessage", channel_id)
        except (ServerFault, StaleAccess) as exc:
            raise refusal(exc) or exc from exc.__cause__
        answer = read_whole(body)
        described(answer.chats, channel_id)
        return pick_whole(answer, channel_id, message_id, LAYER)

    async def get_states(self, peers: Sequence[tuple[ChannelId, AccessHash]]) -> dict[ChannelId, PeerState]:
        """pts and newest message id of up to 100 channels, in one call."""
        request = functions.messages.GetPeerDialogsRequest(
            [
                types.InputDialogPeer(types.InputPeerChannel(channel_id, access_hash))
                for channel_id, access_hash in peers
            ]
        )
        try:
            return read_states(await self._call(request, "getPeerDialogs", None))
        except UsageError as exc:
            # If it concerned the account rather than this method, the next call would fail, too.
            raise ServerFault(
                "the server refuses to list the state of channels.", hint="They are polled one by one."
            ) from exc

    async def _ask(self, request: TLRequest, method: str, channel_id: ChannelId | None = None) -> Any:
        return read_object(await self._call(request, method, channel_id))

    async def _call(self, request: TLRequest, method: str, channel_id: ChannelId | None) -> bytes:
        asker = self._takeout if self._takeout and method == "getHistory" else self._connection
        return await asker.call(request, method=method, priority=self._priority, channel_id=channel_id)

    async def _history(
        self,
        channel_id: ChannelId,
        access_hash: AccessHash,
        offset_id: int,
        limit: int,
        *,
        add_offset: int = 0,
        before: int | None = None,
    ) -> HistoryAnswer:
        request = functions.messages.GetHistoryRequest(
            peer=types.InputPeerChannel(channel_id, access_hash),
            offset_id=offset_id,
            offset_date=None if before is None else min(max(before, 1), 2**31 - 1),
            add_offset=add_offset,
            limit=limit,
            max_id=0,  # max_id and min_id cut after slicing and give empty pages before the end
            min_id=0,
            hash=0,
        )
        channel = types.InputChannel(channel_id, access_hash)
        return await read_page(self._connection, self._call, request, channel)

    async def _messages_around(
        self, channel_id: ChannelId, access_hash: AccessHash, message_ids: tuple[int, ...], answer: HistoryAnswer
    ) -> tuple[tuple[Message, ...], frozenset[int]]:
        """Messages by id, one unreadable: it becomes a stub, and those after it are requested again."""
        objects, place = answer.messages, len(answer.messages.read)
        assert objects.unreadable is not None
        if [item.id for item, _ in objects.read] != list(message_ids[:place]):
            raise objects.unreadable  # in another order: it could be any of them
        there, empty = convert_all(objects, channel_id, Peers([], [])), {i.id for i, _ in objects.read if is_empty(i)}
        date = datetime.fromtimestamp(0, UTC)
        raw, message_id = objects.unreadable.raw, MessageId(message_ids[place])
        there.append(convert_stub(raw, message_id=message_id, channel_id=channel_id, date=date, layer=LAYER))
        if rest := message_ids[place + 1 :]:
            more, others = await self.get_messages(channel_id, access_hash, rest)
            return (*there, *more), frozenset(empty | others)
        return tuple(there), frozenset(empty)
