"""Names of saved queries: which are valid, and when two are the same. Pure."""

from __future__ import annotations

import unicodedata

MAX_QUERY_NAME = 64
"""Characters."""


def fold_query_name(name: str) -> str:
    """Fold a name for look-up: case and the Unicode encoding of accents do not matter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def is_query_name(name: str) -> bool:
    """Whether the name can follow `query:` without quotes: letters and digits of any script, - _ and ."""
    if not 0 < len(name) <= MAX_QUERY_NAME or not name[0].isalnum():
        return False
    return all(char in "-_." or unicodedata.category(char)[0] in "LMN" for char in name)
