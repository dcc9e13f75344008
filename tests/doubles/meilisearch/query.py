"""The words of a question: terms, phrases, what must not be there. At most ten terms count.

After located_query_terms_from_tokens (milli/src/search/new/query_term/parse_query.rs).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from tests.doubles.meilisearch.tokens import HARD, STOP, WORD, Token, Tokenizer

WORDS_LIMIT = 10
_MAX_TOKENS = 1000


@dataclass(frozen=True)
class Term:
    """A word, or a phrase (several words, None for a stop word in it)."""

    words: tuple[str | None, ...]
    start: int  # positions in the question
    end: int
    is_phrase: bool = False
    is_prefix: bool = False

    @property
    def word(self) -> str:
        return self.words[0] or ""


@dataclass
class Question:
    terms: list[Term] = field(default_factory=list)
    not_words: list[str] = field(default_factory=list)
    not_phrases: list[Term] = field(default_factory=list)


class _Phrase:
    def __init__(self) -> None:
        self.words: list[str | None] = []
        self.start = self.end = -1

    def push(self, lemma: str | None, position: int) -> None:
        if not any(self.words):
            self.start = position
        self.end = position
        self.words.append(lemma)

    def term(self) -> Term | None:
        if not any(self.words):
            return None
        return Term(tuple(self.words), self.start, self.end, is_phrase=True)


def ask(text: str, tokenizer: Tokenizer, languages: Collection[str] | None, *, prefix: bool) -> Question:
    """What a question asks for. `prefix`: the last word may be the beginning of one."""
    tokens = list(tokenizer.tokens(text, languages))[:_MAX_TOKENS]
    reader = _Reader(prefix)
    for place, token in enumerate(tokens):
        if not token.lemma:
            continue
        if len(reader.found.terms) >= WORDS_LIMIT:
            return reader.found  # what is still to come does not count, an open phrase neither
        if token.kind in (WORD, STOP):
            reader.word(token, is_last=place == len(tokens) - 1)
        else:
            reader.separator(token)
        reader.after_space = token.lemma[-1:].isspace()
    reader.close_phrase()
    return reader.found


class _Reader:
    """Goes over the tokens of a question from left to right."""

    def __init__(self, prefix: bool) -> None:
        self.found = Question()
        self.after_space = True
        self._prefix = prefix
        self._position = -1
        self._phrase: _Phrase | None = None
        self._phrase_is_negative = False
        self._next_is_negative = False

    def word(self, token: Token, *, is_last: bool) -> None:
        self._position += 1
        at = self._position
        if self._phrase is not None:
            self._phrase.push(None if token.kind == STOP else token.lemma, at)
        elif self._next_is_negative:
            self.found.not_words.append(token.lemma)
            self._next_is_negative = False
        elif is_last or token.kind == WORD:
            self.found.terms.append(Term((token.lemma,), at, at, is_prefix=is_last and self._prefix))

    def separator(self, token: Token) -> None:
        if token.kind == HARD:
            self._position += 7
            if self._phrase is not None:  # a phrase does not go over the end of a sentence
                self.close_phrase()
                self._phrase = _Phrase()
        quotes = token.lemma.count('"')
        if quotes:
            if self._phrase is not None:
                quotes -= 1
                self.close_phrase()
                self._phrase_is_negative = False
            if quotes % 2 == 1:
                self._phrase_is_negative, self._phrase = self._next_is_negative, _Phrase()
        self._next_is_negative = self._phrase is None and token.lemma == "-" and self.after_space

    def close_phrase(self) -> None:
        phrase, self._phrase = self._phrase, None
        term = None if phrase is None else phrase.term()
        if term is not None:
            (self.found.not_phrases if self._phrase_is_negative else self.found.terms).append(term)
