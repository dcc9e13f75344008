"""Compile the lemma tables of simplemma into the two files that `lookup` maps. Run by setup.py; imported by no command.

A *paradigm* is all forms of a word: a stem that all share and a *pattern*, the list of endings; one whose forms share
no stem has several (`go`, `went`). `WORDS` is a trie from each stem to its paradigms, `PATTERNS` a file of lines that
these refer to by offset. `joined.txt` and `aspects` join paradigms that the tables keep apart.

That takes half a minute, so a copy is kept in the user's cache, for the next environment made of the same sources.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from shutil import copyfile
from typing import Final

import marisa_trie
from platformdirs import user_cache_path

from search.text.normalize import fold
from search.words.dictionary.aspects import further_forms, imperfectives, participles, read_exceptions, read_pairs
from search.words.dictionary.lookup import CODES, FORMAT, NO_ENDING, PATTERNS, SEVERAL, WORDS, pack

_SOURCES: Final = {"sh": "hbs"}
"""Names that the source has for a language."""
_SHORTEST_STEM: Final = 2
_LETTERS: Final = "a-z\u00df-\u00f6\u00f8-\u017e\u0219\u021b\u0430-\u045f\u0491\u0390\u03ac-\u03ce"
_NO_WORD: Final = re.compile(f"(?m)^(?![{_LETTERS}]{{2,29}}\t[{_LETTERS}]{{2,29}}$).*\n?")
"""Lines with a word that has other letters, or is too short or too long to matter."""
_AFTER_TAB: Final = re.compile("\t.*")
_BEFORE_TAB: Final = re.compile("\t(.*)")
_APOSTROPHES: Final = "'\u2019\u02bc"
_LATIN: Final = """
    dž:џ lj:љ nj:њ a:а b:б v:в g:г d:д đ:ђ e:е ž:ж z:з i:и j:ј k:к l:л m:м n:н o:о p:п r:р s:с t:т ć:ћ
    u:у f:ф h:х c:ц č:ч š:ш
