"""Rewrite persons in what a service message reports. Pure.

Actions come from Telegram, and by imports from any program, with any field. So words are kept only where it is known
what they are; all others count as the name of a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from archiver.export.pseudonyms.nested import CHATS, NestedPersons

_KEPT: Final = frozenset(
    {"title", "new_title", "text", "currency", "crypto_currency", "emoticon", "slug", "invoice_slug", "reason"}
    | {"discard_reason", "reason_domain", "domain", "cost", "amount", "layer"}
)
"""Titles are of channels, groups, topics and gifts. Persons in `text` are found as in other texts."""
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

    def _field(self, key: str, value: Any, thing: Mapping[str, Any], made: dict[str, Any]) -> Any:
        if _ID.fullmatch(key) and not _NO_PERSON.fullmatch(key) and not isinstance(value, dict):
            return [self._id(one) for one in value] if isinstance(value, list) else self._id(value)
        return super()._field(key, value, thing, made)

    def _string(self, key: str, value: str) -> str:
        return self._words(key, value) if key == "id" else super()._string(key, value)

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
