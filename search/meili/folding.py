"""Texts that are also searched as telekeep folds them, beside their own spelling. Pure.

Meilisearch's tokenizer (charabia) takes off the marks of Latin, Greek, Arabic, Hebrew and Thai letters. It keeps apart
what `search.text.normalize` does not: ё and е, Arabic and Persian ي and ی, digits of other scripts, letters with
strokes. It splits об'єкт at the apostrophe and می‌خواهم at the joiner, and takes 👍 and $ for parts of the word beside
them: nobody would find Москва in Москва👍. Texts that it cuts otherwise are indexed once more, folded, so that phrases
in them are found; of the others only the words with letters that it keeps apart. Most texts have neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from search.text.normalize import fold

_LETTERS: Final = (
    "ÐØÞßðøþĐđĦħıİŁłŊŋŒœŦŧ"  # Latin with strokes, ligatures
    "ЀЁЍѐёѝҐґ"
    "\u05f0-\u05f4"  # Hebrew ligatures, geresh, gershayim
    "\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59"  # digits
    "ٲٳڤکڪھۀہۂۃیۍېە"  # Persian, Urdu, Kurdish
    "\u200c"  # zero-width non-joiner
)
_INVISIBLE: Final = "\u00ad\u200b\u200d-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_SIGNS: Final = "$<=>^|~¢-©¬®°´¸\u02b0-\u02ff\u20a0-\u20cf\u2100-\u214f\u2190-\u2bff\u3200-\u33ff\U0001f000-\U0001faff"
_CYRILLIC: Final = "\u0400-\u052f"
_SPELLED: Final = re.compile(f"\\S*[{_LETTERS}]\\S*")
"""Words with letters that Meilisearch keeps apart."""
_CUT: Final = re.compile(
    f"[{_INVISIBLE}]"
    f"|\\w[{_SIGNS}]|[{_SIGNS}\ufe0f]\\w"
    f"|[{_CYRILLIC}][\u0300-\u0308A-Za-z]|[A-Za-z][{_CYRILLIC}]"
    f"|[{_CYRILLIC}]['\u2019\u02bc`\u00b4][{_CYRILLIC}]"
    "|[\u05d0-\u05ea]['\"\u2019\u201d][\u05d0-\u05ea]"
)
"""Texts that Meilisearch cuts into other words."""


def folded_parts(texts: Iterable[str]) -> list[str]:
    """Fold the texts that Meilisearch cuts otherwise than telekeep, and of the others the words it spells otherwise."""
    found = dict.fromkeys(
        folded_text(part) for text in texts for part in ([text] if _CUT.search(text) else _SPELLED.findall(text))
    )
    found.pop("", None)
    return list(found)


def folded_text(text: str) -> str:
    """Fold a text to words, with a space between them."""
    return " ".join(fold(text).split())
