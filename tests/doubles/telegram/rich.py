"""Texts with entities, written as parts; offsets are counted in UTF-16 units, as Telegram does."""

from __future__ import annotations

from typing import Any

from telethon.tl import types as tl

Part = str | tuple[Any, ...]
_KINDS: dict[str, Any] = {
    "bold": tl.MessageEntityBold,
    "italic": tl.MessageEntityItalic,
    "underline": tl.MessageEntityUnderline,
    "strike": tl.MessageEntityStrike,
    "spoiler": tl.MessageEntitySpoiler,
    "code": tl.MessageEntityCode,
    "pre": tl.MessageEntityPre,
    "quote": tl.MessageEntityBlockquote,
    "link": tl.MessageEntityTextUrl,
    "url": tl.MessageEntityUrl,
    "email": tl.MessageEntityEmail,
    "phone": tl.MessageEntityPhone,
    "hashtag": tl.MessageEntityHashtag,
    "cashtag": tl.MessageEntityCashtag,
    "mention": tl.MessageEntityMention,
    "emoji": tl.MessageEntityCustomEmoji,
    "person": tl.MessageEntityMentionName,
}


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def rich(*parts: Part) -> dict[str, Any]:
    """`text` and `entities` for Channel.post. A part is a string, or (kind, text, what that kind needs)."""
    text = ""
    entities = []
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        kind, inner, *extra = part
        entities.append(_KINDS[kind](units(text), units(inner), *extra))
        text += inner
    return {"text": text, "entities": entities or None}
