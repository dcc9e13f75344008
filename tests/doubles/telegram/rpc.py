"""What a method's handler sees and may answer; the table of handlers by constructor."""

from __future__ import annotations

import inspect
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from telethon.tl import TLObject, functions, types

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.fate import PRIVATE
from tests.doubles.telegram.post import Post, Raw, Snapshot
from tests.doubles.telegram.world import Account, World

if TYPE_CHECKING:
    from tests.doubles.telegram.auth import AuthRecord


class Rpc(Exception):
    """rpc_error: a code and a message, as Telegram's documentation lists them."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


class Shut(Rpc):
    """The channel answers with a ChannelForbidden where a method has a place for it."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(*PRIVATE)
        self.channel = channel


@dataclass
class Call:
    """One request of a client, without its wrappers."""

    time: float  # of the world
    account: int | None
    method: str
    request: Any
    no_updates: bool = False
    takeout: int | None = None
    msg_id: int = 0
    session_id: int = 0
    key: AuthRecord | None = None  # that it came by
    connection: int = 0  # in the order of their coming
    sent: float = 0.0  # when the client sent it, by our real clock


@dataclass
class Context:
    """Who asks, and in which world."""

    world: World
    auth: AuthRecord
    dc: int
    ports: dict[int, int]
    layer: int = 0
    init: Any = None
    call: Call | None = None
    keys: dict[int, AuthRecord] = field(default_factory=dict)
    dc_options: list[Any] = field(default_factory=list)

    @property
    def account(self) -> Account:
        account = self.world.accounts.get(self.auth.account_id or 0)
        if account is None:
            raise Rpc(401, "AUTH_KEY_UNREGISTERED")
        return account


Shown = Post | Snapshot  # a message in an answer: as it is, or as it was
Handler = Callable[[Context, Any], Any]
HANDLERS: dict[int, Handler] = {}
OPEN: set[int] = set()  # methods that need no login


def method(*requests: type, login: bool = True) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for request in requests:
            HANDLERS[request.CONSTRUCTOR_ID] = handler  # type: ignore[attr-defined]
            if not login:
                OPEN.add(request.CONSTRUCTOR_ID)  # type: ignore[attr-defined]
        return handler

    return register


def _names() -> dict[int, str]:
    found = {}
    modules = [functions, *(m for _, m in inspect.getmembers(functions, inspect.ismodule))]
    for module in modules:
        prefix = "" if module is functions else module.__name__.rsplit(".", 1)[-1] + "."
        for name, cls in inspect.getmembers(module, inspect.isclass):
            if name.endswith("Request") and cls.__module__ == module.__name__:
                found[cls.CONSTRUCTOR_ID] = prefix + name[0].lower() + name[1 : -len("Request")]
    return found


NAMES = _names()


def method_name(request: Any) -> str:
    """Telegram's own name of the method: messages.getHistory."""
    return NAMES.get(request.CONSTRUCTOR_ID, type(request).__name__)


def serialise(result: Any) -> bytes:
    """A result as it stands in an rpc_result: Bool and Vector are raw there."""
    if isinstance(result, bool):
        return struct.pack("<I", 0x997275B5 if result else 0xBC799737)
    if isinstance(result, list):
        return struct.pack("<Ii", 0x1CB5C415, len(result)) + b"".join(x._bytes() for x in result)
    return result._bytes()


# what answers say about peers


def input_channel(ctx: Context, given: TLObject) -> Channel:
    """The channel that an InputChannel or InputPeerChannel means, if this account may see it."""
    account = ctx.account
    channel = ctx.world.channels.get(getattr(given, "channel_id", 0))
    if channel is None:
        raise Rpc(400, "CHANNEL_INVALID" if hasattr(given, "channel_id") else "PEER_ID_INVALID")
    if isinstance(given, types.InputChannelFromMessage | types.InputPeerChannelFromMessage):
        _check_seen(ctx, given)
    elif given.access_hash != ctx.world.access_hash(account, channel):
        raise Rpc(400, "CHANNEL_INVALID")
    refusal = channel.refusal(account.id)
    if refusal is not None:
        raise Rpc(*refusal)
    if channel.forbidden_in_chats:
        raise Shut(channel)
    return channel


def _check_seen(ctx: Context, given: Any) -> None:
    where = input_channel(ctx, given.peer)
    post = where.find(given.msg_id)
    if post is None or given.channel_id not in post.peers[0]:
        raise Rpc(400, "CHANNEL_INVALID")


def chat(ctx: Context, channel: Channel, *, other: bool = False) -> TLObject:
    """The channel as this account sees it; `other` when the answer is about another one."""
    account = ctx.account
    access_hash = ctx.world.access_hash(account, channel)
    if channel.shut_to(account.id):
        return types.ChannelForbidden(
            channel.id, access_hash, channel.title, broadcast=not channel.megagroup, megagroup=channel.megagroup
        )
    several = len(channel.usernames) > 1 or bool(channel.inactive)
    names = [
        types.Username(n, editable=i == 0, active=n.lower() not in channel.inactive)
        for i, n in enumerate(channel.usernames)
    ]
    return types.Channel(
        id=channel.id,
        title=channel.title,
        photo=types.ChatPhotoEmpty(),
        date=channel.date,
        left=account.id not in channel.members or None,
        broadcast=not channel.megagroup,
        megagroup=channel.megagroup,
        forum=channel.forum or None,
        gigagroup=channel.gigagroup or None,
        min=(other and channel.min_for_others) or None,
        noforwards=channel.noforwards or None,
        has_link=channel.linked_chat_id is not None or None,
        access_hash=access_hash,
        username=None if several else channel.username,
        usernames=names if several else None,
    )


def about_peers(ctx: Context, channel: Channel, posts: Iterable[Shown]) -> tuple[list[Any], list[Any]]:
    """The `chats` and `users` of an answer with these messages."""
    channel_ids: set[int] = set()
    user_ids: set[int] = set()
    for post in posts:
        channels, users = post.peers
        channel_ids |= channels
        user_ids |= users
    others = [ctx.world.channels.get(i) for i in sorted(channel_ids - {channel.id})]
    chats = [own_chat(ctx, channel), *(chat(ctx, c, other=True) for c in others if c is not None)]
    return chats, [ctx.world.users[i] for i in sorted(user_ids) if i in ctx.world.users]


def own_chat(ctx: Context, channel: Channel) -> Raw:
    """`chat`, serialised once for each account and version of the channel."""
    account_id = ctx.auth.account_id
    key = (account_id, channel.version, channel.shut_to(account_id), account_id in channel.members, channel.noforwards)
    cached: tuple[Any, Raw] | None = ctx.auth.chats.get(channel.id)
    if cached is None or cached[0] != key:
        cached = (key, Raw(chat(ctx, channel)._bytes()))
        ctx.auth.chats[channel.id] = cached
    return cached[1]
