"""What a page says instead of an answer: one sentence, and what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from archiver.compose.query import NotSearchable
from archiver.errors import Error, NotFound, UsageError
from archiver.store.faults import find_fault
from archiver.store.reading_pool import OutOfTime, ReadersBusy
from archiver.web.view import ViewAnswer
from search.errors import IndexStale, QueryError, SearchError, ServerError

_REFUSALS: Final = {
    401: ("this page needs its token.", "Open the address that `telekeep serve` printed, or run `telekeep open`."),
    404: ("there is no such page.", ""),
    414: ("the address is too long.", ""),
    500: ("the page failed; the archive is intact.", "`telekeep serve -v` says where."),
}
PLAIN: Final = {
    403: "Not for other sites.",
    405: "GET and HEAD only: this page changes nothing.",
    421: "This page does not answer under that host name (--host-name adds one).",
}
"""What is said without a page, as its style sheet would be refused, too."""


def describe_refusal(status: int) -> ViewAnswer:
    """The page for a request that is refused."""
    what, hint = _REFUSALS[status]
    return _problem(status, what, hint)


def describe_problem(exc: Exception) -> ViewAnswer | None:
    """The page for an error that people can understand; None for any other."""
    if isinstance(exc, Error):
        return _problem(_status(exc), str(exc.args[0]), exc.hint or "")
    if isinstance(exc, QueryError) and exc.query:
        return _problem(400, exc.message, exc.hint or "", wrong=(exc.query, exc.start, exc.end))
    if isinstance(exc, SearchError):
        status = 503 if isinstance(exc, ServerError | IndexStale) else 400
        return _problem(status, exc.message, exc.hint or "")
    fault = find_fault(exc)
    return _problem(503, fault.sentence, fault.hint) if fault else None


def _status(exc: Error) -> int:
    if isinstance(exc, NotFound):
        return 404
    if isinstance(exc, UsageError):
        return 400
    return 503 if isinstance(exc, OutOfTime | ReadersBusy | NotSearchable) else 500


def _problem(status: int, what: str, hint: str, *, wrong: tuple[str, int, int] | None = None) -> ViewAnswer:
    return ViewAnswer(
        template="problem.html",
        status=status,
        values={"what": what, "hint": hint, "phrase": HTTPStatus(status).phrase, "wrong": wrong},
        data={"error": what, "hint": hint or None},
    )
