"""The one grammar of questions, for both engines and for the export: text to tree.

    query  = and ("OR" and)*                  words are joined by AND, which binds tighter than OR
    and    = not ("AND"? not)*
    not    = ("-" | "NOT") not | "(" query ")" | quoted | filter | prefix "*" | #hashtag | @mention | word
    filter = name ":" (value | quoted)        the names and values are in `filters`

Operators are upper case; a lower-case `or` is a word. Quotes may be " “ ” „ « » or 「 」. Punctuation alone is nothing
to look for and is passed over, as it is in the messages. Every wrong query raises `QueryError` with the place and
the mend, and nothing else is ever raised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from search.errors import QueryError
from search.filters import Context, is_filter, read_filter
from search.normalize import tokens
from search.tree import EVERYTHING, Node, Not, Phrase, Prefix, Tag, Word, all_of, any_of

__all__ = ["EVERYTHING", "Context", "Node", "parse"]

MAX_LENGTH = 8_000
"""Characters: twice the longest message."""
MAX_PARTS = 400
MAX_DEPTH = 12
"""Parentheses and NOTs within each other; SQLite's own limits lie behind it."""

_QUOTES = {'"': '"“”„', "“": '”"“', "”": '”"', "„": '“”"', "«": "»", "»": "«»", "「": "」", "『": "』"}
_FILTER = re.compile(r"([A-Za-z]+):(?!//)|(views|forwards|id)(?=[<>=])", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HEBREW = re.compile("[\u05d0-\u05f2]")
_OPERATORS = frozenset({"OR", "AND", "NOT"})

Sign: TypeAlias = Literal["(", ")", "-", "OR", "AND", "NOT"]


@dataclass(frozen=True, slots=True)
class _Token:
    """A sign of the grammar or a leaf, with its place."""

    start: int
    end: int
    sign: Sign | None = None
    leaf: Node | None = None


def parse(text: str, context: Context) -> Node:
    """The tree of a query. An empty one is satisfied by every message."""
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"The query has {len(text)} characters, more than {MAX_LENGTH}.", query=text[:80], hint="Shorten it."
        )
    found = _Scanner(text, context).scan()
    if not found:
        if text.strip():
            raise QueryError("There is nothing to look for.", hint="Write a word, a number or an emoji.", query=text)
        return EVERYTHING
    leaves = [token for token in found if token.leaf is not None]
    if len(leaves) > MAX_PARTS:
        place = leaves[MAX_PARTS]
        raise QueryError(
            f"The query has more than {MAX_PARTS} parts.",
            hint="Put a sentence in quotes.",
            query=text,
            start=place.start,
            end=place.end,
        )
    return _Parser(text, found).parse()


class _Scanner:
    """Cuts the text into tokens."""

    def __init__(self, text: str, context: Context) -> None:
        self._text = text
        self._context = context
        self._at = 0

    def scan(self) -> list[_Token]:
        """All tokens that mean something."""
        found = []
        while self._at < len(self._text):
            token = self._next()
            if token is not None:
                found.append(token)
        return found

    def _next(self) -> _Token | None:
        start, char = self._at, self._text[self._at]
        if char.isspace():
            self._at += 1
            return None
        if char in "()":
            self._at += 1
            return _Token(start, self._at, sign="(" if char == "(" else ")")
        if char == "-":
            return self._dash()
        if char in _QUOTES:
            return self._phrase()
        filtered = _FILTER.match(self._text, start)
        if filtered and (token := self._filter(filtered)):
            return token
        return self._word()

    def _dash(self) -> _Token | None:
        """One dash directly before something excludes it; any other is punctuation."""
        start = self._at
        while self._at < len(self._text) and self._text[self._at] == "-":
            self._at += 1
        alone = self._at == len(self._text) or self._text[self._at].isspace() or self._text[self._at] == ")"
        if alone or self._at - start > 1:
            return None
        return _Token(start, self._at, sign="-")

    def _phrase(self) -> _Token | None:
        start = self._at
        text = self._quoted()
        starred = self._text.startswith("*", self._at)
        self._at += starred
        if not tokens(text):
            raise self._error("There is nothing to look for within the quotes.", start, "Write words in them.")
        return _Token(start, self._at, leaf=Prefix(text) if starred else Phrase(text))

    def _quoted(self) -> str:
        """What stands within quotes that open here; goes behind them."""
        start, closing = self._at, _QUOTES[self._text[self._at]]
        for end in range(start + 1, len(self._text)):
            if self._text[end] in closing and not self._is_gershayim(end):
                self._at = end + 1
                return self._text[start + 1 : end]
        self._at = len(self._text)
        raise self._error("The quote is not closed.", start, f"Add {closing[0]} at its end.", end=start + 1)

    def _filter(self, found: re.Match[str]) -> _Token | None:
        """A filter; None where the text only looks like one (`note:` at the end of a word)."""
        start, name = self._at, found[1] or found[2]
        self._at = found.end()
        quoted = self._at < len(self._text) and self._text[self._at] in _QUOTES
        value = self._quoted() if quoted else self._run()
        if not value and not is_filter(name):
            self._at = start
            return None
        try:
            return _Token(start, self._at, leaf=read_filter(name, value, self._context))
        except QueryError as error:
            raise error.at(self._text, start, self._at) from None

    def _word(self) -> _Token | None:
        start = self._at
        run = self._run()
        if run in _OPERATORS:
            sign: Sign = "OR" if run == "OR" else "AND" if run == "AND" else "NOT"
            return _Token(start, self._at, sign=sign)
        text = run.rstrip("*")
        if "*" in text or len(run) - len(text) > 1 or run == "*":
            hint = "Write word*, or put the text in quotes."
            raise self._error("'*' may only stand at the end of a word.", start, hint)
        cut = tokens(text)
        if not cut:
            return None
        return _Token(start, self._at, leaf=self._leaf(_SCHEME.sub("", text), start, starred=text != run))

    def _leaf(self, text: str, start: int, *, starred: bool) -> Node:
        if text[0] == "#":
            return Tag("hashtag", text.lstrip("#"), starred)
        if text[0] == "@":
            return Tag("mention", text.lstrip("@"), starred)
        if not starred:
            return Word(text)
        last = tokens(text)[-1]
        if len(last) == 1 and last.isalnum() and last < "\u2e80":
            raise self._error("A prefix needs at least two letters.", start, "Write more of the word.")
        return Prefix(text)

    def _run(self) -> str:
        """Everything up to a space, a parenthesis or a quote."""
        start = self._at
        while self._at < len(self._text):
            char = self._text[self._at]
            if char.isspace() or char in "()" or (char in _QUOTES and not self._is_gershayim(self._at)):
                break
            self._at += 1
        return self._text[start : self._at]

    def _is_gershayim(self, at: int) -> bool:
        """Whether a double quote stands within a Hebrew word, as in צה"ל."""
        around = self._text[at - 1 : at] + self._text[at + 1 : at + 2]
        return self._text[at] in '"”“' and len(_HEBREW.findall(around)) == 2

    def _error(self, message: str, start: int, hint: str, *, end: int | None = None) -> QueryError:
        return QueryError(message, hint=hint, query=self._text, start=start, end=self._at if end is None else end)


