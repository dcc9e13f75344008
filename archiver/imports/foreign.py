"""Recognise exports of other messengers by file name, to say why they cannot be imported. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

ONLY_TELEGRAM: Final = "telekeep archives Telegram channels only."
SLACK: Final = "a Slack export"
WHATSAPP: Final = "a WhatsApp chat as text"
_SLACK_FILES: Final = frozenset({"users.json", "channels.json"})
_WHATSAPP_FILE: Final = re.compile(r"_chat\.txt|WhatsApp Chat .*\.txt")


def name_foreign(names: Iterable[str]) -> str | None:
    """What files with these names are, in any directory; None if unknown."""
    folders: dict[str, set[str]] = {}
    for name in names:
        folder, _, last = name.rpartition("/")
        if _WHATSAPP_FILE.fullmatch(last):
            return WHATSAPP
        if last in _SLACK_FILES:
            folders.setdefault(folder, set()).add(last)
    return SLACK if _SLACK_FILES in folders.values() else None
