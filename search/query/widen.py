"""Expand the words of a query to all their spelling variants. Pure.

Keys (`search.words.forms`) cover the inflected forms of one spelling; other spellings are added here as alternatives:
军队 also finds 軍隊, `cease-fire` finds `ceasefire`, 行く finds 行っ. Prefixes and filters are unchanged; of phrases
only those that are one number with grouped digits are not. Engines and the highlighter widen a query when they run it;
it is stored and shown as typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from search.query.tree import And, Grouped, Node, Not, Or, Phrase, Word, all_of, any_of
from search.query.variants.apostrophes import apostrophe_variants
from search.query.variants.compounds import compound_variants, find_compound
from search.text.normalize import Needle, fold
from search.text.numbers import group, ungrouped
from search.text.scripts import is_unspaced
from search.words.forms import bare_word

AdjacentWords: TypeAlias = tuple[tuple[Word, ...], ...]
"""Adjacent words that may form a compound: all readings, the typed one first."""

MAX_VARIANTS: Final = 32
MAX_ADJACENT: Final = 5
"""Adjacent words considered together."""


def widen(tree: Node) -> Node:
    """Replace every word by all its variants."""
    match tree:
        case And():
            return all_of(tuple(map(_widen_part, group_adjacent(tree))))
        case Or(parts):
            return any_of(tuple(map(widen, parts)))
        case Not(part):
            return Not(widen(part))
        case Word():
            return any_of(word_variants(tree))
        case Phrase(text) if (number := ungrouped(text)) is not None:
            # 1,000 occurs in 1,000,000, too; the number without separators does not.
            return And((tree, Grouped(number)))
        case _:
            return tree


def group_adjacent(tree: Node) -> Iterator[Node | AdjacentWords]:
    """Yield the parts of an AND, nested ANDs flattened; adjacent words that may form a compound come as one item."""
    parts = list(_flat(tree))
    at = 0
    while at < len(parts):
        if len(digits := _grouped_digits(parts[at : at + MAX_ADJACENT])) > 1:
            yield (digits, (Word("".join(word.text for word in digits)),))
            at += len(digits)
            continue
        words, compounds = _adjacent_words(parts[at : at + MAX_ADJACENT])
        yield (words, *_readings(words, compounds)) if any(compounds) else parts[at]
        at += len(words) if any(compounds) else 1


def word_variants(word: Word) -> tuple[Word | Grouped, ...]:
    """Return the word and its variants, except those that contain another one, which finds them anyway."""
    bare = bare_word(word.text)
    if number := ungrouped(bare):
        return (Word(number), Grouped(number))
    folded = "".join(fold(bare).split())
    if not is_unspaced(folded[-1:]):
        found: dict[Needle, Word | Grouped] = {word.needle: word}
        for one in map(Word, (*apostrophe_variants(word.text), *compound_variants(bare))):
            found.setdefault(one.needle, one)
        if group(folded) is not None:
            return (*found.values(), Grouped(folded))
        return tuple(found.values())
    if folded != fold(bare).strip():
        return (word,)
    from search.query.variants.unspaced import unspaced_variants

    spelled = dict.fromkeys([folded, *unspaced_variants(folded)])
    minimal = [one for one in spelled if not any(other in one for other in spelled if other != one)]
    return tuple(word if one == folded else Word(one) for one in minimal[:MAX_VARIANTS])


def _widen_part(part: Node | AdjacentWords) -> Node:
    if not isinstance(part, tuple):
        return widen(part)
    return any_of(tuple(all_of(tuple(map(widen, words))) for words in part))


def _flat(tree: Node) -> Iterator[Node]:
    if isinstance(tree, And):
        for part in tree.parts:
            yield from _flat(part)
    else:
        yield tree


def _grouped_digits(parts: Sequence[Node]) -> tuple[Word, ...]:
    """Return the leading words that are one number with grouped digits: 15 000."""
    found: list[Word] = []
    for part in parts:
        if not isinstance(part, Word) or not part.text.isdecimal() or len(part.text) > 3:
            break
        if found and len(part.text) != 3:
            break
        found.append(part)
    return tuple(found)


def _adjacent_words(parts: Sequence[Node]) -> tuple[tuple[Word, ...], list[str | None]]:
    """Return the leading words that may form compounds, and the compound of each with the next."""
    words: list[Word] = []
    compounds: list[str | None] = []
    for part in parts:
        if not isinstance(part, Word):
            break
        if words:
            found = find_compound(words[-1].text, part.text)
            if found is None:
                break
            compounds.append(found)
        words.append(part)
    return tuple(words), compounds


def _readings(words: Sequence[Word], compounds: Sequence[str | None]) -> Iterator[tuple[Word, ...]]:
    for at, one in enumerate(compounds):
        if one is not None:
            yield (*words[:at], Word(one), *words[at + 2 :])
