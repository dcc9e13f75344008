"""How many bytes of HTML a message takes on a page, roughly. Pure."""

from __future__ import annotations

from typing import Final

from archiver.model.row import StoredMedia, StoredMessage

_POST: Final = 400
"""Bytes around any message: its number, time, counters."""
_MEDIUM: Final = 160
"""Bytes around any attachment."""
_QUOTED: Final = 400
"""Bytes of the quoted beginning of the message that a reply answers."""
_ORIGIN: Final = 160
_CONTROLS: Final = "\n\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that become elements of their own."""
_ELEMENT: Final = 45
"""Bytes of such an element."""
_SHOWN_EXTRA: Final = frozenset({"poll", "checklist", "todo", "invoice", "giveaway", "contact", "venue", "geo"})
"""Kinds of attachments that are described in words."""


def estimate_size(message: StoredMessage, media: tuple[StoredMedia, ...]) -> int:
    """Bytes of the message as it is shown among others."""
    text = message.text
    controls = 0 if text.isprintable() else sum(map(text.count, _CONTROLS))
    escaped = 5 * sum(map(text.count, "<>&\"'"))
    return (
        _POST
        + _bytes(text)
        + escaped
        + _ELEMENT * controls
        + _bytes(message.entities)
        + _bytes(message.reactions)
        + _bytes(message.markup)
        + _bytes(message.action)
        + _bytes(message.post_author)
        + (_QUOTED if message.reply_to else 0)
        + (_ORIGIN + _bytes(message.fwd_from) if message.fwd_from else 0)
        + sum(map(_medium_size, media))
    )


def _medium_size(slot: StoredMedia) -> int:
    named = (slot.file_name, slot.title, slot.performer, slot.url, slot.extra if slot.kind in _SHOWN_EXTRA else None)
    return _MEDIUM + sum(map(_bytes, named))


def _bytes(text: str | None) -> int:
    return len(text.encode("utf-8", "replace")) if text else 0
