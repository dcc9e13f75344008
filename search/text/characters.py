"""Folding of single characters: compatibility forms, case, letter variants, accents, digits, punctuation. Pure.

Unicode: https://www.unicode.org/reports/tr44/ (categories).
"""

from __future__ import annotations

import unicodedata
from typing import Final

_LETTERS = {
    # Letters that do not decompose into their plain form.
    **dict(zip("ıłøđðħŧþŋ", ("i", "l", "o", "d", "d", "h", "t", "th", "n"), strict=True)),
    "æ": "ae",
    "œ": "oe",
    "ĸ": "k",
    # Small capitals and squared letters, which people use for headlines.
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True)),
    **{chr(first + at): chr(97 + at) for first in (0x1F150, 0x1F170) for at in range(26)},
    "ə": "e",
    "ё": "е",
    "ѐ": "е",
    "ґ": "г",
    "ѝ": "и",
    # Arabic and Persian: hamza carriers, the two yehs and kafs, teh marbuta and the many hehs.
    **dict.fromkeys("أإآٱٲٳ", "ا"),
    **dict.fromkeys("ىیئېۍ", "ي"),
    **dict.fromkeys("کڪ", "ك"),
    **dict.fromkeys("ةۀہۂۃھە", "ه"),
    "ؤ": "و",
    "ڤ": "ف",
    # Yiddish and Hebrew ligatures.
    "װ": "וו",
    "ױ": "וי",
    "ײ": "יי",
}
_APOSTROPHES = frozenset("'’‘ʼʻʹ`′՚׳ʾʿ\uff07")
_QUOTES = frozenset('"״')
_FILLERS = frozenset("\u0640\u115f\u1160\u3164\uffa0\u180e")
"""Tatweel and invisible letters."""
_DROPPED_MARKS = (
    (0x0300, 0x036F),  # Latin, Greek, stress marks on Cyrillic
    (0x0483, 0x0489),
    (0x0591, 0x05C7),  # Hebrew points
    (0x0610, 0x061A),  # Arabic
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x08CA, 0x08FF),
    (0x0711, 0x0711),  # Syriac
    (0x0730, 0x074A),
    (0x180B, 0x180F),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)


class _Table(dict[int, str]):
    """Filled on demand: building the whole table would slow down every start of the command."""

    def __missing__(self, code: int) -> str:
        folded = _fold_char(chr(code))
        self[code] = folded
        return folded


def _fold_char(char: str) -> str:
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold())
    if plain == char:
        return _fold_plain(char)
    return "".join(TABLE[ord(part)] for part in plain)


def _fold_plain(char: str) -> str:
    """Fold a character that NFKC and case folding leave unchanged."""
    if char in _LETTERS:
        return _LETTERS[char]
    if char in _APOSTROPHES:
        return "'"
    if char in _QUOTES:
        return '"'
    category = unicodedata.category(char)
    if char in _FILLERS or category == "Cf" or _is_dropped_mark(char, category):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category[0] == "L":
        return _unaccent(char)
    if (
        category == "So"
        or (category == "Sk" and char > "\uffff")
        or (category == "Cn" and "\U0001efff" < char < "\U00020000")
    ):
        return " " if "\u2500" <= char <= "\u259f" else f" {char} "
    return char if category[0] in "NM" or category == "Cn" else " "


def _is_dropped_mark(char: str, category: str) -> bool:
    return category in {"Mn", "Me"} and any(low <= ord(char) <= high for low, high in _DROPPED_MARKS)


def _unaccent(char: str) -> str:
    """Strip accents from Latin and Greek letters; elsewhere (й, ї, が) the mark makes a different letter."""
    base = unicodedata.normalize("NFD", char)[0]
    if base == char or not (base < "\u0250" or "\u0370" <= base < "\u0400"):
        return char
    return TABLE[ord(base)]


TABLE: Final = _Table()
"""Translation table for `str.translate`."""
