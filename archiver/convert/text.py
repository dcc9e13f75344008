"""Entities of a text as JSON, with offsets in UTF-16 code units exactly as received.

See https://core.telegram.org/api/entities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from telethon.tl import types

from archiver.convert.canonical import present, to_json

PLAIN_ENTITIES = {
    types.MessageEntityBold: "bold",
    types.MessageEntityItalic: "italic",
    types.MessageEntityUnderline: "underline",
    types.MessageEntityStrike: "strike",
    types.MessageEntitySpoiler: "spoiler",
    types.MessageEntityCode: "code",
    types.MessageEntityUrl: "url",
    types.MessageEntityEmail: "email",
    types.MessageEntityPhone: "phone",
    types.MessageEntityHashtag: "hashtag",
    types.MessageEntityCashtag: "cashtag",
    types.MessageEntityMention: "mention",
    types.MessageEntityBotCommand: "bot_command",
    types.MessageEntityBankCard: "bank_card",
    types.MessageEntityDiffInsert: "diff_insert",
    types.MessageEntityDiffDelete: "diff_delete",
    types.MessageEntityUnknown: "unknown",
}


def _mentioned_user(entity: Any) -> dict[str, object]:
    # A message may contain the input form, whose user is an object.
    user = entity.user_id
    return {"user_id": user if isinstance(user, int) else getattr(user, "user_id", None)}


def _formatted_date(entity: Any) -> dict[str, object]:
    return present(
        date=entity.date,
        relative=entity.relative,
        short_time=entity.short_time,
        long_time=entity.long_time,
        short_date=entity.short_date,
        long_date=entity.long_date,
        day_of_week=entity.day_of_week,
    )


_DETAILED: dict[type, tuple[str, Callable[[Any], dict[str, object]]]] = {
    types.MessageEntityTextUrl: ("text_url", lambda entity: {"url": entity.url}),
    types.MessageEntityMentionName: ("mention_name", _mentioned_user),
    types.InputMessageEntityMentionName: ("mention_name", _mentioned_user),
    types.MessageEntityPre: ("pre", lambda entity: {"language": entity.language}),
    types.MessageEntityCustomEmoji: ("custom_emoji", lambda entity: {"document_id": str(entity.document_id)}),
    types.MessageEntityBlockquote: ("blockquote", lambda entity: present(collapsed=entity.collapsed)),
    types.MessageEntityDiffReplace: ("diff_replace", lambda entity: {"old_text": entity.old_text}),
    types.MessageEntityFormattedDate: ("formatted_date", _formatted_date),
}


def entity_list(entities: Iterable[Any]) -> list[dict[str, object]]:
    """The entities as plain data, in their order."""
    converted: list[dict[str, object]] = []
    for entity in entities:
        name = PLAIN_ENTITIES.get(type(entity))
        if name is not None:
            converted.append({"type": name, "offset": entity.offset, "length": entity.length})
        else:
            converted.append(_detailed(entity))
    return converted


def convert_entities(entities: Iterable[Any]) -> str:
    """The entities as JSON."""
    return to_json(entity_list(entities))


def _detailed(entity: Any) -> dict[str, object]:
    known = _DETAILED.get(type(entity))
    if known is None:
        # A kind of a newer layer: its name and plain fields; the rest is in the raw bytes.
        fields = {name: value for name, value in vars(entity).items() if isinstance(value, str | int)}
        return {"type": "unknown", "tl": type(entity).__name__, **fields}
    name, details = known
    return {"type": name, "offset": entity.offset, "length": entity.length, **details(entity)}
