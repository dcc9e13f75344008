"""What ordinary clients ask, at their start and later, and a mirror does not: dialogs, search, languages, settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.difference import dialog, get_state
from tests.doubles.telegram.history import PAGE, page_of
from tests.doubles.telegram.post import Post, at
from tests.doubles.telegram.rpc import Context, Rpc, about_peers, input_channel, method


@method(fn.messages.GetDialogsRequest)
def get_dialogs(ctx: Context, request: fn.messages.GetDialogsRequest) -> Any:
    """The channels that the account joined, the latest message first. https://core.telegram.org/api/offsets"""
    joined = [c for c in ctx.world.channels.values() if ctx.account.id in c.members and not c.refusal(ctx.account.id)]
    joined.sort(key=lambda c: c.posts[c.top].date if c.top else c.date, reverse=True)
    until = request.offset_date.timestamp() if request.offset_date else 0
    rest = [c for c in joined if until <= 0 or not c.top or c.posts[c.top].date < until]
    page = rest[: max(1, min(request.limit or 20, PAGE))]
    messages, chats, users = _tops(ctx, page)
    dialogs = [dialog(c) for c in page]
    if len(page) == len(joined):
        return types.messages.Dialogs(dialogs, messages, chats, users)
    return types.messages.DialogsSlice(len(joined), dialogs, messages, chats, users)


def _tops(ctx: Context, channels: list[Channel]) -> tuple[list[Any], list[Any], list[Any]]:
    messages, chats, users = [], {}, {}
    for channel in channels:
        top = [channel.posts[channel.top]] if channel.top else []
        messages += top
        some_chats, some_users = about_peers(ctx, channel, top)
        chats |= {bytes(c): c for c in some_chats}
        users |= {u.id: u for u in some_users}
    return messages, [*chats.values()], [*users.values()]


@method(fn.messages.GetPinnedDialogsRequest)
def get_pinned_dialogs(ctx: Context, _: Any) -> Any:
    return types.messages.PeerDialogs([], [], [], [], get_state(ctx, None))


@method(fn.messages.SearchRequest)
def search(ctx: Context, request: fn.messages.SearchRequest) -> Any:
    """Messages of one channel that have all words of the query, and fit the filter."""
    channel = input_channel(ctx, request.peer)
    words = request.q.lower().split()
    after, before = _timestamp(request.min_date), _timestamp(request.max_date)
    ids = [
        i
        for i in channel.visible
        if _says(channel.posts[i], words)
        and _FILTERS.get(type(request.filter), lambda _: True)(channel.posts[i])
        and (not after or channel.posts[i].date > after)
        and (not before or channel.posts[i].date < before)
    ]
    return page_of(ctx, channel, ids, request)


def _timestamp(date: Any) -> float:
    return date.timestamp() if date else 0


def _says(post: Post, words: list[str]) -> bool:
    text = (getattr(post.message, "message", "") or "").lower()
    return all(word in text for word in words)


def _has(*kinds: type) -> Callable[[Post], bool]:
    return lambda post: isinstance(getattr(post.message, "media", None), kinds)


_FILTERS: dict[type, Callable[[Post], bool]] = {
    types.InputMessagesFilterPhotos: _has(types.MessageMediaPhoto),
    types.InputMessagesFilterDocument: _has(types.MessageMediaDocument),
    types.InputMessagesFilterUrl: _has(types.MessageMediaWebPage),
    types.InputMessagesFilterPinned: lambda post: bool(getattr(post.message, "pinned", False)),
    types.InputMessagesFilterChatPhotos: lambda _: False,
}


@method(fn.messages.GetSearchCountersRequest)
def search_counters(ctx: Context, request: fn.messages.GetSearchCountersRequest) -> list[Any]:
    channel = input_channel(ctx, request.peer)
    posts = [channel.posts[i] for i in channel.visible]
    fits = [(given, _FILTERS.get(type(given), lambda _: True)) for given in request.filters]
    return [types.messages.SearchCounter(given, sum(map(fit, posts))) for given, fit in fits]


@method(fn.langpack.GetLanguagesRequest, login=False)
def languages(_: Context, __: Any) -> list[Any]:
    return [types.LangPackLanguage("English", "English", "en", "en", 0, 0, "https://translations.telegram.org/en")]


@method(fn.langpack.GetLangPackRequest, fn.langpack.GetDifferenceRequest, login=False)
def lang_pack(_: Context, request: Any) -> Any:
    return types.LangPackDifference(request.lang_code or "en", 0, 0, [])


@method(fn.langpack.GetStringsRequest, login=False)
def strings(_: Context, request: fn.langpack.GetStringsRequest) -> list[Any]:
    return [types.LangPackStringDeleted(key) for key in request.keys]


@method(fn.account.GetNotifySettingsRequest)
def notify_settings(_: Context, __: Any) -> Any:
    return types.PeerNotifySettings()


@method(fn.account.GetAuthorizationsRequest)
def authorizations(_: Context, __: Any) -> Any:
    return types.account.Authorizations(180, [])


@method(fn.contacts.GetContactsRequest)
def contacts(_: Context, __: Any) -> Any:
    return types.contacts.Contacts([], 0, [])


@method(fn.help.GetTermsOfServiceUpdateRequest)
def terms(ctx: Context, _: Any) -> Any:
    return types.help.TermsOfServiceUpdateEmpty(at(ctx.world.now() + 86_400))


@method(fn.help.GetCdnConfigRequest, login=False)
def cdn_config(_: Context, __: Any) -> Any:
    """No file comes from a CDN."""
    return types.CdnConfig([])


@method(fn.channels.GetParticipantRequest)
def participant(ctx: Context, request: fn.channels.GetParticipantRequest) -> Any:
    channel = input_channel(ctx, request.channel)
    if ctx.account.id not in channel.members:
        raise Rpc(400, "USER_NOT_PARTICIPANT")
    mine = types.ChannelParticipantSelf(ctx.account.id, ctx.account.id, at(channel.date))
    chats, users = about_peers(ctx, channel, [])
    return types.channels.ChannelParticipant(mine, chats, [*users, ctx.account.user(is_self=True)])
