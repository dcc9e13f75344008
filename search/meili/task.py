"""Meilisearch tasks: asynchronous operations and their results. Pure.

Status, type and code are arbitrary text, since new versions add values.
https://www.meilisearch.com/docs/reference/api/tasks
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from search.errors import ServerError, StorageFull, TaskFailed

FULL_CODES = frozenset(
    {"no_space_left_on_device", "database_size_limit_reached", "too_many_open_files", "io_error", "disk_full"}
)
"""Error codes for a full or failing disk.
https://www.meilisearch.com/docs/reference/errors/error_codes"""
NO_SPACE_CODE = "no_space_left_on_device"
NO_SPACE = b"(os error 28)"
"""In the message of an error `internal`: no space left on the device."""
_NAMED = re.compile(r"\bc[0-9]{1,18}_[0-9]{1,18}\b")
"""A document id in a server message; the rest of the message may quote a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as reported by the server."""

    uid: int
    index: str | None = None
    status: str
    type: str
    code: str | None = None
    """Error code, if it failed."""
    document_id: str | None = None
    """The document that caused the failure, if the server names it."""
    documents: int | None = None
    """Number of documents received."""
    duration: float | None = None
    """Processing time in seconds."""
    started_at: datetime | None = None
    """By the server's clock."""
    metadata: str | None = None
    """Metadata sent with the request; identifies the task, since a server that lost its tasks reuses their uids."""

    @property
    def is_done(self) -> bool:
        """Whether the task is finished; an unknown status counts as unfinished."""
        return self.status in {"succeeded", "failed", "canceled"}

    @property
    def succeeded(self) -> bool:
        """Whether all of it was applied."""
        return self.status == "succeeded"

    @property
    def error(self) -> ServerError | None:
        """The error of a finished task that did not succeed, else None."""
        if not self.is_done or self.succeeded:
            return None
        code = self.code or self.status
        if code in FULL_CODES:
            return StorageFull(f"Meilisearch is out of space: {code}.", hint="Add disk space.")
        what = f" for {self.document_id}" if self.document_id else ""
        return TaskFailed(
            f"Meilisearch task {self.uid} failed with {code}{what}.", code=code, document_id=self.document_id
        )


def read_task(found: Mapping[str, Any]) -> Task:
    """Parse a task from a response: the summary returned by a write, or the full task."""
    error = found.get("error") or {}
    details = found.get("details") or {}
    message, code = str(error.get("message") or ""), error.get("code")
    named = _NAMED.search(message)
    return Task(
        uid=int(found["uid"] if "uid" in found else found["taskUid"]),
        index=found.get("indexUid"),
        status=str(found.get("status")),
        type=str(found.get("type")),
        code=NO_SPACE_CODE if NO_SPACE.decode() in message else str(code) if code else None,
        document_id=named[0] if named else None,
        documents=details.get("receivedDocuments"),
        duration=_seconds(found.get("duration")),
        started_at=datetime.fromisoformat(found["startedAt"]) if found.get("startedAt") else None,
        metadata=found.get("customMetadata"),
    )


def _seconds(text: object) -> float | None:
    """Parse an ISO 8601 duration as tasks contain it."""
    parts = re.fullmatch(r"P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", str(text or ""))
    if parts is None:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
