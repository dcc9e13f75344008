"""Search errors; each has a message for the user and may have a hint on how to fix it.

SearchError                 a search failed; shown without a traceback
├── QueryError              the query is invalid; `query`, `start`, `end` give the position
│   └── DateError           a date, date range or time zone is invalid
├── GlossaryError           a glossary is invalid; `line` gives the position
├── Unanswerable            this engine cannot answer this query correctly; another may
├── IndexStale              the search tables were written by another version: rebuild them
└── ServerError             Meilisearch failed to do what was asked
    ├── ServerUnreachable   no connection, no response in time, or an invalid response
    ├── ServerBusy          the server asks to retry later; `retry_after` in seconds
    ├── KeyRefused          the API key is missing, wrong, or lacks the permission
    ├── WrongVersion        the server is older than the oldest supported version
    ├── IndexMissing        the server has no such index
    ├── PayloadTooLarge     the request is larger than the server accepts; send less
    ├── StorageFull         no space on the server's disk, in its index or in its task queue
    ├── TaskFailed          a task did not succeed; `code`, `document_id`
    └── RequestRefused      the server rejected the request for another reason; `status`, `code`

A `ServerError` names the host and an error code, never a key and never the server's own message, which may quote a
document.

No error contains the text of a message. A `QueryError` quotes the query, which is the user's own.
"""

from __future__ import annotations

from datetime import datetime


class SearchError(Exception):
    """A search failed; `hint` says how to fix it."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class QueryError(SearchError):
    """The query is invalid at `query[start:end]`."""

    def __init__(
        self, message: str, *, hint: str | None = None, query: str = "", start: int = 0, end: int | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.query = query
        self.start = start
        self.end = len(query) if end is None else end

    def at(self, query: str, start: int, end: int) -> QueryError:
        """Return the same error with its position in the whole query."""
        return type(self)(self.message, hint=self.hint, query=query, start=start, end=end)


class DateError(QueryError):
    """A date, date range or time zone is invalid."""

    empty: tuple[datetime, datetime] | None = None
    """Where a period begins and ends if that is what is wrong, for those who write times in another way."""


class GlossaryError(SearchError):
    """A glossary is invalid at this line."""

    def __init__(self, message: str, *, line: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.line = line


class Unanswerable(SearchError):
    """This engine cannot answer this query correctly; another may."""


class IndexStale(SearchError):
    """The search tables were written with another version of the normaliser or the schema."""


class ServerError(SearchError):
    """Meilisearch failed to carry out a request."""


class ServerUnreachable(ServerError):
    """No connection, no response in time, or an invalid response. The server may have received the request anyway."""

    def __init__(self, message: str, *, hint: str | None = None, hung: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.hung = hung
        """Name of the server, if it did not even answer another question meanwhile."""


def invalid_response(name: str) -> ServerUnreachable:
    """A server sent what cannot be an answer."""
    return ServerUnreachable(f"Meilisearch at {name} sent an invalid response.")


class ServerBusy(ServerError):
    """The server asks to retry later."""

    def __init__(self, message: str, *, retry_after: float, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        """Seconds."""


class KeyRefused(ServerError):
    """The API key is missing, wrong, or lacks the permission."""


class WrongVersion(ServerError):
    """The server is older than the oldest supported version."""


class IndexMissing(ServerError):
    """The server has no index with that name."""


class PayloadTooLarge(ServerError):
    """The request is larger than the server accepts."""


class StorageFull(ServerError):
    """No space on the server's disk, in its index or in its task queue; reading may still work."""


class TaskFailed(ServerError):
    """A task did not succeed; none of its changes were applied."""

    def __init__(self, message: str, *, code: str, document_id: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        """Meilisearch's error code; an open set, as new versions add codes."""
        self.document_id = document_id
        """The document that caused the failure, if the server names one."""


class RequestRefused(ServerError):
    """The server rejected the request."""

    def __init__(self, message: str, *, status: int, code: str | None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
