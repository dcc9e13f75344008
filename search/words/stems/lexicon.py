"""Word lists for what the rules cannot derive: irregular forms, words that begin with no particle, Persian verb stems.

Each line of `irregular.txt` holds the forms of one word, the lemma first: words whose stem changes (`man`, `men`; جسر,
جسور) and common words that the rules would take for forms of another word (`university`, `universe`). A listed word
gets no keys from the rules; a word on two lines belongs to both. No line may contain a common word of another language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path


@cache
def unprefixed() -> frozenset[str]:
    """Common Arabic and Hebrew words whose first letter looks like a particle but is part of the word."""
    return frozenset(word for line in _lines("unprefixed.txt") for word in line.split())


@cache
def lemmas() -> Mapping[str, tuple[str, ...]]:
    """Map each irregular form to its lemmas."""
    found: dict[str, tuple[str, ...]] = {}
    for words in _paradigms():
        alone = (words[0],)
        for word in words:
            # Nearly every form has one lemma, and there are many: this runs at each start of the command.
            if found.setdefault(word, alone) is not alone:
                found[word] += alone
    return found


@cache
def forms_of(lemma: str) -> frozenset[str]:
    """Return all irregular forms of this lemma."""
    return frozenset(word for words in _paradigms() if words[0] == lemma for word in words)


@cache
def turkish_nouns() -> Mapping[str, str]:
    """Map the forms of Turkish nouns, recognised by their plural in ler or lar, to their lemmas."""
    nouns = [words for words in _paradigms() if f"{words[0]}ler" in words or f"{words[0]}lar" in words]
    return {word: words[0] for words in nouns for word in words}


@cache
def present_stems() -> Mapping[str, tuple[str, ...]]:
    """Map past stems of Persian verbs to their present stems, where these differ."""
    return {past: tuple(stems) for past, *stems in map(str.split, _lines("persian_verbs.txt"))}


@cache
def past_stems() -> Mapping[str, tuple[str, ...]]:
    """The inverse of `present_stems`; a present stem may belong to several verbs."""
    found: dict[str, tuple[str, ...]] = {}
    for past, stems in present_stems().items():
        for stem in stems:
            found[stem] = (*found.get(stem, ()), past)
    return found


@cache
def _paradigms() -> Sequence[Sequence[str]]:
    return [line.split() for line in _lines("irregular.txt")]


def _lines(name: str) -> Iterator[str]:
    text = Path(__file__).with_name(name).read_text("utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))
