"""Numbers with grouped digits: 1,000, 1 000, 1.000 and ١٬٠٠٠ are 1000. Pure.

A text is indexed as written; the number without its separators is added as a further term, `#1000`, so that 1000 finds
all spellings and no part of a longer number, and "1000" in quotes only itself.
"""

from __future__ import annotations

import re
from typing import Final

_SIGNS: Final = ",.，'’٬،٫\u00a0\u2007\u2009\u202f"
_UNSPACED: Final = "\u0e00-\u0eff\u2e80-\U0003ffff"
"""Letters directly before and after a number: 超过10,000人."""
_GROUPED: Final = (
    rf"(?<![^\W{_UNSPACED}])(?<!\+)(?<!\d[{_SIGNS}])(?:"
    rf"\d{{1,3}}([{_SIGNS}])\d{{3}}(?:\1\d{{3}})*"
    r"|(?<!\d )\d{1,3}(?: \d{3})+"
    r"|\d{1,2}(?:,\d\d)+,\d{3}"
    rf")(?![^\W{_UNSPACED}])(?![{_SIGNS}]\d{{3}})"
)
"""Groups of three, or as in India: 10,00,000."""
_NOT_DIGITS: Final = r"\D+"
_MAY_BE: Final = rf"\d[ {_SIGNS}]\d\d"


def grouped_numbers(text: str) -> list[str]:
    """Return the numbers with grouped digits in a text, in ASCII digits without separators."""
    if not re.search(_MAY_BE, text):
        return []
    return list(dict.fromkeys(_join(found[0]) for found in re.finditer(_GROUPED, text)))


def grouped_term(number: str) -> str:
    """Return the index term of such a number; it cannot equal a word of a text."""
    return f"#{number}"


def ungrouped(word: str) -> str | None:
    """Return a word that is a number with grouped digits without its separators; None for any other."""
    word = re.sub(r"^\W+|\W+$", "", word)  # $1,000
    found = re.fullmatch(_GROUPED, word) if re.search(_MAY_BE, word) else None
    return _join(word) if found else None


def group(number: str) -> tuple[str, ...] | None:
    """Return the groups of a number of ASCII digits; None if it is too short to have several."""
    if len(number) < 4 or not (number.isascii() and number.isdigit()) or number[0] == "0":
        return None
    first = len(number) % 3 or 3
    return (number[:first], *(number[at : at + 3] for at in range(first, len(number), 3)))


def _join(number: str) -> str:
    return "".join(str(int(char)) for char in re.sub(_NOT_DIGITS, "", number))
