"""Where the words of a question stand in a text, and the text marked by them (search/new/matches)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tests.doubles.meilisearch.matching import Node
from tests.doubles.meilisearch.tokens import HARD, SOFT, STOP, Token, Tokenizer


@dataclass(frozen=True)
class Match:
    """A word or phrase of the question in the text; words and tokens by their places."""

    first_token: int
    last_token: int
    last_word: int
    length: int  # characters from the start of the first token


class Wanted:
    """Words and phrases to look for."""

    def __init__(self, nodes: list[Node]) -> None:
        self.phrases = [phrase for node in nodes for phrase in node.phrases]
        words = [node for node in nodes if not node.term.is_phrase]
        self._nodes = sorted(words, key=lambda node: (node.term.is_prefix, node.first - node.last))

    def word(self, token: Token) -> int | None:
        """How many characters of the token fit."""
        for node in self._nodes:
            for word in set().union(*node.words):
                if node.term.is_prefix and token.lemma.startswith(word):
                    length = len(word[: len(node.term.word)])
                    whole = length >= len(token.lemma)
                    return token.end - token.start if whole else length
                if token.lemma == word:
                    return token.end - token.start
        return None


class Text:
    """One text with its matches."""

    def __init__(self, text: str, wanted: Wanted, tokenizer: Tokenizer, languages: Collection[str] | None) -> None:
        self.text = text
        self.tokens = list(tokenizer.tokens(text, languages))
        self.matches = self._find(wanted)

    def _find(self, wanted: Wanted) -> list[Match]:
        words = [place for place, token in enumerate(self.tokens) if token.kind not in (SOFT, HARD)]
        found: list[Match] = []
        at = 0
        while at < len(words):
            match = self._phrase_at(words, at, wanted)
            if match is None:
                token = self.tokens[words[at]]
                fit = wanted.word(token)
                if fit is not None:
                    match = Match(words[at], words[at], at, fit)
            if match is not None:
                found.append(match)
                at = match.last_word
            at += 1
        return found

    def _phrase_at(self, words: list[int], at: int, wanted: Wanted) -> Match | None:
        for phrase in wanted.phrases:
            places = words[at : at + len(phrase)]
            if len(places) == len(phrase) and all(
                self.tokens[place].kind == STOP if word is None else self.tokens[place].lemma == word
                for place, word in zip(places, phrase, strict=True)
            ):
                length = self.tokens[places[-1]].end - self.tokens[places[0]].start
                return Match(places[0], places[-1], at + len(phrase) - 1, length)
        return None

    def highlighted(self, tags: tuple[str, str]) -> str:
        parts: list[str] = []
        at = 0
        for match in self.matches:
            left, right = self.tokens[match.first_token].start, self.tokens[match.last_token].end
            stop = min(left + match.length, right)
            parts += [self.text[at:left], tags[0], self.text[left:stop], tags[1], self.text[stop:right]]
            at = right
        return "".join([*parts, self.text[at:]])
