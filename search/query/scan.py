"""Tokenizer for queries: operators, parentheses, and the leaves of the tree, all with their positions.

The grammar is described in `parse`. Parentheses and colons may be the full-width ones of East Asian keyboards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from search.errors import QueryError
from search.query.filters import Context
from search.query.grammar import SAVED, is_filter, read_filter, require_value
from search.query.peers import read_mention
from search.query.quotes import OPENING, closing, is_gershayim, read_quoted
from search.query.tree import Node, Phrase, Prefix, Tag, Word
from search.text.normalize import is_persian_join, tokens

_FILTER = re.compile(r"(sha256|[A-Za-z]+)([:：])(?!//)|(views|forwards|id)(?=[<>=≤≥])", re.IGNORECASE)
_CASHTAG = re.compile(r"\$[A-Za-z]{1,8}(?:@\w+)?")
_LINK: Final = "url"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_BRACKETS: Final[dict[str, Literal["(", ")"]]] = {"(": "(", ")": ")", "（": "(", "）": ")"}
_OPERATORS: Final = frozenset({"OR", "AND", "NOT"})

_NO_CONTEXT: Final = Context(now=datetime.fromtimestamp(0, UTC))

Operator: TypeAlias = Literal["(", ")", "-", "OR", "AND", "NOT"]


@dataclass(frozen=True, slots=True)
class Token:
    """An operator, a leaf, or the name of a saved query, with its position in the text."""

    start: int
    end: int
    operator: Operator | None = None
    leaf: Node | None = None
    saved: str | None = None


class Scanner:
    """Splits a query into tokens."""

    def __init__(self, text: str, context: Context) -> None:
        self._text = text
        self._context = context
        self._at = 0

    def scan(self) -> list[Token]:
        """Return all tokens; punctuation is skipped."""
        found = []
        while self._at < len(self._text):
            token = self._next()
            if token is not None:
                found.append(token)
        return found

    def _next(self) -> Token | None:
        start, char = self._at, self._text[self._at]
        if char.isspace():
            self._at += 1
            return None
        if char in _BRACKETS:
            self._at += 1
            return Token(start, self._at, operator=_BRACKETS[char])
        if char == "-":
            return self._dash()
        if char in OPENING:
            return self._phrase()
        filtered = _FILTER.match(self._text, start)
        if filtered and (filtered[2] != "：" or is_filter(filtered[1])) and (token := self._filter(filtered)):
            return token
        return self._word()

    def _dash(self) -> Token | None:
        """A single dash directly before something excludes it; any other dash is punctuation."""
        start = self._at
        while self._at < len(self._text) and self._text[self._at] == "-":
            self._at += 1
        alone = self._at == len(self._text) or self._text[self._at].isspace() or self._text[self._at] in ")）"
        if alone or self._at - start > 1:
            return None
        return Token(start, self._at, operator="-")

    def _phrase(self) -> Token | None:
        start = self._at
        text = self._quoted()
        starred = self._text.startswith("*", self._at)
        self._at += starred
        if not tokens(text):
            raise self._error("The quotes contain no words.", start, "Put at least one word in them.")
        return Token(start, self._at, leaf=Prefix(text) if starred else Phrase(text))

    def _quoted(self) -> str:
        """Read the quoted text that starts here and move past it."""
        start = self._at
        found = read_quoted(self._text, start)
        if found is None:
            self._at = len(self._text)
            raise self._error(
                "The quote is not closed.", start, f"Add {closing(self._text[start])} at the end.", end=start + 1
            )
        text, self._at = found
        return text

    def _filter(self, found: re.Match[str]) -> Token | None:
        """Read a filter; None if the text only looks like one (a word that ends in a colon, such as `note:`)."""
        start, name = self._at, found[1] or found[3]
        self._at = found.end()
        value = self._link() if name.lower() == _LINK else self._value()
        if not value and not is_filter(name):
            self._at = start
            return None
        try:
            if name.lower() == SAVED:
                return Token(start, self._at, saved=require_value(name, value))
            return Token(start, self._at, leaf=read_filter(name, value, self._context))
        except QueryError as error:
            raise error.at(self._text, start, self._at) from None

    def _value(self) -> str:
        if self._at == len(self._text) or self._text[self._at] not in OPENING:
            return self._run()
        value = self._quoted()
        starred = self._text.startswith("*", self._at)
        self._at += starred
        return f"{value}*" if starred else value

    def _link(self) -> str:
        """Read a link, which may contain parentheses: those that it opens itself."""
        if self._at < len(self._text) and self._text[self._at] in OPENING:
            return self._value()
        start, depth = self._at, 0
        while self._at < len(self._text) and not self._text[self._at].isspace():
            depth += {"(": 1, ")": -1}.get(_BRACKETS.get(self._text[self._at], ""), 0)
            if depth < 0:
                break
            self._at += 1
        return self._text[start : self._at]

    def _word(self) -> Token | None:
        start = self._at
        run = self._run()
        if run in _OPERATORS:
            operator: Operator = "OR" if run == "OR" else "AND" if run == "AND" else "NOT"
            return Token(start, self._at, operator=operator)
        text = run.rstrip("*")
        if "*" in text or len(run) - len(text) > 1 or run == "*":
            hint = "Write word*, or put the text in quotes."
            raise self._error("'*' is only allowed at the end of a word.", start, hint)
        bare = _SCHEME.sub("", text)
        text = bare if tokens(bare) else text
        if not tokens(text):
            return None
        return Token(start, self._at, leaf=self._leaf(text, start, starred=run.endswith("*")))

    def _leaf(self, text: str, start: int, *, starred: bool) -> Node:
        if text[0] in "#＃":
            return Tag("hashtag", text.lstrip("#＃"), starred)
        if _CASHTAG.fullmatch(text):
            return Tag("hashtag", text, starred)
        if text[0] in "@＠":
            return read_mention(f"@{text.lstrip('@＠')}{'*' * starred}", self._context)
        if not starred:
            return Word(text)
        last = tokens(text)[-1]
        if len(last) == 1 and last.isalnum() and last < "\u2e80":
            raise self._error("A prefix needs at least two letters.", start, "Add more letters.")
        return Prefix(text)

    def _run(self) -> str:
        """Read up to the next space between words, parenthesis or quote."""
        start = self._at
        while self._at < len(self._text):
            char = self._text[self._at]
            if (
                (char.isspace() and not is_persian_join(self._text, self._at))
                or char in _BRACKETS
                or (char in OPENING and not is_gershayim(self._text, self._at))
            ):
                break
            self._at += 1
        return self._text[start : self._at]

    def _error(self, message: str, start: int, hint: str, *, end: int | None = None) -> QueryError:
        return QueryError(message, hint=hint, query=self._text, start=start, end=self._at if end is None else end)


def parses_as(text: str, leaf: Node) -> bool:
    """Whether the text by itself parses as this leaf; otherwise it needs quotes."""
    try:
        found = Scanner(text, _NO_CONTEXT).scan()
    except QueryError:
        return False
    return len(found) == 1 and found[0].leaf == leaf and (found[0].start, found[0].end) == (0, len(text))
