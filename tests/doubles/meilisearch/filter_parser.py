"""The filter grammar of Meilisearch (crates/filter-parser): text to a tree, with its messages and positions.

As in the original there are two kinds of failure: Mismatch lets the next alternative be tried, Refusal is final.
Geographic, vector and foreign filters are refused (README.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tests.doubles.meilisearch.filter_errors import CLOSING, Mismatch, Refusal, Span, unescape
from tests.doubles.meilisearch.filter_tree import And, Condition, Filter, In, Not, Or, Value

_SPACE = " \t\r\n"
_KEYWORDS = {
    "AND", "OR", "IN", "NOT", "TO", "EXISTS", "IS", "NULL", "EMPTY", "CONTAINS", "STARTS", "WITH", "_geoRadius",
    "_geoBoundingBox",
}  # fmt: skip
_OPERATORS = ("<=", ">=", "!=", "<", ">", "=")
MAX_DEPTH = 150
T = TypeVar("T")


def parse(text: str) -> Filter | None:
    """The tree; None for an empty filter. Raises Refusal, whose text is Meilisearch's."""
    if not text.strip():
        return None
    parser = _Parser(text)
    try:
        found = parser.either(0)
        if parser.at < len(text):
            raise Mismatch(parser.rest(), "end")
    except Mismatch as miss:
        raise Refusal(miss.span, miss.kind, miss.detail) from None
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def rest(self, start: int | None = None) -> Span:
        return Span(self.text, self.at if start is None else start, len(self.text))

    # --- structure

    def either(self, depth: int) -> Filter:
        return self._chain("OR", self._both, Or, depth)

    def _both(self, depth: int) -> Filter:
        return self._chain("AND", self._negation, And, depth)

    def _chain(self, word: str, inner: Callable[[int], Filter], joined: Callable[..., Filter], depth: int) -> Filter:
        self._check_depth(depth)
        parts = [inner(depth + 1)]
        while True:
            start = self.at
            if not self._spaced_word(word):
                self.at = start
                return parts[0] if len(parts) == 1 else joined(tuple(parts))
            parts.append(self._final(lambda: inner(depth + 1)))

    def _negation(self, depth: int) -> Filter:
        self._check_depth(depth)
        start = self.at
        if self._spaced_word("NOT"):
            inner = self._final(lambda: self._negation(depth + 1))
            return inner.inner if isinstance(inner, Not) else Not(inner)
        self.at = start
        return self._primary(depth + 1)

    def _primary(self, depth: int) -> Filter:
        self._check_depth(depth)
        start = self.at
        self._spaces()
        if self.text.startswith("(", self.at):
            self.at += 1
            self._spaces()
            inner = self._final(lambda: self.either(depth + 1))
            self._spaces()
            if not self.text.startswith(")", self.at):
                raise Refusal(self.rest(start), CLOSING, ")")
            self.at += 1
            self._spaces()
            return inner
        self.at = start
        self._refuse_geo_call()
        try:
            return self._condition()
        except Mismatch as miss:
            if miss.kind == "keyword":
                raise Refusal(miss.span, miss.kind) from None
            raise Mismatch(self.rest(start), "operation") from None

    def _condition(self) -> Filter:
        field = self.value()
        start = self.at
        if self._spaced_word("IN"):
            return In(field, self._list())
        self.at = start
        if self._word("NOT") and self._spaced_word("IN"):
            return Not(In(field, self._list()))
        self.at = start
        for operator in _OPERATORS:
            if self.text.startswith(operator, start):
                self.at += len(operator)
                return Condition(field, operator, self._final(self.value))
        found = self._named_condition(field) or self._between(field)
        if found is None:
            raise Mismatch(self.rest(), "operation")
        return found

    def _named_condition(self, field: Value) -> Filter | None:
        """IS NULL, EXISTS, CONTAINS … and their negations."""
        for words, operator in (
            (("IS", "NULL"), "IS NULL"),
            (("IS", "NOT", "NULL"), "-IS NULL"),
            (("IS", "EMPTY"), "IS EMPTY"),
            (("IS", "NOT", "EMPTY"), "-IS EMPTY"),
            (("EXISTS",), "EXISTS"),
            (("NOT", "EXISTS"), "-EXISTS"),
        ):
            if self._tags(words):
                condition = Condition(field, operator.lstrip("-"))
                return Not(condition) if operator[0] == "-" else condition
        for words, operator in (
            (("CONTAINS",), "CONTAINS"),
            (("NOT", "CONTAINS"), "-CONTAINS"),
            (("STARTS WITH",), "STARTS WITH"),
            (("NOT", "STARTS WITH"), "-STARTS WITH"),
        ):
            if self._tags(words):
                keyword = Span(self.text, self.at - len(words[-1]), self.at)
                condition = Condition(field, operator.lstrip("-"), self._final(self.value), keyword=keyword)
                return Not(condition) if operator[0] == "-" else condition
        return None

    def _between(self, field: Value) -> Filter | None:
        start = self.at
        try:
            low = self.value()
        except Mismatch:
            self.at = start
            return None
        if not self._tags(("TO",)) or not self._spaces():
            self.at = start
            return None
        return Condition(field, "TO", low, self._final(self.value))

    def _list(self) -> tuple[Value, ...]:
        if not self.text.startswith("[", self.at):
            raise Refusal(self.rest(), "in_opening")
        self.at += 1
        found: list[Value] = []
        start = self.at
        try:
            found.append(self.value())
            while True:
                start = self.at
                self._expect_comma()
                found.append(self.value())
        except Mismatch:
            self.at = start
        try:
            self._expect_comma()
        except Mismatch:
            self.at = start
        place = self.at
        self._spaces()
        if not self.text.startswith("]", self.at):
            self.at = place
            raise Refusal(self.rest(), "in_value" if place < len(self.text) else "in_closing")
        self.at += 1
        self._spaces()
        return tuple(found)

    def _expect_comma(self) -> None:
        self._spaces()
        if not self.text.startswith(",", self.at):
            raise Mismatch(self.rest(), "comma")
        self.at += 1
        self._spaces()

    # --- words and values

    def value(self) -> Value:
        """A word or a quoted text, with the white space around it."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        start = self.at
        self._refuse_geo_value()
        quote = self.text[start : start + 1]
        if quote in ("'", '"') and quote:
            span, raw = self._quoted(quote)
        else:
            span = self._word_span()
            raw = span.fragment
            if not raw or raw in _KEYWORDS:
                end = start
                while end < len(self.text) and not (self.text[end].isspace() or self.text[end] in "()=<>!"):
                    end += 1
                self.at = start
                raise Mismatch(Span(self.text, start, end), "keyword" if raw else "value")
        self._spaces()
        return Value(span, unescape(raw, span))

    def _quoted(self, quote: str) -> tuple[Span, str]:
        start = self.at + 1
        at, escaped = start, False
        while at < len(self.text) and self.text[at] != quote:
            if self.text[at] == "\\":
                if at + 1 == len(self.text):
                    raise Refusal(self.rest(start), "malformed")
                escaped |= self.text[at + 1] == quote
                at += 1
            at += 1
        if at >= len(self.text):
            raise Refusal(self.rest(), CLOSING, quote)
        self.at = at + 1
        raw = self.text[start:at]
        return Span(self.text, start, at), raw.replace("\\" + quote, quote) if escaped else raw

    def _word_span(self) -> Span:
        end = self.at
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] in "_-."):
            end += 1
        span = Span(self.text, self.at, end)
        self.at = end
        return span

    def _word(self, word: str) -> bool:
        return self._word_span().fragment == word

    def _spaced_word(self, word: str) -> bool:
        self._spaces()
        if not self._word(word):
            return False
        self._spaces()
        return True

    def _tags(self, words: tuple[str, ...]) -> bool:
        """The words with white space between them; nothing is taken if they are not there."""
        start = self.at
        for place, word in enumerate(words):
            if (place and not self._spaces()) or not self.text.startswith(word, self.at):
                self.at = start
                return False
            self.at += len(word)
        return True

    def _spaces(self) -> bool:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in _SPACE:
            self.at += 1
        return self.at > start

    # --- what is refused

    def _final(self, inner: Callable[[], T]) -> T:
        try:
            return inner()
        except Mismatch as miss:
            raise Refusal(miss.span, miss.kind, miss.detail) from None

    def _check_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Mismatch(self.rest(), "depth")

    def _peek_word(self) -> str:
        start = self.at
        span = self._word_span()
        self.at = start
        return span.fragment

    def _refuse_geo_value(self) -> None:
        for name in ("_geoPoint", "_geoDistance"):
            if self.text.startswith(name, self.at):
                raise Refusal(self.rest(), "geo_reserved", name)
        word = self._peek_word()
        if word == "_geo":
            raise Refusal(self.rest(), "geo_reserved", word)
        if word in ("_geoRadius", "_geoBoundingBox"):
            raise Refusal(self.rest(), "geo_misused", word)

    def _refuse_geo_call(self) -> None:
        start = self.at
        self._spaces()
        word = self._peek_word()
        if word in ("_geoRadius", "_geoBoundingBox", "_geoPolygon", "_foreign"):
            self.at += len(word)
            raise Refusal(self.rest(), "not_here", word)
        self.at = start
