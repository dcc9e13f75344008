"""What the page says in words: the command line brings those of its output."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Protocol

from archiver.export.formats.wording import MessageWords
from archiver.reading.message_context import MessageContext
from archiver.store.database import Connection
from search.engine.protocol import Engine, Question


class PageWords(MessageWords, Protocol):
    """Describes messages and searches. The words are untrusted, and not yet escaped."""

    def cite(self, context: MessageContext, zone: tzinfo) -> str:
        """A citation in one line."""
        ...

    async def explain(
        self, conn: Connection, engine: Engine, question: Question, zone: tzinfo, now: float
    ) -> Sequence[str]:
        """Why nothing may have been found."""
        ...
