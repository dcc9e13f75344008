"""Where the words of a question stand in a text, and the text marked and cut by them (search/new/matches)."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass

from tests.doubles.meilisearch.matching import Node
from tests.doubles.meilisearch.tokens import HARD, SOFT, STOP, Token, Tokenizer


@dataclass(frozen=True)
class Match:
    """A word or phrase of the question in the text; words and tokens by their places."""

    first_token: int
    last_token: int
    first_word: int
    last_word: int
    length: int  # characters from the start of the first token
    ids: tuple[int, ...]


class Wanted:
    """Words and phrases to look for."""

    def __init__(self, nodes: list[Node]) -> None:
        self.phrases = [(phrase, (node.term.start, node.term.end)) for node in nodes for phrase in node.phrases]
        words = [node for node in nodes if not node.term.is_phrase]
        self._nodes = sorted(words, key=lambda node: (node.term.is_prefix, node.first - node.last))

    def word(self, token: Token) -> tuple[int, tuple[int, int]] | None:
        """How many characters of the token fit, and the place of the term in the question."""
        for node in self._nodes:
            for word in set().union(*node.words):
                if node.term.is_prefix and token.lemma.startswith(word):
                    length = len(word[: len(node.term.word)])
                    whole = length >= len(token.lemma)
                    return (token.end - token.start if whole else length), (node.term.start, node.term.end)
                if token.lemma == word:
                    return token.end - token.start, (node.term.start, node.term.end)
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
                    match = Match(words[at], words[at], at, at, fit[0], tuple(range(fit[1][0], fit[1][1] + 1)))
            if match is not None:
                found.append(match)
                at = match.last_word
            at += 1
        return found

    def _phrase_at(self, words: list[int], at: int, wanted: Wanted) -> Match | None:
        for phrase, (start, end) in wanted.phrases:
            places = words[at : at + len(phrase)]
            if len(places) == len(phrase) and all(
                self.tokens[place].kind == STOP if word is None else self.tokens[place].lemma == word
                for place, word in zip(places, phrase, strict=True)
            ):
                length = self.tokens[places[-1]].end - self.tokens[places[0]].start
                return Match(places[0], places[-1], at, at + len(phrase) - 1, length, tuple(range(start, end + 1)))
        return None

    def positions(self, indices: list[int]) -> list[dict[str, object]]:
        """`_matchesPosition`: starts and lengths in bytes of UTF-8."""
        found: list[dict[str, object]] = []
        for match in self.matches:
            start = self.tokens[match.first_token].start
            one: dict[str, object] = {
                "start": len(self.text[:start].encode()),
                "length": len(self.text[start : start + match.length].encode()),
            }
            found.append({**one, "indices": indices} if indices else one)
        return found

    def formatted(self, *, highlight: bool, crop: int | None, marker: str, tags: tuple[str, str]) -> str:
        start, end = self._window(crop) if crop else (0, len(self.text))
        parts = [marker] if start > 0 else []
        at = start
        for match in self.matches if highlight else ():
            left, right = self.tokens[match.first_token].start, self.tokens[match.last_token].end
            if right < start or left > end:
                continue
            left, right = max(left, start), min(right, end)
            stop = min(left + match.length, right)
            parts += [self.text[at:left], tags[0], self.text[left:stop], tags[1], self.text[stop:right]]
            at = right
        parts.append(self.text[at:end])
        if end < len(self.text):
            parts.append(marker)
        return "".join(parts)

    def _window(self, size: int) -> tuple[int, int]:
        """So many words around the best matches (crop_bounds)."""
        first, last, left = 0, 0, size
        backwards = False
        if self.matches:
            one, other = self._best(size)
            long = other.last_word - one.first_word + 1
            backwards = size < long
            left = abs(size - long)
            first, last = one.first_token, min(other.last_token + 1, len(self.tokens))
        if backwards:  # a phrase that is longer than the window: from its end leave words out
            while left > 0 and last > 0:
                last -= 1
                left -= self._is_word(last)
            return self.tokens[first].start if first else 0, self.tokens[last].start
        before, after = first - 1, last
        while left > 0 and (before >= 0 or after < len(self.tokens)):
            before, after, left = self._grown(before, after, left)
        return (
            self.tokens[before].end if before >= 0 else 0,
            self.tokens[after].start if after < len(self.tokens) else len(self.text),
        )

    def _is_word(self, place: int) -> bool:
        return self.tokens[place].kind not in (SOFT, HARD)

    def _grown(self, before: int, after: int, left: int) -> tuple[int, int, int]:
        if before < 0:
            return before, after + 1, left - self._is_word(after)
        if after >= len(self.tokens):
            return before - 1, after, left - self._is_word(before)
        words = self._is_word(before), self._is_word(after)
        if words == (True, True):
            return (before - 1, after + 1, left - 2) if left > 1 else (before - 1, after, left - 1)
        if words == (True, False):
            return before - 1, after, left - 1
        if words == (False, True):
            return before, after + 1, left - 1
        kinds = self.tokens[before].kind, self.tokens[after].kind
        if kinds[0] == kinds[1]:
            return before - 1, after + (left > 1), left
        return (before, after + 1, left) if kinds[0] == HARD else (before - 1, after, left)

    def _best(self, size: int) -> tuple[Match, Match]:
        """The stretch of matches that fits and has the most different ones, near each other and in order."""
        best: tuple[tuple[int, int, int], Match, Match] | None = None
        for start, one in enumerate(self.matches):
            for other in self.matches[start:]:
                if other.last_word - one.first_word >= size:
                    break
                score = self._score(self.matches[start : self.matches.index(other) + 1])
                if best is None or score > best[0]:
                    best = score, one, other
        return (self.matches[0], self.matches[0]) if best is None else best[1:]

    def _score(self, matches: list[Match]) -> tuple[int, int, int]:
        order = distance = 0
        for one, other in itertools.pairwise(matches):
            order += min(other.ids) > min(one.ids)
            distance -= min(other.first_word - one.last_word, 7)
        inner = sum(match.last_word - match.first_word for match in matches)
        return len({one for match in matches for one in match.ids}), distance - inner, order + inner
