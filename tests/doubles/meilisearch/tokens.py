"""Cutting text into words as charabia 0.9.9 does, in the main.

Runs of one script are cut at separators, brought to NFKD and lower case, and stripped of marks (Latin, Greek, Arabic,
Hebrew, Thai; not Cyrillic). What is simpler here is in README.md: Chinese and Japanese fall into single characters.
"""

from __future__ import annotations

import itertools
import re
import string
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import NamedTuple

WORD, SOFT, HARD, STOP = "word", "\0soft", "\0hard", "stop"
MAX_WORD_BYTES = 250
GAP = 8  # between words that a hard separator parts, and between the values of an array

_SEPARATOR_CATEGORIES = {"Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Zl", "Zp", "Zs"}
_NOT_SEPARATORS = set(
    "\u00a0\u037e\u0387\u061d\u066b\u066c\u0f0c\u1b7d\u1b7e\u2000\u2001\u2011\u2028\u202f\u205f\u2329\u232a"
)
_MATH = set("+±×÷−∓∔") | {chr(c) for c in range(0x2215, 0x2300)} - set("∆⊎⌠⌡")
_MORE = {"\0", "\n", "\r", "\t", "`", "\u200c", ". ", ", "}
_HARD = set("\0!;?¡§¶¿;՜´՝՞։׃،؛؟۔।॥…※‼‽⁇⁈⁉、。！，．：；？｡､") | {". ", ", "}

_SCRIPTS = {
    "latin": "A-Za-zªºÀ-ÖØ-öø-ʸ\u1e00-\u1eff",
    "cyrillic": "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff",
    "arabic": "\u0620-\u065f\u066e-\u06d3\u06d5-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "hebrew": "\u0591-\u05f4",
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "cj": "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3041-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003134f",
    "hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "thai": "\u0e01-\u0e4e",
    "georgian": "\u10a0-\u10ff",
    "armenian": "\u0531-\u0587",
    "devanagari": "\u0900-\u0963\u0971-\u097f",
}
_RUN = re.compile("|".join(f"(?P<{name}>[{chars}]+)" for name, chars in _SCRIPTS.items()))
_STRIPPED = {"latin", "arabic", "hebrew", "greek", "thai"}
_WIDE = {chr(code) for code in range(0xFF00, 0xFF60)}
_LOWERED = {"latin", "cyrillic", "greek", "georgian", "armenian"}
_ARABIC = str.maketrans({"ـ": None, "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه"})
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "’": "'", "‘": "'", "‛": "'", "“": '"', "”": '"'})
_CJ_LANGUAGES, _ARABIC_LANGUAGES = frozenset({"cmn", "zho", "jpn"}), frozenset({"ara", "pes"})
_ARTICLES = ("ال", "أل", "إل", "آل", "ٱل")


class Token(NamedTuple):
    start: int  # in characters of the text
    end: int
    lemma: str
    kind: str


@lru_cache(maxsize=1)
def default_separators() -> frozenset[str]:
    """charabia's list: these Unicode categories but for what came after Unicode 12, and some mathematics."""
    found = {
        chr(code)
        for code in range(0x20000)
        if unicodedata.category(chr(code)) in _SEPARATOR_CATEGORIES and not 0x2E53 <= code <= 0x2E5D
    }
    return frozenset((found - _NOT_SEPARATORS) | _MATH | _MORE)


