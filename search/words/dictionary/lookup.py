"""Look up the forms of a folded word in the compiled dictionary (`build`). Reads two files of the package, mapped.

A word may be a form of several words, of several languages: each is one `Paradigm`. Without the files (a source tree
that was never installed) no word has any, and only the rules of `search.words.stems` apply. A file is mapped, not read:
2 ms at the start, and 20 to 200 microseconds for a word that was not looked up before.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

WORDS: Final = "words.marisa"
PATTERNS: Final = "patterns.dat"
CODES: Final = {
    name: at
    for at, name in enumerate("en fr es it pt ro nl de pl cs bg sh uk ru el".split())  # noqa: SIM905
}
FORMAT: Final = f"1 {' '.join(CODES)}\n".encode()
"""First line of `PATTERNS`; files of another format are not used."""
SEVERAL: Final = 128
"""Marks a paradigm with several stems."""
_ONLY_KNOWN: Final = "en"
"""A language with good rules of its own: its words are only known, so that no other language claims them."""
NO_ENDING: Final = "-"
"""Represents an empty list of endings, because an empty ending is valid."""
_NAMES: Final = {code: name for name, code in CODES.items()}
_RELATIVES: Final = {"sh": "sr hr bs sh", "cs": "cs sk", "bg": "bg mk", "nl": "nl af", "pt": "pt gl"}
LABELS: Final = {name: tuple(_RELATIVES.get(name, name).split()) for name in CODES}
"""Labels of texts in a language, close relatives included."""
_SHORT: Final = """
    a ab al als am an as au auf aus aux avec bei ca ce ces che com como con cu da das dans dat de del dem den
    der des di die din do dos du e ed een ein eine el elle em en er es et eta gli het i il ils im in is je la
    las le les lo los ma mas me mit na nach nas ne no non nos nous nu o od of on op os ou par pas pe per po por
    pour que qui sa sau se ses si sie so son su sur sus te to um un una une ve vor vous w wie wir y z za ze
    zu а в во и из к на не но о от по с со та те то у що як
"""
_FUNCTION_WORDS: Final = frozenset(_SHORT.split())
"""Words without accents, which others become when folded (`dû`, `sé`, `dà`): they are never forms of these."""
_ENTRY: Final = struct.Struct("<BI")


class Paradigm(NamedTuple):
    """All forms of a word."""

    language: str
    stems: tuple[tuple[str, int], ...]
    """Stems, each with the offset of its endings."""

    @property
    def key(self) -> str:
        """Name of the paradigm, unique in the dictionary."""
        stem, pattern = self.stems[0]
        return f"d:{self.language}:{stem}:{pattern}"

    @property
    def labels(self) -> tuple[str, ...]:
        """Language codes of the texts that this word occurs in."""
        return LABELS[self.language]

    def parts(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield the stems, each with its endings."""
        for stem, pattern in self.stems:
            lemmas, others = _endings(pattern)
            yield stem, lemmas | others

    def lemmas(self) -> Iterator[str]:
        """Yield the lemmas."""
        return (stem + ending for stem, pattern in self.stems for ending in _endings(pattern)[0])

    def forms(self) -> Iterator[str]:
        """Yield all forms."""
        return (stem + ending for stem, endings in self.parts() for ending in endings)


def pack(code: int, offset: int) -> bytes:
    """Encode an entry of the trie."""
    return _ENTRY.pack(code, offset)


@lru_cache(maxsize=65_536)
def paradigms(word: str) -> Sequence[Paradigm]:
    """Return the paradigms that have this form; in each language those it is a lemma of, if there are any."""
    found = () if word in _FUNCTION_WORDS else _entries(word)
    as_lemma = {one.language for one, is_lemma in found if is_lemma}
    return [
        one for one, is_lemma in found if one.language != _ONLY_KNOWN and (is_lemma or one.language not in as_lemma)
    ]


def known_paradigms(word: str) -> Sequence[Paradigm]:
    """Return all paradigms that have this form."""
    return [one for one, _ in _entries(word)]


@lru_cache(maxsize=65_536)
def languages(word: str) -> frozenset[str]:
    """Return the languages that have this form."""
    return frozenset(one.language for one, _ in _entries(word))


@lru_cache(maxsize=65_536)
def lemma_languages(word: str) -> frozenset[str]:
    """Return the languages in which this word is a lemma."""
    return frozenset(one.language for one, is_lemma in _entries(word) if is_lemma)


@lru_cache(maxsize=4096)
def _entries(word: str) -> Sequence[tuple[Paradigm, bool]]:
    """Return the paradigms that have this form, each with whether it is a lemma of it."""
    trie = _trie()
    if trie is None:
        return ()
    found = {}
    for stem in trie.prefixes(word):
        ending = word[len(stem) :]
        for code, offset in map(_ENTRY.unpack, trie[stem]):
            one = _paradigm(code, stem, offset)
            lemmas, others = _endings(next(pattern for known, pattern in one.stems if known == stem))
            if ending in lemmas or ending in others:
                found[one] = ending in lemmas
    return tuple(found.items())


def _paradigm(code: int, stem: str, offset: int) -> Paradigm:
    name = _NAMES[code & ~SEVERAL]
    return Paradigm(name, _group(offset) if code & SEVERAL else ((stem, offset),))


@lru_cache(maxsize=4096)
def _group(offset: int) -> tuple[tuple[str, int], ...]:
    parts = (part.partition(":") for part in _line(offset).split(" "))
    return tuple((stem, int(pattern)) for stem, _, pattern in parts)


@lru_cache(maxsize=4096)
def _endings(offset: int) -> tuple[frozenset[str], frozenset[str]]:
    """Return the endings of lemmas and those of other forms."""
    lemmas, others = (frozenset(part.split(",")) - {NO_ENDING} for part in _line(offset).split(";"))
    return lemmas, others


def _line(offset: int) -> str:
    data = _patterns()
    return data[offset : data.find(b"\n", offset)].decode()


@cache
def _trie() -> Any:
    """The trie, None if it was not built, or by another version."""
    import marisa_trie

    path = Path(__file__).with_name(WORDS)
    if not path.exists() or _patterns()[: len(FORMAT)] != FORMAT:
        return None
    return marisa_trie.BytesTrie().mmap(str(path))


@cache
def _patterns() -> mmap.mmap:
    with Path(__file__).with_name(PATTERNS).open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
