"""Links to Telegram: its hosts, and the words of their paths that are not usernames. Pure."""

from __future__ import annotations

import re
from typing import Final

HOSTS: Final = frozenset({"t.me", "telegram.me", "telegram.dog"})
USERNAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
NOT_USERNAMES: Final = frozenset(
    {"addemoji", "addlist", "addstickers", "addtheme", "auction", "bg", "boost", "c", "contact", "giftcode", "invoice"}
    | {"iv", "joinchat", "login", "m", "nft", "proxy", "s", "setlanguage", "share", "socks"}
)
