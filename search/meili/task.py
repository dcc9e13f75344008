"""A task of Meilisearch: what it was asked to do later, and what became of it. Pure.

Status, type and code are any text: new ones appear with new versions.
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
"""Codes, of answers and of tasks, that say: there is no room, or the disk fails.
https://www.meilisearch.com/docs/reference/errors/error_codes"""
_NAMED = re.compile(r"\bc[0-9]{1,18}_[0-9]{1,18}\b")
"""An id of ours in the server's words; the rest of them may be a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task as the server shows it."""

    uid: int
    index: str | None = None
    status: str
    type: str
    code: str | None = None
    """Why it failed."""
    document_id: str | None = None
    """The document that it failed for, if the server names it."""
    documents: int | None = None
    """How many documents it received."""
    duration: float | None = None
    """Seconds that the server worked on it."""
    started_at: datetime | None = None
    """By the server's clock."""
    metadata: str | None = None
    """What was given with it: a server that lost its tasks gives their numbers to others."""

    @property
    def is_done(self) -> bool:
        """Whether nothing happens to it any more; a status that we do not know counts as waiting."""
        return self.status in {"succeeded", "failed", "canceled"}

    @property
    def succeeded(self) -> bool:
        """Whether all of it was applied."""
        return self.status == "succeeded"

    @property
    def error(self) -> ServerError | None:
        """What went wrong, None unless it ended otherwise than in success."""
        if not self.is_done or self.succeeded:
            return None
        code = self.code or self.status
        if code in FULL_CODES:
            return StorageFull(f"Meilisearch has no room: {code}.", hint="Give it more disk.")
        what = f" for {self.document_id}" if self.document_id else ""
        return TaskFailed(
            f"Meilisearch's task {self.uid} ended with {code}{what}.", code=code, document_id=self.document_id
        )


def read_task(found: Mapping[str, Any]) -> Task:
    """A task of an answer: the summary that a write gives, or the whole."""
    error = found.get("error") or {}
    details = found.get("details") or {}
    named = _NAMED.search(str(error.get("message") or ""))
    return Task(
        uid=int(found["uid"] if "uid" in found else found["taskUid"]),
        index=found.get("indexUid"),
        status=str(found.get("status")),
        type=str(found.get("type")),
        code=str(error["code"]) if error.get("code") else None,
        document_id=named[0] if named else None,
        documents=details.get("receivedDocuments"),
        duration=_seconds(found.get("duration")),
        started_at=datetime.fromisoformat(found["startedAt"]) if found.get("startedAt") else None,
        metadata=found.get("customMetadata"),
    )


def _seconds(text: object) -> float | None:
    """Of an ISO 8601 duration, as far as tasks have them."""
    parts = re.fullmatch(r"P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", str(text or ""))
    if parts is None:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
