"""A rich message in part and whole, compared as records. Pure.

A *part* is a message whose rich content the server shows only the beginning of; the *whole* is the answer to
`messages.getRichMessage`. Both are contents of the same edit, and one revision.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from archiver.model.record import Message


def list_blocks(message: Message) -> list[Any] | None:
    """The blocks of its rich message; None without one."""
    if not message.extra or '"rich"' not in message.extra:
        return None
    rich = orjson.loads(message.extra).get("rich")
    return None if rich is None else rich["blocks"]


def begins_with(whole: Message, part: Message) -> bool:
    """Whether the part is the beginning of the whole, so that both may be the same edit although its date moved."""
    beginning, blocks = list_blocks(part), list_blocks(whole)
    if beginning is None or blocks is None or blocks[: len(beginning)] != beginning:
        return False
    return (whole.text, whole.entities, whole.markup) == (part.text, part.entities, part.markup)


def is_shorter(whole: Message, blocks: int | None) -> bool:
    """Whether an answer has fewer blocks than are held of the part: it cannot be the whole of it.

    An edit meanwhile may have made it shorter; then the next difference shows that part, too.
    """
    return blocks is not None and len(list_blocks(whole) or ()) < blocks


def keep_names(whole: Message, held: Message) -> Message:
    """The whole, with what is held of its sender and origin, and of counters that the answer has not.

    Sender and origin never change, and an answer about one message may come without the names behind them.
    """
    return replace(
        whole,
        sender=held.sender or whole.sender,
        fwd_from=held.fwd_from or whole.fwd_from,
        views=held.views if whole.views is None else whole.views,
        forwards=held.forwards if whole.forwards is None else whole.forwards,
        replies=held.replies if whole.replies is None else whole.replies,
        reactions=held.reactions if whole.reactions is None else whole.reactions,
    )
