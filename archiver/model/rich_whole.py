"""Compare a rich message's part and whole. Pure.

A *part* is a message with only the beginning of its rich content; the *whole* is the answer to
`messages.getRichMessage`. Both belong to the same edit, and are one revision.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from archiver.model.record import Message


def list_blocks(message: Message) -> list[Any] | None:
    """The blocks of its rich message, if it has one."""
    if not message.extra or '"rich"' not in message.extra:
        return None
    rich = orjson.loads(message.extra).get("rich")
    return None if rich is None else rich["blocks"]


def begins_with(whole: Message, part: Message) -> bool:
    """Whether the part is the beginning of the whole, so that both may be the same edit even if the date moved."""
    beginning, blocks = list_blocks(part), list_blocks(whole)
    if beginning is None or blocks is None or blocks[: len(beginning)] != beginning:
        return False
    return (whole.text, whole.entities, whole.markup) == (part.text, part.entities, part.markup)


def is_shorter(whole: Message, blocks: int | None) -> bool:
    """Whether an answer has fewer blocks than the part held, so that it cannot be its whole.

    It may have been edited meanwhile; then the next difference brings the new part.
    """
    return blocks is not None and len(list_blocks(whole) or ()) < blocks


def keep_names(whole: Message, held: Message) -> Message:
    """The whole with the sender and origin held, and with the counters that the answer lacks.

    Sender and origin never change, and an answer about a single message may lack their names.
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
