"""From the words of a question to all ways to write them, each in any of its forms. Pure.

Keys join the forms of one writing; other writings are asked for beside it: 军队 asks for 軍隊 too, `cease-fire` for
`ceasefire`, 行く for 行っ. Phrases, prefixes and filters stay as they are. Engines and highlights widen a question
when they answer it; it is kept and shown as it was typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from search.query.tree import And, Node, Not, Or, Word, all_of, any_of
from search.query.variants.compounds import compound_variants, one_word
from search.text.normalize import fold
from search.text.scripts import is_unspaced
from search.words.forms import bare_word

Chain: TypeAlias = tuple[tuple[Word, ...], ...]
"""Words side by side of which two may be one: the ways to read them, first as they were typed."""

MOST_WAYS: Final = 32
MOST_IN_CHAIN: Final = 5
"""Words that are looked at together."""


def widen(tree: Node) -> Node:
    """The tree with every word as all ways to write it."""
    match tree:
        case And():
            return all_of(tuple(map(_widen_part, chained(tree))))
        case Or(parts):
            return any_of(tuple(map(widen, parts)))
        case Not(part):
            return Not(widen(part))
        case Word():
            return any_of(ways(tree))
        case _:
            return tree


def chained(tree: Node) -> Iterator[Node | Chain]:
    """The parts of an AND, those of ANDs within it too; where words may be one, the ways to read them."""
    parts = list(_flat(tree))
    at = 0
    while at < len(parts):
        words, ones = _chain(parts[at : at + MOST_IN_CHAIN])
        yield (words, *_read(words, ones)) if any(ones) else parts[at]
        at += len(words) if any(ones) else 1


def ways(word: Word) -> tuple[Word, ...]:
    """The word and the other ways to write it, those left out that are found anyway."""
    bare = bare_word(word.text)
    folded = "".join(fold(bare).split())
    if not is_unspaced(folded[-1:]):
        return (word, *(Word(one) for one in dict.fromkeys(compound_variants(bare)) if one != bare))
    if folded != fold(bare).strip():
        return (word,)
    from search.query.variants.unspaced import unspaced_variants

    found = dict.fromkeys([folded, *unspaced_variants(folded)])
    least = [one for one in found if not any(other in one for other in found if other != one)]
    return tuple(word if one == folded else Word(one) for one in least[:MOST_WAYS])


def _widen_part(part: Node | Chain) -> Node:
    if not isinstance(part, tuple):
        return widen(part)
    return any_of(tuple(all_of(tuple(map(widen, words))) for words in part))


def _flat(tree: Node) -> Iterator[Node]:
    if isinstance(tree, And):
        for part in tree.parts:
            yield from _flat(part)
    else:
        yield tree


def _chain(parts: Sequence[Node]) -> tuple[tuple[Word, ...], list[str | None]]:
    """The words at the beginning that may be one with the next; and for each but the last, the one."""
    words: list[Word] = []
    ones: list[str | None] = []
    for part in parts:
        if not isinstance(part, Word):
            break
        if words:
            one = one_word(words[-1].text, part.text)
            if one is None:
                break
            ones.append(one)
        words.append(part)
    return tuple(words), ones


def _read(words: Sequence[Word], ones: Sequence[str | None]) -> Iterator[tuple[Word, ...]]:
    for at, one in enumerate(ones):
        if one is not None:
            yield (*words[:at], Word(one), *words[at + 2 :])
