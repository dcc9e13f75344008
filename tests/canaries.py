"""Puts canaries into Telegram's objects: a name or an id found nowhere else in each place where a person can stand."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from telethon.tl import types
from telethon.tl.tlobject import TLObject

CANARY = re.compile(r"canary|\b770000[0-9]{4}\b", re.IGNORECASE)
_IDS = {
    "user_id",
    "users",
    "inviter_id",
    "new_creator_id",
    "auto_setting_from",
    "winners",
    "admin_id",
    "participant_id",
}
_PERSONS = {
    "first_name",
    "last_name",
    "from_name",
    "saved_from_name",
    "owner_name",
    "post_author",
    "author",
    "from_rank",
}
_FIXED = {
    "currency",
    "crypto_currency",
    "slug",
    "invoice_slug",
    "emoticon",
    "domain",
    "type",
    "mime_type",
    "data",
    "language",
}
_OTHERS = {"title", "text", "old_text"}
"""Names of other things, and words: a person stands in them as `@name`."""


class Canaries:
    """`strict`: any text is a person's name, unless it is known to be something else."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._numbers = count(7_700_000_001)

    def put(self, value: Any, name: str = "") -> Any:
        """The value with canaries, in place."""
        if isinstance(value, types.PeerUser):
            value.user_id = next(self._numbers)
        elif isinstance(value, TLObject):
            for key, one in vars(value).items():
                setattr(value, key, self.put(one, key))
        elif isinstance(value, list):
            return [self.put(one, name) for one in value]
        elif isinstance(value, str) and name not in _FIXED:
            return self._words(name, next(self._numbers))
        elif type(value) is int and name in _IDS:
            return next(self._numbers)
        return value

    def _words(self, name: str, number: int) -> str:
        if "url" in name:
            return f"https://t.me/canary_{number}/12"
        if name in _PERSONS or (self._strict and name not in _OTHERS):
            return f"Canary {number}"
        return f"by @canary_{number}"
