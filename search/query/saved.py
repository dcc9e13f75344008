"""Names of saved queries: what may be one, and when two are the same. Pure."""

from __future__ import annotations

import unicodedata

LONGEST = 64


def fold_name(name: str) -> str:
    """By which a saved query is known: case and the way in which accents are encoded make no other name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def is_name(name: str) -> bool:
    """Whether it can be written behind `query:` as it stands: letters and digits of any script, - _ and ."""
    if not 0 < len(name) <= LONGEST or not name[0].isalnum():
        return False
    return all(char in "-_." or unicodedata.category(char)[0] in "LMN" for char in name)
