"""What the page says in the words of the command line, which brings them: it knows more than the page does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any, Protocol

from archiver.reading.message_context import MessageContext
from archiver.store.database import Connection
from search.engine.protocol import Engine, Question


class PageWords(Protocol):
    """Describes in words. All of them are untrusted, and not yet escaped."""

    def media(self, slot: Mapping[str, Any]) -> str:
        """`video clip.mp4, 1280x720, 0:24, 92.8 kB, not downloaded`; a poll with its answers."""
        ...

    def action(self, action: Mapping[str, Any]) -> str:
        """`title changed to "..."`."""
        ...

    def buttons(self, rows: Sequence[Sequence[Mapping[str, Any]]]) -> str:
        """`[Open] https://example.org`."""
        ...

    def cite(self, context: MessageContext, zone: tzinfo) -> str:
        """A citation in one line."""
        ...

    async def explain(
        self, conn: Connection, engine: Engine, question: Question, zone: tzinfo, now: float
    ) -> Sequence[str]:
        """Why nothing may have been found."""
        ...