class _Parser:
    """Builds the tree by recursive descent."""

    def __init__(self, text: str, found: list[_Token]) -> None:
        self._text = text
        self._tokens = found
        self._next = 0
        self._depth = 0

    def parse(self) -> Node:
        """The whole query."""
        tree = self._or()
        if left := self._peek():
            raise self._stray(left)
        return tree

    def _or(self) -> Node:
        parts = [self._and()]
        while self._take("OR"):
            parts.append(self._and())
        return any_of(tuple(parts))

    def _and(self) -> Node:
        parts = [self._not()]
        while (token := self._peek()) and token.sign not in {"OR", ")"}:
            self._take("AND")
            parts.append(self._not())
        return all_of(tuple(parts))

    def _not(self) -> Node:
        sign = self._take("-") or self._take("NOT")
        if sign is None:
            return self._primary()
        self._enter(sign)
        part = self._not()
        self._depth -= 1
        return part.part if isinstance(part, Not) else Not(part)

    def _primary(self) -> Node:
        token = self._peek()
        if token is None or token.sign not in {None, "("}:
            raise self._missing(token)
        self._next += 1
        if token.leaf is not None:
            return token.leaf
        self._enter(token)
        tree = self._or()
        if self._take(")") is None:
            raise self._error("This '(' is not closed.", token, "Add ')', or put the text in quotes.")
        self._depth -= 1
        return tree

    def _enter(self, token: _Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"The query is nested more than {MAX_DEPTH} deep.", token, "Write it flatter.")

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, sign: Sign) -> _Token | None:
        token = self._peek()
        if token is None or token.sign != sign:
            return None
        self._next += 1
        return token

    def _missing(self, token: _Token | None) -> QueryError:
        """Something to look for is wanted where this token stands, or at the end."""
        before = self._tokens[self._next - 1] if self._next else None
        if before is not None and before.sign in {"OR", "AND", "NOT", "-"}:
            mend = "Write a word after it, or put it in quotes."
            return self._error(f"There is nothing to look for after '{before.sign}'.", before, mend)
        if token is not None and token.sign in {"OR", "AND"}:
            mend = "Write a word before it, or put it in quotes."
            return self._error(f"There is nothing to look for before '{token.sign}'.", token, mend)
        if before is not None:
            return self._error("There is nothing within the parentheses.", before, "Write words in them.")
        assert token is not None
        return self._stray(token)

    def _stray(self, token: _Token) -> QueryError:
        return self._error("This ')' closes nothing.", token, "Remove it, or put the text in quotes.")

    def _error(self, message: str, token: _Token, hint: str) -> QueryError:
        return QueryError(message, hint=hint, query=self._text, start=token.start, end=token.end)