"""
_TO_CYRILLIC: Final = [pair.split(":") for pair in _LATIN.split()]
_LISTS_FORMS: Final = frozenset("fr es it pt ro nl el".split())  # noqa: SIM905 read so
"""Languages whose lists hold forms, which may be words of their own too; those of the others join whole words."""
_ALIKE: Final = frozenset(("ru", "uk", "bg"))
"""Languages whose forms begin like their lemma; others are mistakes of the table, or listed."""
_FOLDED: Final = {"ё": "е", "ґ": "г"}
_BEFORE_LEMMA: Final = ("по", "наи", "най", "найі")
_GENERATED: Final = frozenset(("pl", "nl", "el"))
"""Languages with further forms by rule."""

Groups = dict[str, set[str]]
"""Lemma as written to its forms, folded."""


def build(folder: Path) -> None:
    """Write both files into the folder, from the cache if they are there."""
    cached = user_cache_path("telekeep") / "dictionary" / _fingerprint()
    try:
        if not all((cached / name).exists() for name in (WORDS, PATTERNS)):
            cached.mkdir(parents=True, exist_ok=True)
            compile_into(cached)
    except OSError:
        compile_into(folder)
        return
    for name in (WORDS, PATTERNS):
        copyfile(cached / name, folder / name)


def compile_into(folder: Path) -> None:
    """Compile both files."""
    lines = _Lines()
    entries: list[tuple[str, bytes]] = []
    for language, code in CODES.items():
        for forms, lemmas in _joined(language, _read(language)):
            entries += _entries(code, forms, lemmas, lines)
    for name, save in ((PATTERNS, lines.save), (WORDS, lambda path: marisa_trie.BytesTrie(entries).save(path))):
        part = folder / f"{name}.{os.getpid()}"
        save(str(part))
        part.replace(folder / name)


def _fingerprint() -> str:
    here = Path(__file__).parent
    sources = [here / name for name in ("aspects.py", "build.py", "joined.txt")]
    text = b"".join(path.read_bytes() for path in sources) + FORMAT + version("simplemma").encode()
    return sha256(text).hexdigest()[:16]


class _Lines:
    """Lines without duplicates, referred to by offset."""

    def __init__(self) -> None:
        self._data = bytearray(FORMAT)
        self._known: dict[str, int] = {}

    def add(self, line: str) -> int:
        at = self._known.get(line)
        if at is None:
            at = self._known[line] = len(self._data)
            self._data += line.encode() + b"\n"
        return at

    def save(self, path: str) -> None:
        Path(path).write_bytes(self._data)


def _read(language: str) -> Groups:
    """Read the table of a language, all of it as one text."""
    # Private, so simplemma is pinned: its public mapping decodes word by word.
    from simplemma.strategies.dictionaries.dictionary_factory import _load_dictionary_from_disk

    pairs = _load_dictionary_from_disk(_SOURCES.get(language, language)).items()
    text = b"\n".join([form + b"\t" + lemma for form, lemma in pairs]).decode().lower()
    for sign in _APOSTROPHES:
        text = text.replace(sign, "")
    text = _NO_WORD.sub("", text)
    if language == "sh":
        text = f"{text}\n{_cyrillic(text)}"
    forms = _fold_all([_AFTER_TAB.sub("", text)])
    groups: Groups = defaultdict(set)
    for form, found in zip(forms, _BEFORE_TAB.finditer(text), strict=True):
        lemma = found[1]
        if language not in _ALIKE or form[0] == _FOLDED.get(lemma[0], lemma[0]) or form.startswith(_BEFORE_LEMMA):
            groups[lemma].add(form)
    for lemma, *forms in read_exceptions(language):
        groups[lemma] -= {*_fold_all(forms)}
    return groups


def _cyrillic(word: str) -> str:
    for latin, cyrillic in _TO_CYRILLIC:
        word = word.replace(latin, cyrillic)
    return word


def _fold_all(words: Iterable[str]) -> list[str]:
    return fold("\n".join(words)).split()


def _joined(language: str, groups: Groups) -> Iterator[tuple[list[str], set[str]]]:
    """Yield the forms of each word that has several, those of joined words together, and its lemmas."""
    root = {lemma: lemma for lemma in groups}
    listed = _further(language, groups)

    def find(lemma: str) -> str:
        while root[lemma] != lemma:
            lemma = root[lemma]
        return lemma

    pairs = (*read_pairs(language), *imperfectives(language, groups), *participles(language, groups))
    for first, *others in pairs:
        root.setdefault(first, first)
        for word in others:
            if word in root and language not in _LISTS_FORMS:
                root[find(word)] = find(first)
            else:
                listed[first].update(_fold_all([word]))
    lemmas: Groups = defaultdict(set)
    forms: Groups = defaultdict(set)
    known = set().union(*groups.values())
    for lemma, folded in zip(root, _fold_all(root), strict=True):
        here, own = find(lemma), groups.get(lemma, set())
        # A word that the table lists as a form of another is not a lemma: dagen belongs to dag, not to the verb dagen.
        lemmas[here] |= {*([folded] if folded in own or folded not in known else ()), *listed.get(lemma, ())}
        forms[here] |= {folded, *own}
    for here, some in forms.items():
        found = sorted(one for one in some | lemmas[here] if len(one) > 1)
        if len(found) > 1:
            yield found, lemmas[here]


def _further(language: str, groups: Groups) -> Groups:
    listed: Groups = defaultdict(set)
    if language in _GENERATED:
        known: set[str] = set().union(*groups.values())
        made = [(lemma, form) for lemma in groups for form in further_forms(language, lemma)]
        for (lemma, _), form in zip(made, _fold_all(form for _, form in made), strict=True):
            if language == "el" or (form in known and form not in groups[lemma]):
                listed[lemma].add(form)
    return listed


def _entries(code: int, forms: list[str], lemmas: set[str], lines: _Lines) -> Iterator[tuple[str, bytes]]:
    """Yield the stems of a word with what the trie says of each."""
    patterns = []
    for stem, some in _split(forms).items():
        first = [form[len(stem) :] for form in some if form in lemmas]
        others = [form[len(stem) :] for form in some if form not in lemmas]
        patterns.append((stem, lines.add(";".join(",".join(part) if part else NO_ENDING for part in (first, others)))))
    if len(patterns) == 1:
        [(stem, pattern)] = patterns
        yield stem, pack(code, pattern)
        return
    group = lines.add(" ".join(f"{stem}:{pattern}" for stem, pattern in patterns))
    for stem, _ in patterns:
        yield stem, pack(code | SEVERAL, group)


def _split(forms: list[str]) -> Mapping[str, list[str]]:
    """Split sorted forms by their stems: one if they share enough letters, else one for each beginning."""
    stem = _shared(forms[0], forms[-1])
    if len(stem) > _SHORTEST_STEM or (len(stem) == _SHORTEST_STEM and len(forms[0]) <= _SHORTEST_STEM + 2):
        return {stem: forms}
    parts: dict[str, list[str]] = defaultdict(list)
    for form in forms:
        parts[form[: _SHORTEST_STEM + 1]].append(form)
    return {_shared(some[0], some[-1]): some for some in parts.values()}


def _shared(one: str, other: str) -> str:
    return "".join(first for first, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
