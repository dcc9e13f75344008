"""Servers that do not say the truth: each lie turns a true answer of the double into a false one.

A lie is a method and what becomes of its result. `world` is the honest truth that the archive has to come back to.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from telethon.tl import types

Twist = Callable[[Any], Any]

STRANGER = types.PeerChannel(99)
LAST = 2**31 - 1


def plain(answer: Any) -> Any:
    """The answer with messages that can be changed, leaving the world's own alone."""
    for name in ("messages", "new_messages"):
        if getattr(answer, name, None):
            setattr(answer, name, [_copy(item) for item in getattr(answer, name)])
    if getattr(answer, "other_updates", None):
        answer.other_updates = [copy.copy(update) for update in answer.other_updates]
        for update in answer.other_updates:
            if hasattr(update, "message"):
                update.message = _copy(update.message)
    return answer


def _copy(item: Any) -> Any:
    return copy.copy(getattr(item, "message", None) if hasattr(item, "peers") else item)


def _of_messages(change: Callable[[list[Any]], list[Any]]) -> Twist:
    def twist(answer: Any) -> Any:
        name = "messages" if hasattr(answer, "messages") else "new_messages"
        if getattr(answer, name, None) is not None:
            plain(answer)
            setattr(answer, name, change(getattr(answer, name)))
        return answer

    return twist


def _with(item: Any, **fields: Any) -> Any:
    changed = copy.copy(item)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def stray(message_id: int) -> Twist:
    """One more message, with this id, that was never posted."""
    return _of_messages(lambda found: [*found, _with(found[-1], id=message_id)] if found else found)


def stray_first(message_id: int) -> Twist:
    return _of_messages(lambda found: [_with(found[0], id=message_id), *found] if found else found)


def renumbered(place: int, message_id: int) -> Twist:
    """One of the messages under another id."""

    def change(found: list[Any]) -> list[Any]:
        return [_with(m, id=message_id) if at == place % len(found) else m for at, m in enumerate(found)]

    return _of_messages(lambda found: change(found) if found else found)


def of_peer(peer: Any, place: int) -> Twist:
    """One of the messages belongs to somebody else."""

    def change(found: list[Any]) -> list[Any]:
        return [_with(m, peer_id=peer) if at == place % len(found) else m for at, m in enumerate(found)]

    return _of_messages(lambda found: change(found) if found else found)


def all_of_peer(peer: Any) -> Twist:
    return _of_messages(lambda found: [_with(m, peer_id=peer) for m in found])


def without(keep: slice) -> Twist:
    """Only these of the messages."""
    return _of_messages(lambda found: found[keep])


def without_every(step: int) -> Twist:
    return _of_messages(lambda found: [m for at, m in enumerate(found) if at % step])


def doubled() -> Twist:
    return _of_messages(lambda found: [m for m in found for _ in range(2)])


def reversed_order() -> Twist:
    return _of_messages(lambda found: found[::-1])


def shifted(by: int) -> Twist:
    """Every message under another id."""
    return _of_messages(lambda found: [_with(m, id=m.id + by) for m in found])


def emptied() -> Twist:
    return _of_messages(lambda _: [])


def all_empty(peer: Any) -> Twist:
    """Every message is said to be gone."""
    return _of_messages(lambda found: [types.MessageEmpty(id=m.id, peer_id=peer) for m in found])


def field(**fields: Any) -> Twist:
    """Numbers of the answer itself: pts, count, final."""

    def twist(answer: Any) -> Any:
        for name, value in fields.items():
            if hasattr(answer, name):
                setattr(answer, name, value(getattr(answer, name)) if callable(value) else value)
        return answer

    return twist


def both(*twists: Twist) -> Twist:
    def twist(answer: Any) -> Any:
        for one in twists:
            answer = one(answer)
        return answer

    return twist


def endless(step: int) -> Twist:
    """A difference that never is the last one; each leads `step` further."""
    state = {"pts": 0}

    def twist(answer: Any) -> Any:
        state["pts"] = max(state["pts"], getattr(answer, "pts", 0) or 0) + step
        return types.updates.ChannelDifference(
            pts=state["pts"], new_messages=[], other_updates=[], chats=[], users=[], final=None, timeout=30
        )

    return twist


def deletes(channel_id: int, *message_ids: int) -> Twist:
    """A difference that says that these are gone, whatever it was to say."""

    def twist(answer: Any) -> Any:
        pts = getattr(answer, "pts", 1) or 1
        gone = types.UpdateDeleteChannelMessages(channel_id, list(message_ids), pts, len(message_ids))
        return types.updates.ChannelDifference(
            pts=pts, new_messages=[], other_updates=[gone], chats=[], users=[], final=True, timeout=30
        )

    return twist


def posts(make: Callable[[int], Any]) -> Twist:
    """A difference with one new message."""

    def twist(answer: Any) -> Any:
        pts = getattr(answer, "pts", 1) or 1
        return types.updates.ChannelDifference(
            pts=pts, new_messages=[make(pts)], other_updates=[], chats=[], users=[], final=True, timeout=30
        )

    return twist
