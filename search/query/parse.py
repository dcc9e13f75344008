"""The one grammar of questions, for both engines and for the export: text to tree.

    query  = and ("OR" and)*                  words are joined by AND, which binds tighter than OR
    and    = not ("AND"? not)*
    not    = ("-" | "NOT") not | "(" query ")" | quoted | filter | prefix "*" | #hashtag | @mention | word
    filter = name ":" (value | quoted)        the names are in `grammar`, the values in `filters`

Operators are upper case; a lower-case `or` is a word. Quotes are those of `quotes`. Punctuation alone is nothing to
look for and is passed over, as it is in the messages. `query:NAME` stands for the whole of a saved query. Every wrong
query raises `QueryError` with the place and the mend, and nothing else is ever raised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from search.errors import QueryError
from search.query.filters import Context, nearest
from search.query.saved import fold_name
from search.query.scan import Scanner, Sign, Token
from search.query.tree import EVERYTHING, Node, Not, all_of, any_of, misplaces_revisions

__all__ = ["EVERYTHING", "Context", "Node", "parse"]

MAX_LENGTH = 8_000
"""Characters: twice the longest message."""
MAX_PARTS = 400
"""Words, phrases and filters, those of saved queries included."""
MAX_DEPTH = 12
"""Parentheses and NOTs within each other; SQLite's own limits lie behind it."""
_IN = re.compile(r"\bin[:：]\S+", re.IGNORECASE)


class _CircleError(QueryError):
    """A saved query that would contain itself."""


def parse(text: str, context: Context) -> Node:
    """The tree of a query. An empty one is satisfied by every message."""
    tree = _parse(text, context, _Within())
    if misplaces_revisions(tree):
        place = _IN.search(text)
        start, end = place.span() if place else (0, len(text))
        message = "'in:revisions' holds for the whole query."
        raise QueryError(message, hint="Write it outside of OR, NOT and -.", query=text, start=start, end=end)
    return tree


@dataclass(slots=True)
class _Within:
    """Where a text stands that is parsed, and what may still come."""

    names: tuple[str, ...] = ()
    """The saved queries that it stands in, the outermost first."""
    depth: int = 0
    parts: list[int] = field(default_factory=lambda: [MAX_PARTS])
    """How many more there may be; one number, shared by all texts of a query."""


def _parse(text: str, context: Context, within: _Within) -> Node:
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"The query has {len(text)} characters, more than {MAX_LENGTH}.", query=text[:80], hint="Shorten it."
        )
    found = Scanner(text, context).scan()
    if not found:
        if text.strip():
            raise QueryError("There is nothing to look for.", hint="Write a word, a number or an emoji.", query=text)
        return EVERYTHING
    leaves = [token for token in found if token.sign is None]
    if len(leaves) > within.parts[0]:
        place = leaves[within.parts[0]]
        raise QueryError(
            f"The query has more than {MAX_PARTS} parts.",
            hint="Put a sentence in quotes.",
            query=text,
            start=place.start,
            end=place.end,
        )
    within.parts[0] -= len(leaves)
    return _Parser(text, found, context, within).parse()


class _Parser:
    """Builds the tree by recursive descent."""

    def __init__(self, text: str, found: list[Token], context: Context, within: _Within) -> None:
        self._text = text
        self._tokens = found
        self._context = context
        self._within = within
        self._next = 0
        self._depth = within.depth

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
        if token.saved is not None:
            return self._saved(token.saved, token)
        self._enter(token)
        tree = self._or()
        if self._take(")") is None:
            raise self._error("This '(' is not closed.", token, "Add ')', or put the text in quotes.")
        self._depth -= 1
        return tree

    def _saved(self, name: str, token: Token) -> Node:
        """The tree of a saved query, which may name others, but never itself."""
        key, saved = fold_name(name), self._context.saved
        if key in self._within.names:
            way = " > ".join([*self._within.names[self._within.names.index(key) :], key])
            message = f"The saved query '{name}' would contain itself: {way}."
            raise _CircleError(message, hint="Leave it out.", query=self._text, start=token.start, end=token.end)
        if key not in saved:
            hint = nearest(key, saved, "query:{}") or "`telekeep query list` lists them."
            raise self._error(f"There is no saved query '{name}'.", token, hint)
        self._enter(token)
        within = _Within((*self._within.names, key), self._depth, self._within.parts)
        try:
            tree = _parse(saved[key], self._context, within)
        except _CircleError as error:
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
            raise self._error(f"The saved query '{name}' is empty.", token, "Save it anew.")
        self._depth -= 1
        return tree

    def _enter(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"The query is nested more than {MAX_DEPTH} deep.", token, "Write it flatter.")

    def _peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, sign: Sign) -> Token | None:
        token = self._peek()
        if token is None or token.sign != sign:
            return None
        self._next += 1
        return token

    def _missing(self, token: Token | None) -> QueryError:
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

    def _stray(self, token: Token) -> QueryError:
        return self._error("This ')' closes nothing.", token, "Remove it, or put the text in quotes.")

    def _error(self, message: str, token: Token, hint: str) -> QueryError:
        return QueryError(message, hint=hint, query=self._text, start=token.start, end=token.end)
