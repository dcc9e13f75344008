"""Errors of finding; each has a sentence for the user and a hint with the mend.

SearchError                 something that finding cannot do; no traceback
├── QueryError              the question is wrong: `query`, `start`, `end` say where
│   └── DateError           a date, a range of dates or a time zone is wrong
├── GlossaryError           a glossary is wrong: `line` says where
├── Unanswerable            this engine cannot answer this question faithfully; another may
├── IndexStale              the search tables were made by another version: rebuild them
└── ServerError             Meilisearch did not do what it was asked
    ├── Unreachable         no answer: no connection, no answer in time, an answer that is none
    ├── Busy                it asks to come again; `retry_after` in seconds
    ├── KeyRefused          the key is missing, wrong, or may not do this
    ├── WrongVersion        it is older than what is supported
    ├── IndexMissing        it has no such index
    ├── PayloadTooLarge     what was sent is more than it takes at once; send less
    ├── StorageFull         no room on its disk, in its index or in its queue of tasks
    ├── TaskFailed          a task ended otherwise than in success; `code`, `document_id`
    └── Refused             anything else that it does not accept; `status`, `code`

A `ServerError` names the server's host and the code of what is wrong, never a key, and never the server's own words:
they may quote a document.

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


class DateError(QueryError):
    """A date, a range of dates or a time zone is wrong."""


class GlossaryError(SearchError):
    """A glossary is wrong at a line."""

    def __init__(self, message: str, *, line: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.line = line


class Unanswerable(SearchError):
    """This engine cannot answer this question faithfully; another may."""


class IndexStale(SearchError):
    """The search tables were made by another version of the normaliser or of their layout."""


class ServerError(SearchError):
    """Meilisearch did not do what it was asked."""


class Unreachable(ServerError):
    """No connection, no answer in time, or an answer that is none. What was sent may have arrived all the same."""


class Busy(ServerError):
    """It asks to come again later."""

    def __init__(self, message: str, *, retry_after: float, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        """Seconds."""


class KeyRefused(ServerError):
    """The key is missing, wrong, or may not do this."""


class WrongVersion(ServerError):
    """The server is older than what is supported."""


class IndexMissing(ServerError):
    """The server has no index of that name."""


class PayloadTooLarge(ServerError):
    """What was sent is more than the server takes at once."""


class StorageFull(ServerError):
    """No room on the server's disk, in its index or in its queue of tasks; reading may still work."""


class TaskFailed(ServerError):
    """A task ended otherwise than in success; nothing of it was applied."""

    def __init__(self, message: str, *, code: str, document_id: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        """Meilisearch's error code; any text, new ones appear with new versions."""
        self.document_id = document_id
        """The document that it failed for, where the server names one."""


class Refused(ServerError):
    """A request that the server does not accept."""

    def __init__(self, message: str, *, status: int, code: str | None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
