"""Rewrite persons in what a service message reports. Pure.

Actions come from Telegram, or by an import from any program, with any field. So words are kept only in known fields;
all others count as the name of a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from archiver.export.pseudonyms.nested import CHATS, OPAQUE, NestedPersons

_KEPT: Final = frozenset(
    {"title", "new_title", "text", "currency", "crypto_currency", "emoticon", "slug", "invoice_slug", "cost", "amount"}
    | {"reason_domain", "domain"}
)
"""Titles are of channels, groups, topics and gifts. Persons in `text` are found as in other texts."""
_CHANNEL: Final = frozenset({"type", "id", "name", "title", "username"})
_TITLED: Final = frozenset(
    {"chat_create", "chat_edit_title", "channel_create", "channel_migrate_from", "topic_create", "topic_edit"}
)
"""Imported actions with the title of a chat or topic; all objects that Telegram sent have `_`."""
_NAMED: Final = re.compile(r"[a-z_][a-z0-9_]{0,40}")
"""A field of Telegram's; in other programs' data a name or an id may be a key."""
_TOKENS: Final = {"_", "type", "constructor", "tl", "option", "reason", "discard_reason"}
_TOKEN: Final = re.compile(r"[A-Za-z0-9_+/=.:-]*")
_NUMBERS: Final = re.compile(
    r"(?:.*_)?(?:amount|score|distance|duration|period|stars|count|date|time|unixtime|seconds|boosts|num|number|price"
    r"|color|size|at|days|months|cost|total|layer|constructor|lat|long|rarity|permille|supply|issued|remains|part)"
)
_LARGEST_COUNT: Final = 99_999
_SENTENCES: Final = frozenset({"message", "information_text"})
_USERNAMES: Final = frozenset({"username", "usernames"})
_VALUE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]{5,15}(?:Z|[+-][0-9:]{5})?)?")
_ID: Final = re.compile(
    r"(?:.*_)?(?:ids?|peers?|users?|members?|participants?|winners|inviter|actor|from|to|creator|by)"
)
_NO_PERSON: Final = re.compile(
    r"(?:.*_)?(?:message|msg|chat|channel|community|bot|button|call|game|dc|gift|saved|emoji|story|topic|option|theme"
    r"|document|photo|video|audio|background|collectible|transaction|query|file)_ids?|id"
)
_LONGEST_ID: Final = 16


class ActionPersons(NestedPersons):
    """Rewrites actions."""

    def _object(self, thing: Mapping[str, Any]) -> dict[str, Any]:
        if str(thing.get("type")) in ("channel", "chat") and type(thing.get("id")) is int and thing.keys() <= _CHANNEL:
            return dict(thing)
        if all(map(_NAMED.fullmatch, thing)):
            return super()._object(thing)
        return super()._object({key if _NAMED.fullmatch(key) else self._id(key): one for key, one in thing.items()})

    def _field(self, key: str, value: Any, thing: Mapping[str, Any], made: dict[str, Any]) -> Any:
        if "_" not in thing:
            kind = str(thing.get("type"))
            if key == "id" and kind not in ("channel", "chat"):
                return self._id(value)
            if key in ("title", "new_title") and kind not in _TITLED and isinstance(value, str):
                return self._id(value)
            if key == "text" and "type" in thing and kind != "web_view_data_sent" and isinstance(value, str):
                return self._names.other("words", value) if value.strip() else value
        if key in _SENTENCES and isinstance(value, list):
            return self._names.other("words", str(value))
        numbers = [one for one in (value if isinstance(value, list) else [value]) if type(one) in (int, float)]
        if any(one > _LARGEST_COUNT for one in numbers) and not (_NUMBERS.fullmatch(key) or _NO_PERSON.fullmatch(key)):
            return [self._id(one) for one in value] if isinstance(value, list) else self._id(value)
        if _ID.fullmatch(key) and not _NO_PERSON.fullmatch(key) and not isinstance(value, dict):
            return [self._id(one) for one in value] if isinstance(value, list) else self._id(value)
        return super()._field(key, value, thing, made)

    def _string(self, key: str, value: str) -> str:
        if key in _TOKENS and _TOKEN.fullmatch(value):
            return value
        return self._words(key, value) if key in OPAQUE else super()._string(key, value)

    def _words(self, key: str, value: str) -> str:
        if key in _KEPT:
            return super()._words(key, value)
        if not value.strip() or _VALUE.fullmatch(value) or CHATS.fullmatch(value):
            return value
        if key in _USERNAMES:
            return self._texts.mention(f"@{value}").removeprefix("@")
        if value.isascii() and value.isdecimal() and (_NO_PERSON.fullmatch(key) or len(value) > _LONGEST_ID):
            return value
        return self._names.other("words", value) if key in _SENTENCES else self._names.named(value)
