"""The error that ended the service, and how it is recorded in the archive."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from archiver.errors import Error
from archiver.store.faults import find_fault


def leaves(exc: BaseException) -> Iterator[BaseException]:
    """Yield the errors in a group and in the groups within it; an error that is not a group yields itself."""
    if isinstance(exc, BaseExceptionGroup):
        for inner in exc.exceptions:
            yield from leaves(inner)
    else:
        yield exc


def first_error(death: BaseException) -> BaseException:
    """The error to report: the first that is not just a cancellation."""
    found = list(leaves(death))
    return next((one for one in found if not isinstance(one, asyncio.CancelledError)), found[0])


def describe_failure(death: BaseException) -> str:
    """What `status` and `health` say, without a full stop. An unexpected error's own text may quote messages."""
    error = first_error(death)
    if isinstance(error, Error):
        return str(error.args[0]).rstrip(".")
    fault = find_fault(error)
    return fault.sentence.rstrip(".") if fault is not None else f"internal error ({type(error).__name__})"
