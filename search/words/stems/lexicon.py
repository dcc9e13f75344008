"""What rules cannot know: words whose first letter is their own, forms that no rule joins, the stems of Persian verbs.

`irregular.txt` has the forms of one word a line, the first of which stands for them: those whose stem changes (`man`,
`men`; جسر, جسور), and common words that rules would take for forms of another one (`university`, `universe`). A word of
a family has no other stems, a word of two families belongs to both: no line may hold a common word of another language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files


@cache
def whole() -> frozenset[str]:
    """Common Arabic and Hebrew words that begin with a letter that often is a particle, but is none here."""
    return frozenset(word for line in _lines("unprefixed.txt") for word in line.split())


@cache
def families() -> Mapping[str, tuple[str, ...]]:
    """The families that a word belongs to, each by its first word."""
    found: dict[str, tuple[str, ...]] = {}
    for words in _families():
        alone = (words[0],)
        for word in words:
            # Nearly every word is of one family, and they are many: this is a part of each start of the command.
            if found.setdefault(word, alone) is not alone:
                found[word] += alone
    return found


@cache
def members(name: str) -> frozenset[str]:
    """The words of the families with this first word."""
    return frozenset(word for words in _families() if words[0] == name for word in words)


@cache
def turkish_nouns() -> Mapping[str, str]:
    """The words of the Turkish nouns' families, which have a plural in ler or lar, each with its family."""
    nouns = [words for words in _families() if f"{words[0]}ler" in words or f"{words[0]}lar" in words]
    return {word: words[0] for words in nouns for word in words}


@cache
def presents() -> Mapping[str, tuple[str, ...]]:
    """Of the past of a Persian verb the stems of its present, where they differ."""
    return {past: tuple(stems) for past, *stems in map(str.split, _lines("persian_verbs.txt"))}


@cache
def pasts() -> Mapping[str, tuple[str, ...]]:
    """The way back: a stem may be of several verbs."""
    found: dict[str, tuple[str, ...]] = {}
    for past, stems in presents().items():
        for stem in stems:
            found[stem] = (*found.get(stem, ()), past)
    return found


@cache
def _families() -> Sequence[Sequence[str]]:
    return [line.split() for line in _lines("irregular.txt")]


def _lines(name: str) -> Iterator[str]:
    text = files("search.words.stems").joinpath(name).read_text("utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))
