"""The embedded engine (tables and answers follow; the signatures stand)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import aiosqlite

from search.document import Document, Key
from search.engine import Answer, Question


@dataclass(frozen=True, slots=True)
class Written:
    """What writing a page of documents changed."""

    added: int
    changed: int
    """A new content superseded an old one."""
    touched: int
    """Only counters or state."""


async def create(conn: aiosqlite.Connection) -> None:
    """Creates the tables where they are missing, inside the caller's transaction."""
    raise NotImplementedError


async def upsert(conn: aiosqlite.Connection, documents: Sequence[Document]) -> Written:
    """Writes a page of documents inside the caller's transaction; writing them again changes nothing."""
    raise NotImplementedError


async def mark_missing(conn: aiosqlite.Connection, keys: Collection[Key], *, missing: bool = True) -> None:
    """Notes that these messages are (no longer) absent from their channel. Unknown keys are passed over."""
    raise NotImplementedError


class ExactEngine:
    """Answers from the tables through a connection that may be read-only."""

    name = "exact"

    def __init__(self, conn: aiosqlite.Connection) -> None:
        self._conn = conn

    async def search(self, question: Question) -> Answer:
        """One page of hits."""
        raise NotImplementedError

    async def count(self, question: Question) -> int:
        """The number of hits, exactly."""
        raise NotImplementedError
