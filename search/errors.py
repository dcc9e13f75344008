"""Errors of finding; each has a sentence for the user and a hint with the mend.

SearchError                 something that finding cannot do; no traceback
├── QueryError              the question is wrong: `query`, `start`, `end` say where
│   └── DateError           a date, a range of dates or a time zone is wrong
├── Unanswerable            this engine cannot answer this question faithfully; another may
└── IndexStale              the search tables were made by another version: rebuild them

No error carries the text of a message. A `QueryError` quotes the question, which is the user's own.
"""

from __future__ import annotations


class SearchError(Exception):
    """Something that finding cannot do; `hint` says what to do about it."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class QueryError(SearchError):
    """The question is wrong. `query[start:end]` is the place, in characters of the question."""

    def __init__(
        self, message: str, *, hint: str | None = None, query: str = "", start: int = 0, end: int | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.query = query
        self.start = start
        self.end = len(query) if end is None else end

    def at(self, query: str, start: int, end: int) -> QueryError:
        """The same error with its place in the whole question."""
        return type(self)(self.message, hint=self.hint, query=query, start=start, end=end)

    @property
    def pointer(self) -> str:
        """Two lines: the question on one line, and carets under the place; empty without a question."""
        if not self.query:
            return ""
        line = "".join(char if char.isprintable() else " " for char in self.query)
        return f"{line}\n{' ' * self.start}{'^' * max(1, self.end - self.start)}"


class DateError(QueryError):
    """A date, a range of dates or a time zone is wrong."""


class Unanswerable(SearchError):
    """This engine cannot answer this question faithfully; another may."""


class IndexStale(SearchError):
    """The search tables were made by another version of the normaliser or of their layout."""
