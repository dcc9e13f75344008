"""Chinese words in simplified and in traditional characters, and Japanese ones in the older and the present ones. Pure.

Which characters are one is a table made of OpenCC's (`han.txt`), read when the first question needs it. A simplified
character may stand for several: 头发 is 頭髮, 发表 is 發表. All are looked for; those that are no word are in no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import islice, product
from typing import NamedTuple

_HAN = re.compile("[\u4e00-\u9fff]")
_KANA = re.compile("[\u3041-\u30ff]")
_MOST = 24
_MOST_JAPANESE = 2


class Table(NamedTuple):
    """What `han.txt` says."""

    simple: dict[str, str]
    """Of a character that is traditional only, the simplified one."""
    traditional: dict[str, tuple[str, ...]]
    """Of a simplified character, what it stands for, itself too if it is traditional as well."""
    local: dict[str, tuple[str, ...]]
    """Of a traditional character, how else Taiwan or Hong Kong write it."""
    new: dict[str, str]
    """The present Japanese character of an older one, and the way back."""
    old: dict[str, str]


def han_variants(word: str) -> list[str]:
    """The other ways to write a folded word, of which it may be none."""
    if _HAN.search(word) is None:
        return []
    table = _table()
    found = dict.fromkeys(_japanese(word, table) if _KANA.search(word) else _chinese(word, table))
    found.pop(word, None)
    return list(found)


def _chinese(word: str, table: Table) -> Iterator[str]:
    old = "".join(table.old.get(char, char) for char in word)
    yield "".join(table.simple.get(char, char) for char in old)
    traditional = any(char in table.simple for char in old)
    options = [_alike(char, table) if traditional else _stood_for(char, table) for char in old]
    for at, chars in enumerate(islice(product(*options), _MOST)):
        yield "".join(chars)
        if at < _MOST_JAPANESE:
            yield "".join(table.new.get(char, char) for char in chars)


def _japanese(word: str, table: Table) -> Iterator[str]:
    for change in (table.old, table.new):
        yield "".join(change.get(char, char) for char in word)


def _alike(char: str, table: Table) -> Sequence[str]:
    """What may stand for a character of a traditional word."""
    simple = table.simple.get(char, char)
    both = (simple,) if simple in table.traditional.get(simple, ()) else ()
    return tuple(dict.fromkeys((char, *both, *table.local.get(char, ()))))


def _stood_for(char: str, table: Table) -> Sequence[str]:
    """What a character of a simplified word may stand for."""
    return table.traditional.get(char) or (char, *table.local.get(char, ()))


@cache
def _table() -> Table:
    text = files("search.query.variants").joinpath("han.txt").read_text("utf-8")
    classes, local, japanese = (part.split("\n", 1)[1].split() for part in text.split("\n# ")[2:])
    traditional = {line[0]: tuple(line[1:]) for line in classes}
    known: dict[str, tuple[str, ...]] = {}
    for one, other in (way for line in local for way in ((line[0], line[1]), (line[1], line[0]))):
        known[one] = (*known.get(one, ()), other)
    return Table(
        simple={other: line[0] for line in classes for other in line[1:] if other not in traditional},
        traditional=traditional,
        local=known,
        new={line[0]: line[1] for line in japanese},
        old={line[1]: line[0] for line in japanese if line[1] not in traditional},
    )