class Tokenizer:
    """One set of settings: separators, stop words and, for Arabic script, the languages that are allowed."""

    def __init__(
        self,
        separators: Collection[str] = (),
        non_separators: Collection[str] = (),
        stop_words: Collection[str] = (),
    ) -> None:
        self.separators = (default_separators() | set(separators)) - set(non_separators)
        self.stop_words = frozenset(unicodedata.normalize("NFKD", word) for word in stop_words)
        many = sorted((s for s in self.separators if len(s) > 1), key=len, reverse=True)
        single = "".join(re.escape(s) for s in self.separators if len(s) == 1)
        cut = "|".join([*map(re.escape, many), f"[{single}]"])
        self._cut = re.compile(cut)
        self._split = re.compile(f"({cut})")
        self._known: dict[tuple[str, str, frozenset[str]], tuple[str, ...]] = {}

    def tokens(self, text: str, languages: Collection[str] | None = None) -> Iterator[Token]:
        """Every piece of the text, separators too."""
        languages = frozenset(languages or ())
        for script, start, end in _runs(text):
            at = start
            for match in self._cut.finditer(text, start, end):
                if match.start() > at:
                    yield from self._words(text, script, at, match.start(), languages)
                yield self._separator(match[0], match.start())
                at = match.end()
            if at < end:
                yield from self._words(text, script, at, end, languages)

    def words(self, text: str, languages: Collection[str] | None = None, offset: int = 0) -> list[tuple[int, str]]:
        """Words with their positions, from `offset` on: a hard separator is worth GAP."""
        found: list[tuple[int, str]] = []
        position, step = offset, 0  # step: how far away the next word is
        languages = frozenset(languages or ())
        for script, start, end in _runs(text):
            for place, part in enumerate(self._split.split(text[start:end])):
                if not part:
                    continue
                for lemma in self._lemmas(part, script, languages, bool(place % 2)):
                    if lemma in (SOFT, HARD):
                        step = step and (GAP if lemma == HARD else max(step, 1))
                        continue
                    position, step = position + step, 1
                    if lemma:
                        found.append((position, lemma))
        return found

    def _lemmas(self, part: str, script: str, languages: frozenset[str], is_separator: bool) -> tuple[str, ...]:
        """Words of a piece; SOFT and HARD (they hold a character no word has) for separators, nothing for no word."""
        key = (part, script, languages)
        known = self._known.get(key)
        if known is None:
            if len(self._known) > 1 << 18:
                self._known.clear()
            tokens = [self._separator(part, 0)] if is_separator else self._words(part, script, 0, len(part), languages)
            known = self._known[key] = tuple(
                token.kind if token.kind in (SOFT, HARD) else _indexed(token) for token in tokens if token.lemma
            )
        return known

    def _separator(self, text: str, start: int) -> Token:
        lemma = unicodedata.normalize("NFKD", text)
        if lemma not in self.separators:  # … is no separator any more after NFKD
            return Token(start, start + len(text), lemma, WORD)
        kind = HARD if lemma in _HARD else SOFT
        return Token(start, start + len(text), lemma, kind)

    def _words(self, text: str, script: str, start: int, end: int, languages: frozenset[str]) -> Iterator[Token]:
        piece = text[start:end]
        if script == "cj" and (not languages or languages & _CJ_LANGUAGES):
            cuts = [start + at for at in _cuts(piece)] + [end]
        elif (
            script == "arabic"
            and (not languages or languages & _ARABIC_LANGUAGES)
            and len(piece) > 2
            and piece.startswith(_ARTICLES)
        ):
            cuts = [start, start + 2, end]
        else:
            cuts = [start, end]
        for left, right in itertools.pairwise(cuts):
            lemma, decomposed = _normalized(text[left:right], script)
            yield Token(left, right, lemma, STOP if decomposed in self.stop_words else WORD)


def _cuts(piece: str) -> list[int]:
    """Where words of Chinese or Japanese begin: at every character, but for numbers and full-width letters."""
    if all(c.isnumeric() or c in string.punctuation for c in piece):
        return [0]
    return [at for at, c in enumerate(piece) if not (at and c in _WIDE and piece[at - 1] in _WIDE)]


def _runs(text: str) -> Iterator[tuple[str, int, int]]:
    """Runs of one script; what belongs to none goes with what is before it."""
    if text.isascii():
        if text:
            yield "latin", 0, len(text)
        return
    current, start = "", 0
    for match in _RUN.finditer(text):
        script = match.lastgroup or ""
        if current and script != current:
            yield current, start, match.start()
            start = match.start()
        current = script
    if start < len(text):
        yield current, start, len(text)


def _indexed(token: Token) -> str:
    """The word as it is indexed; nothing for a stop word and for one that is too long, which only keep a place."""
    lemma = token.lemma.strip()
    return lemma if token.kind == WORD and len(lemma.encode()) <= MAX_WORD_BYTES else ""


@lru_cache(maxsize=1 << 18)
def _normalized(piece: str, script: str) -> tuple[str, str]:
    decomposed = unicodedata.normalize("NFKD", piece)
    lemma = "".join(c for c in decomposed if unicodedata.category(c) != "Cc").translate(_LETTERS)
    if script in _LOWERED:
        lemma = lemma.lower()
    if script == "arabic":
        lemma = lemma.translate(_ARABIC)
    if script == "greek":
        lemma = lemma.replace("ς", "σ")
    if script in _STRIPPED:
        lemma = "".join(c for c in lemma if not unicodedata.combining(c) and unicodedata.category(c) != "Mn")
    return lemma, decomposed
