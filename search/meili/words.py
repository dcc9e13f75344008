"""Encode our terms as words that Meilisearch's tokenizer leaves unchanged. Pure.

Charabia, Meilisearch's tokenizer, splits Chinese, Thai and Korean by dictionaries, strips diacritics, ends a word where
the script changes, and derives the script of a digit from the preceding text. A *plain* term is one that it never
changes: letters of one script, digits only after them, or digits alone. Any other term (a pair of Chinese characters,
an emoji, 16th) is sent as a *code*: `zq` and four letters or digits for each of its characters. Codes consist of Latin
letters and match like any word; a term of a text that looks like a code is encoded itself. Terms longer than an index
key are sent as a hash.

This requires the locale `LOCALE` with every document and search: without it charabia guesses the language of each text,
and splits the same Arabic or German word differently in different texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Final, TypeAlias

from search.text.normalize import index_text, join_persian
from search.words.forms import form_keys, needed_keys
from search.words.listed import ANY_TEXT, UNKNOWN, labelled_keys
from search.words.separable import separable_verbs, split_verbs

Labelled: TypeAlias = tuple[tuple[str, ...], str]
"""A key with the labels of the texts that it counts in."""

LOCALE: Final = "eng"
"""A locale without a segmenter or normalizer in charabia: words end at spaces in every script."""

_MARK = "zq"
_KEY_MARK = "zk"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LONGEST = 60
"""Bytes; Meilisearch drops words of more than about 250."""
_MAX_CACHED = 100_000
_LONGEST_CACHED = 40
"""Characters; longer pieces, such as links and texts without spaces, rarely repeat."""

_SCRIPTS = (
    "a-z",
    "\u03b1-\u03c9",  # Greek
    "\u0430-\u045f\u0491-\u052f",  # Cyrillic
    "\u05d0-\u05ea",  # Hebrew
    "\u0621\u0627\u0628\u062a-\u063a\u0641-\u0648\u064a\u067e\u0686\u0698\u06af",  # Arabic and Persian as folded
)
_PLAIN = re.compile("|".join(["[0-9]+", *(f"[{letters}][{letters}0-9]*" for letters in _SCRIPTS)]))


def is_plain(word: str) -> bool:
    """Whether a word is not encoded, so that Meilisearch can tolerate typos in it."""
    return not word.startswith(_MARK)


@lru_cache(maxsize=_MAX_CACHED)
def form_words(term: str) -> tuple[str, ...]:
    """Encode the keys of a term of a query (`search.words.forms`): `zk` and a hash, as a key may be of any script."""
    return tuple(sorted(_encode_key(key) for key in _asked_keys(term)))


def _asked_keys(term: str) -> frozenset[str]:
    return form_keys(term) | needed_keys(term) | {f"s:{verb}" for verb in separable_verbs(term)}


def verb_words(texts: Iterable[str], lang: str | None) -> set[str]:
    """Encode the German verbs that are split in these texts."""
    return {_encode_key(f"s:{verb}") for verb in split_verbs(texts, lang)}


@lru_cache(maxsize=_MAX_CACHED)
def _text_words(term: str) -> tuple[tuple[str, ...], tuple[Labelled, ...]]:
    """Encode the keys of a term of a text: those of every text, and those of texts with certain labels."""
    keys = labelled_keys(term)
    everywhere = {*form_keys(term), *(key for key, labels in keys if labels is ANY_TEXT)}
    return (
        tuple(sorted(map(_encode_key, everywhere))),
        tuple((labels, _encode_key(key)) for key, labels in keys if labels is not ANY_TEXT),
    )


def encode(term: str) -> str:
    """Encode a term; different terms have different codes."""
    return _WORDS[term]


def encode_line(line: str) -> str:
    """Encode a line of space-separated terms."""
    return " ".join(map(_WORDS.__getitem__, line.split()))


def encode_text(text: str, forms: set[str], lang: str | None) -> str:
    """Encode the terms of a text as a space-separated line, and add the codes of their keys to `forms`."""
    # Pieces between spaces fold independently, and most have occurred before.
    pieces = [_PIECES[piece] for piece in join_persian(text).split()]
    forms.update(*[keys for _, keys, _ in pieces])
    label = lang or UNKNOWN
    forms.update([key for _, _, labelled in pieces for labels, key in labelled if label in labels])
    return " ".join([words for words, _, _ in pieces if words])


class _Words(dict[str, str]):
    """Cache of encoded terms: most terms of a page have occurred before."""

    def __missing__(self, term: str) -> str:
        if len(self) >= _MAX_CACHED:
            self.clear()
        word = self[term] = _encode(term)
        return word


def _encode(term: str) -> str:
    if not term.startswith((_MARK, _KEY_MARK)) and _PLAIN.fullmatch(term) and len(term.encode()) <= _LONGEST:
        return term
    code = _MARK + "".join(map(_encode_char, term))
    if len(code) <= _LONGEST:
        return code
    # `zqz` and a hash: no character's code begins with z.
    return f"{_MARK}z{blake2b(term.encode(errors='surrogatepass'), digest_size=20).hexdigest()}"


def _encode_key(key: str) -> str:
    number, word = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big"), ""
    while number:
        number, digit = divmod(number, 36)
        word += _DIGITS[digit]
    return _KEY_MARK + word


def _encode_char(char: str) -> str:
    code, number = "", ord(char)
    for _ in range(4):
        number, digit = divmod(number, 36)
        code = _DIGITS[digit] + code
    return code


class _Pieces(dict[str, tuple[str, tuple[str, ...], tuple[Labelled, ...]]]):
    """Cache of encoded pieces between spaces, with the codes of their keys."""

    def __missing__(self, piece: str) -> tuple[str, tuple[str, ...], tuple[Labelled, ...]]:
        line = index_text(piece)
        words = [_text_words(term) for term in line.split()]
        found = (
            encode_line(line),
            tuple(key for everywhere, _ in words for key in everywhere),
            tuple(one for _, labelled in words for one in labelled),
        )
        if len(piece) <= _LONGEST_CACHED:
            if len(self) >= _MAX_CACHED:
                self.clear()
            self[piece] = found
        return found


_WORDS = _Words()
_PIECES = _Pieces()
