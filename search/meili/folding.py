"""Texts that are searched as telekeep folds them, in addition to their own spelling. Pure.

Meilisearch's tokenizer (charabia) takes off the marks of Latin, Greek, Arabic, Hebrew and Thai letters. It keeps apart
what `search.text.normalize` does not: ё and е, Arabic and Persian ي and ی, digits of other scripts, letters with
strokes. It splits об'єкт at the apostrophe and می‌خواهم at the joiner, and takes 👍 and $ for parts of the word next
to them: nobody would find Москва in Москва👍. Such words are indexed once more, folded; texts with invisible marks as a
whole, so that phrases in them are found. Most texts have neither.
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
_INVISIBLE: Final = "\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_SIGNS: Final = (
    "$<=>^|~¢-©¬®°´¸\u02b0-\u02ff\u200d\u20a0-\u20cf\u2100-\u214f\u2190-\u2bff\u3200-\u33ff\U0001f000-\U0001faff"
)
_CYRILLIC: Final = "\u0400-\u052f"
_OTHERWISE: Final = re.compile(
    f"[{_LETTERS}]"
    f"|\\w[{_SIGNS}]|[{_SIGNS}\ufe0f]\\w"
    f"|[{_CYRILLIC}][\u0300-\u0308A-Za-z]|[A-Za-z][{_CYRILLIC}]"
    f"|[{_CYRILLIC}]['\u2019\u02bc`\u00b4][{_CYRILLIC}]"
    "|[\u05d0-\u05ea]['\"\u2019\u201d][\u05d0-\u05ea]"
)
"""What Meilisearch spells or splits differently, within a word."""
_MARKED: Final = re.compile(f"[{_INVISIBLE}]")
"""Texts whose words it does not separate from the marks next to them."""
_ARTICLE: Final = re.compile("\\bال(?=\\w\\w)")


def folded_texts(texts: Iterable[str]) -> list[str]:
    """Fold the texts with invisible marks, so that phrases in them are found."""
    return [found for text in texts if _MARKED.search(text) and (found := folded_text(text))]


def folded_words(texts: Iterable[str]) -> list[str]:
    """Fold the words of the other texts that Meilisearch reads otherwise, the Arabic article apart as in questions."""
    found = dict.fromkeys(
        _ARTICLE.sub("ال ", folded_text(word))
        for text in texts
        if not _MARKED.search(text)
        for word in text.split()
        if _OTHERWISE.search(word)
    )
    found.pop("", None)
    return list(found)


def folded_text(text: str) -> str:
    """Fold a text to words, with a space between them."""
    return " ".join(fold(text).split())
