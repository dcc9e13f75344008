"""Names of peers, which come with each answer, in its `users` and `chats`.

A peer is written as its bare positive id and a type; marked ids (`-100...`) do not occur here.
See https://core.telegram.org/api/peers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from telethon.tl import types

from archiver.convert.canonical import present, to_json

_PEERS = {
    types.PeerUser: ("user", "user_id"),
    types.PeerChannel: ("channel", "channel_id"),
    types.PeerChat: ("chat", "chat_id"),
}


def bare_peer(peer: Any) -> dict[str, object]:
    """{type, id} of a peer."""
    kind, attribute = _PEERS[type(peer)]
    return {"type": kind, "id": getattr(peer, attribute)}


def known_peer(peer: Any) -> dict[str, object] | None:
    """{type, id} of a peer; None without one."""
    return None if peer is None else bare_peer(peer)


class Peers:
    """The names in one answer."""

    __slots__ = ("_chats", "_senders", "_users")

    def __init__(self, users: Iterable[Any] = (), chats: Iterable[Any] = ()) -> None:
        self._users: dict[object, Any] = {user.id: user for user in users}
        self._chats: dict[object, Any] = {chat.id: chat for chat in chats}
        self._senders: dict[tuple[object, object], str] = {}

    def names(self, peer: Any) -> tuple[str | None, str | None]:
        """Name and username; None if the answer does not contain them."""
        found = (
            self._users.get(peer.user_id) if type(peer) is types.PeerUser else self._chats.get(bare_peer(peer)["id"])
        )
        return (None, None) if found is None else (_name(found), active_username(found))

    def describe(self, peer: Any) -> dict[str, object]:
        """{type, id, name, username} of a peer."""
        name, username = self.names(peer)
        return {**bare_peer(peer), "name": name, "username": username}

    def sender(self, peer: Any) -> str:
        """The same as JSON; cached per answer, because a few people write most of a group's messages."""
        kind, attribute = _PEERS[type(peer)]
        key = (kind, getattr(peer, attribute))
        sender = self._senders.get(key)
        if sender is None:
            sender = self._senders[key] = to_json(self.describe(peer))
        return sender


def forward_header(header: Any, peers: Peers) -> dict[str, object]:
    """A forward's origin with TL's field names; `name` and `username` from the answer."""
    name, username = (None, None) if header.from_id is None else peers.names(header.from_id)
    return present(
        from_id=known_peer(header.from_id),
        from_name=header.from_name,
        name=name,
        username=username,
        date=header.date,
        channel_post=header.channel_post,
        post_author=header.post_author,
        saved_from_peer=known_peer(header.saved_from_peer),
        saved_from_msg_id=header.saved_from_msg_id,
        saved_from_id=known_peer(header.saved_from_id),
        saved_from_name=header.saved_from_name,
        saved_date=header.saved_date,
        saved_out=header.saved_out,
        imported=header.imported,
        psa_type=header.psa_type,
    )


def active_usernames(owner: Any) -> tuple[str, ...]:
    """All active usernames, the main one first."""
    listed = tuple(name.username for name in getattr(owner, "usernames", None) or () if name.active)
    main = getattr(owner, "username", None)
    return listed if main is None or main in listed else (main, *listed)


def active_username(owner: Any) -> str | None:
    """The main username."""
    return next(iter(active_usernames(owner)), None)


def _name(owner: Any) -> str | None:
    title = getattr(owner, "title", None)
    if title is None:
        parts = (getattr(owner, "first_name", None), getattr(owner, "last_name", None))
        title = " ".join(part for part in parts if part)
    return title or None
