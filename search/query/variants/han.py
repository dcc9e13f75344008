"""Chinese words in simplified and traditional characters, Japanese words in old and new character forms. Pure.

The table of equivalent characters (`han.txt`) is derived from OpenCC's and loaded on first use. One simplified
character may correspond to several traditional ones: 头发 is 頭髮, 发表 is 發表. All combinations are searched; those
that are not words occur in no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice, product
from pathlib import Path
from typing import NamedTuple

_HAN = re.compile("[\u4e00-\u9fff]")
_KANA = re.compile("[\u3041-\u30ff]")
_MAX_VARIANTS = 24
_MAX_JAPANESE = 2


class HanTable(NamedTuple):
    """Contents of `han.txt`."""

    simple: dict[str, str]
    """Traditional-only character to its simplified form."""
    traditional: dict[str, tuple[str, ...]]
    """Simplified character to its traditional forms, including itself if it is also traditional."""
    local: dict[str, tuple[str, ...]]
    """Traditional character to its forms in Taiwan or Hong Kong."""
    new: dict[str, str]
    """Old Japanese character form to the new one; `old` is the inverse."""
    old: dict[str, str]


def han_variants(word: str) -> list[str]:
    """Return other spellings of a folded word; there may be none."""
    if _HAN.search(word) is None:
        return []
    table = _table()
    found = dict.fromkeys(_japanese(word, table) if _KANA.search(word) else _chinese(word, table))
    found.pop(word, None)
    return list(found)


def _chinese(word: str, table: HanTable) -> Iterator[str]:
    old = "".join(table.old.get(char, char) for char in word)
    yield "".join(table.simple.get(char, char) for char in old)
    traditional = any(char in table.simple for char in old)
    options = [_equivalents(char, table) if traditional else _traditional_forms(char, table) for char in old]
    for at, chars in enumerate(islice(product(*options), _MAX_VARIANTS)):
        yield "".join(chars)
        if at < _MAX_JAPANESE:
            yield "".join(table.new.get(char, char) for char in chars)


def _japanese(word: str, table: HanTable) -> Iterator[str]:
    for change in (table.old, table.new):
        yield "".join(change.get(char, char) for char in word)


def _equivalents(char: str, table: HanTable) -> Sequence[str]:
    """Return the equivalents of a character in a traditional word."""
    simple = table.simple.get(char, char)
    both = (simple,) if simple in table.traditional.get(simple, ()) else ()
    return tuple(dict.fromkeys((char, *both, *table.local.get(char, ()))))


def _traditional_forms(char: str, table: HanTable) -> Sequence[str]:
    """Return the traditional characters to which one in a simplified word may correspond."""
    return table.traditional.get(char) or (char, *table.local.get(char, ()))


@cache
def _table() -> HanTable:
    text = Path(__file__).with_name("han.txt").read_text("utf-8")
    classes, local, japanese = (part.split("\n", 1)[1].split() for part in text.split("\n# ")[2:])
    traditional = {line[0]: tuple(line[1:]) for line in classes}
    known: dict[str, tuple[str, ...]] = {}
    for one, other in (pair for line in local for pair in ((line[0], line[1]), (line[1], line[0]))):
        known[one] = (*known.get(one, ()), other)
    return HanTable(
        simple={other: line[0] for line in classes for other in line[1:] if other not in traditional},
        traditional=traditional,
        local=known,
        new={line[0]: line[1] for line in japanese},
        old={line[1]: line[0] for line in japanese if line[1] not in traditional},
    )


def other_characters(text: str) -> str | None:
    """Return a Chinese text in the other characters, traditional or simplified; None if it has none of its own."""
    table = _table()
    simple = "".join(table.simple.get(char, char) for char in text)
    if simple != text:
        return simple
    full = "".join((table.traditional.get(char) or (char,))[0] for char in text)
    return full if full != text else None
