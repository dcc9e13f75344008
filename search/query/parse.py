"""Parser for the query language that search, both engines and the export share: text to tree.

    query  = and ("OR" and)*                  adjacent words are joined by AND, which binds tighter than OR
    and    = not ("AND"? not)*
    not    = ("-" | "NOT") not | "(" query ")" | quoted | filter | prefix "*" | #hashtag | @mention | word
    filter = name ":" (value | quoted)        names: see `grammar`; values: see `filters`

Operators are upper case; a lower-case `or` is a word. See `quotes` for quotation marks. Punctuation on its own is
ignored, as it is in messages. `query:NAME` inserts a saved query. Every invalid query raises `QueryError` with the
position and a hint how to fix it; nothing else is raised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from search.errors import QueryError
from search.query.filters import Context, suggest
from search.query.saved import fold_query_name
from search.query.scan import Operator, Scanner, Token
from search.query.scope import find_misplaced
from search.query.tree import EVERYTHING, InRevisions, Node, Not, all_of, any_of

__all__ = ["EVERYTHING", "Context", "Node", "parse"]

MAX_LENGTH = 8_000
"""Characters; twice the longest message."""
MAX_PARTS = 400
"""Words, phrases and filters, including those of saved queries."""
MAX_DEPTH = 12
"""Nested parentheses and NOTs; chosen to stay within SQLite's limits."""
_ALL = frozenset("*＊")
_IN = re.compile(r"\bin[:：]\S+", re.IGNORECASE)


class _CycleError(QueryError):
    """A saved query contains itself."""


def parse(text: str, context: Context) -> Node:
    """Parse a query. An empty query matches every message, and so does `*`."""
    if text.strip() in _ALL:
        return EVERYTHING
    tree = _parse(text, context, _Nesting())
    if (scope := find_misplaced(tree)) is not None:
        name = "revisions" if isinstance(scope, InRevisions) else "annotations"
        place = _IN.search(text)
        start, end = place.span() if place else (0, len(text))
        message = f"'in:{name}' applies to the whole query."
        raise QueryError(message, hint="Move it outside OR, NOT and -.", query=text, start=start, end=end)
    return tree


@dataclass(slots=True)
class _Nesting:
    """Position of the text being parsed among nested saved queries, and the limits that remain."""

    names: tuple[str, ...] = ()
    """The saved queries around it, outermost first."""
    depth: int = 0
    parts: list[int] = field(default_factory=lambda: [MAX_PARTS])
    """Number of parts still allowed, in a list because all texts of a query share it."""


def _parse(text: str, context: Context, nesting: _Nesting) -> Node:
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"The query has {len(text)} characters, more than {MAX_LENGTH}.", query=text[:80], hint="Shorten it."
        )
    found = Scanner(text, context).scan()
    if not found:
        if text.strip():
            raise QueryError("There is nothing to look for.", hint="Enter a word, a number or an emoji.", query=text)
        return EVERYTHING
    leaves = [token for token in found if token.operator is None]
    if len(leaves) > nesting.parts[0]:
        place = leaves[nesting.parts[0]]
        raise QueryError(
            f"The query has more than {MAX_PARTS} parts.",
            hint="Put sentences in quotes.",
            query=text,
            start=place.start,
            end=place.end,
        )
    nesting.parts[0] -= len(leaves)
    return _Parser(text, found, context, nesting).parse()


class _Parser:
    """Recursive descent parser."""

    def __init__(self, text: str, found: list[Token], context: Context, nesting: _Nesting) -> None:
        self._text = text
        self._tokens = found
        self._context = context
        self._nesting = nesting
        self._next = 0
        self._depth = nesting.depth

    def parse(self) -> Node:
        """Parse the whole query."""
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
        while (token := self._peek()) and token.operator not in {"OR", ")"}:
            self._take("AND")
            parts.append(self._not())
        return all_of(tuple(parts))

    def _not(self) -> Node:
        operator = self._take("-") or self._take("NOT")
        if operator is None:
            return self._primary()
        self._enter(operator)
        part = self._not()
        self._depth -= 1
        return part.part if isinstance(part, Not) else Not(part)

    def _primary(self) -> Node:
        token = self._peek()
        if token is None or token.operator not in {None, "("}:
            raise self._missing(token)
        self._next += 1
        if token.leaf is not None:
            return token.leaf
        if token.saved is not None:
            return self._saved(token.saved, token)
        self._enter(token)
        tree = self._or()
        if self._take(")") is None:
            raise self._error("This '(' is not closed.", token, "Add ')', or put the text in quotes.")
        self._depth -= 1
        return tree

    def _saved(self, name: str, token: Token) -> Node:
        """Parse a saved query, which may refer to others, but not to itself."""
        key, saved = fold_query_name(name), self._context.saved
        if key in self._nesting.names:
            path = " > ".join([*self._nesting.names[self._nesting.names.index(key) :], key])
            message = f"The saved query '{name}' would contain itself: {path}."
            raise _CycleError(message, hint="Remove it.", query=self._text, start=token.start, end=token.end)
        if key not in saved:
            hint = suggest(key, saved, "query:{}") or "`telekeep query list` lists them."
            raise self._error(f"There is no saved query '{name}'.", token, hint)
        self._enter(token)
        nesting = _Nesting((*self._nesting.names, key), self._depth, self._nesting.parts)
        try:
            tree = _parse(saved[key], self._context, nesting)
        except _CycleError as error:
            raise error.at(self._text, token.start, token.end) from None
        except QueryError as error:
            raise QueryError(
                f"In the saved query '{name}': {error.message}",
                hint=error.hint,
                query=self._text,
                start=token.start,
                end=token.end,
            ) from error
        if tree == EVERYTHING:
            raise self._error(f"The saved query '{name}' is empty.", token, "Save it again.")
        self._depth -= 1
        return tree

    def _enter(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(
                f"The query is nested more than {MAX_DEPTH} levels deep.", token, "Use fewer parentheses."
            )

    def _peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, operator: Operator) -> Token | None:
        token = self._peek()
        if token is None or token.operator != operator:
            return None
        self._next += 1
        return token

    def _missing(self, token: Token | None) -> QueryError:
        """Error for a missing operand at this token, or at the end."""
        before = self._tokens[self._next - 1] if self._next else None
        if before is not None and before.operator in {"OR", "AND", "NOT", "-"}:
            hint = "Add a word after it, or put it in quotes."
            return self._error(f"There is nothing to look for after '{before.operator}'.", before, hint)
        if token is not None and token.operator in {"OR", "AND"}:
            hint = "Add a word before it, or put it in quotes."
            return self._error(f"There is nothing to look for before '{token.operator}'.", token, hint)
        if before is not None:
            return self._error("The parentheses are empty.", before, "Put words in them.")
        assert token is not None
        return self._stray(token)

    def _stray(self, token: Token) -> QueryError:
        return self._error("This ')' has no matching '('.", token, "Remove it, or put the text in quotes.")

    def _error(self, message: str, token: Token, hint: str) -> QueryError:
        return QueryError(message, hint=hint, query=self._text, start=token.start, end=token.end)
