"""Words that misspelt ones in a question may have meant, so that these are found in all their forms.

A word counts as misspelt if the archive hardly has it in any form. What was meant is one of the archive's words
with a similar spelling, or a dictionary word that the archive has in another form: `childern` means
children where only `child` occurs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple, Protocol

import aiosqlite

from search.engine.protocol import Question
from search.exact.similar import Similar, find_similar
from search.exact.tables import in_thread
from search.exact.word_list import find_forms
from search.query.tree import And, Node, Or, Word
from search.words.dictionary.lookup import languages

_TRIED: Final = 8
"""Similar words from the archive, and as many from the dictionary, whose messages are counted."""
_MEANT: Final = 3
"""Maximum number of words to search as well."""
_HARDLY: Final = 50
"""Maximum number of messages with a word that counts as misspelt."""
_TIMES: Final = 20
"""Minimum ratio of frequencies: the intended word to the misspelt one."""
_SHORTEST: Final = 4
_LONGEST: Final = 32
"""Letters of the longest word that is looked up in the dictionary, which has none above 29."""
_MOST_FORMS: Final = 30
_SCRIPTS: Final = (
    "abcdefghijklmnopqrstuvwxyz", "абвгдежзиклмнопрстуфхцчшщъыьэюяієї", "ابتثجحخدذرزسشصضطظعغفقكلمنهويپچژگ",
    "אבגדהוזחטיךכלםמןנסעףפץצקרשת", "αβγδεζηθικλμνξοπρσςτυφχψω",
)  # fmt: skip


class Counting(Protocol):
    """Counts the hits of a question."""

    async def count(self, question: Question) -> int:
        """Count the hits exactly."""
        ...


class Respelled(NamedTuple):
    """The tree, extended by what misspelt words may have meant."""

    tree: Node
    words: tuple[str, ...]
    """The added words, in the forms that the archive has."""


async def respell(conn: aiosqlite.Connection, engine: Counting, tree: Node) -> Respelled:
    """Add what may have been meant to each misspelt word of a tree, except excluded words."""
    meant = {word: await _find_meant(conn, engine, word) for word in dict.fromkeys(_words(tree))}
    found = [one for words in meant.values() for one in words]
    if not found:
        return Respelled(tree, ())
    forms = await in_thread(conn, lambda own, _: find_forms(own, found))
    shown = dict.fromkeys(form for one in forms.values() for form in one.everywhere[:_MOST_FORMS])
    return Respelled(_replace(tree, meant), tuple(shown))


async def list_similar(conn: aiosqlite.Connection, word: str, most: int) -> list[Similar]:
    """The archive's words most similar to a folded word, then as many from the dictionary, without the word itself.

    The archive may have none of the latter, in any form.
    """
    near = await find_similar(conn, word, most)
    if not _SHORTEST <= len(word) <= _LONGEST:
        return near
    known = {one.word for one in near}
    listed = (one for one in dict.fromkeys(_edited(word)) if one not in known and one != word and languages(one))
    return near + [Similar(one, 1) for one in islice(listed, most)]


async def _find_meant(conn: aiosqlite.Connection, engine: Counting, word: str) -> list[str]:
    """The most frequent of the words nearest to a misspelt one."""
    own = await engine.count(Question(tree=Word(word)))
    if own > _HARDLY or len(word) < _SHORTEST:
        return []
    counted = []
    for one, distance in await list_similar(conn, word, _TRIED):
        if (count := await engine.count(Question(tree=Word(one)))) > own * _TIMES:
            counted.append((distance, -count, one))
    return [one for distance, _, one in sorted(counted)[:_MEANT] if distance == min(counted)[0]]


def _edited(word: str) -> Iterator[str]:
    """Words that differ by one letter dropped, replaced, added, or swapped with the next."""
    letters = next((script for script in _SCRIPTS if set(word) <= set(script)), "")
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    yield from (before + rest[1] + rest[0] + rest[2:] for before, rest in halves if len(rest) > 1)
    yield from (before + rest[1:] for before, rest in halves if rest)
    yield from (before + letter + rest[1:] for before, rest in halves if rest for letter in letters)
    yield from (before + letter + rest for before, rest in halves for letter in letters)


def _words(tree: Node) -> Iterator[str]:
    match tree:
        case Word() if tree.inflected:
            yield tree.inflected
        case And(parts) | Or(parts):
            for part in parts:
                yield from _words(part)


def _replace(tree: Node, meant: dict[str, list[str]]) -> Node:
    match tree:
        case Word() if words := meant.get(tree.inflected or ""):
            return Or((tree, *map(Word, words)))
        case And(parts):
            return And(tuple(_replace(part, meant) for part in parts))
        case Or(parts):
            return Or(tuple(_replace(part, meant) for part in parts))
        case _:
            return tree
