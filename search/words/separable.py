"""German verbs whose first part moves to the end of the clause: `ankommen` in *Der Zug kommt in Kiew an*. Pure.

A text gets its split verbs as terms, in addition to its words (`search.exact.terms`): only there are the ends of
its clauses known. `an` counts where the clause ends behind it and a verb before it makes one with it that the
dictionary has; so not in *Denk an morgen* or *An der Front kommt es zu Kämpfen*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from search.text.normalize import fold

_GERMAN: Final = ("de", None)
"""Labels of texts that may be German."""
_FIRST: Final = """
    ab an auf aus bei dar durch ein entgegen fest fort frei heim her herab heran heraus herein herum herunter hervor hin
    hinaus hinein hinunter hinzu los mit nach nieder statt teil um voran voraus vor vorbei weg weiter wieder zu zurueck
    zurück zusammen bereit bekannt bloß entzwei fern hoch kaputt nahe still wahr
"""
_FOLDED: Final = tuple(fold(_FIRST).split())
_FIRST_WORDS: Final = frozenset(_FOLDED)
_AT_END: Final = re.compile(
    rf"\b(?=\w)({'|'.join(sorted(_FIRST.split(), key=len, reverse=True))})\W*?"
    r"(?:[.,;:!?…\n()\"„“”«»–—]|\s(?:und|oder|aber|denn|als|wie|bis)\b|$)"
)
_CLAUSE: Final = re.compile(r"[.,;:!?…\n()\"„“”«»–—]|\b(?:und|oder|aber|denn)\b")
_WORD: Final = re.compile(r"[^\W\d_]+")
_MOST_LETTERS: Final = 20_000
_MOST_WORDS: Final = 25
"""Words between a verb and its first part."""


def may_be_german(lang: str | None) -> bool:
    """Whether a text with this label may have such verbs."""
    return lang in _GERMAN


def may_be_split(text: str, folded: str) -> bool:
    """Quick check of a text and its folded form for the first part of a verb; may give false positives."""
    return not (_FIRST_WORDS.isdisjoint(folded.split()) and _shows_ends(text))


def _shows_ends(text: str) -> bool:
    """Whether words end where they do in the folded text: no accents or signs that folding drops."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return "\xad" not in text


def split_verbs(texts: Iterable[str], lang: str | None) -> list[str]:
    """Return the folded infinitives of verbs that are split in these texts, if they may be German."""
    if not may_be_german(lang):
        return []
    return list(dict.fromkeys(verb for text in texts for verb in _split_in(text[:_MOST_LETTERS])))


@lru_cache(maxsize=4096)
def separable_verbs(word: str) -> tuple[str, ...]:
    """Return the infinitives that a folded word is a form of and that may be split."""
    if not word.isascii():
        return ()
    return tuple(sorted(verb for verb in _infinitives(word) if _is_separable(verb)))


def _split_in(text: str) -> Iterator[str]:
    for found in _AT_END.finditer(text):
        clause = _CLAUSE.split(text[: found.start()])[-1]
        first = fold(found[1]).strip()
        for word in reversed(_WORD.findall(clause)[-_MOST_WORDS:]):
            verbs = [verb for one in _infinitives(fold(word).strip()) if _is_verb(verb := f"{first}{one}")]
            if verbs:
                yield from verbs
                break


def _is_separable(verb: str) -> bool:
    return any(verb.startswith(first) and _is_verb(verb[len(first) :]) for first in _FOLDED)


def _is_verb(word: str) -> bool:
    from search.words.dictionary.lookup import lemma_languages  # here: most texts are not German

    return word.endswith("n") and "de" in lemma_languages(word)


@lru_cache(maxsize=4096)
def _infinitives(word: str) -> frozenset[str]:
    """Return what may be the infinitives of a folded German word."""
    from search.words.dictionary.lookup import known_paradigms
    from search.words.stems.lexicon import lemmas

    listed = [one for one in lemmas().get(word, ()) if one.endswith("n")]
    found = [lemma for one in known_paradigms(word) if one.language == "de" for lemma in one.lemmas()]
    return frozenset(one for one in (*listed, *found) if one.endswith("n"))
