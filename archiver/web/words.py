"""The wording of the page, which the command line provides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, Protocol

from archiver.export.formats.wording import MessageWords
from archiver.reading.message_context import MessageContext
from archiver.store.database import Connection
from search.engine.protocol import Engine, Question


class PageWords(MessageWords, Protocol):
    """Describes messages and searches. The words are untrusted, and not yet escaped."""

    def list_media(self, slot: Mapping[str, Any], say: Callable[[str], str], zone: tzinfo) -> Sequence[str]:
        """An attachment: its kind, its name or nothing, and all else; `say` translates the archive's own words."""
        ...

    def action(self, action: Mapping[str, Any], zone: tzinfo = UTC) -> str:
        """What a service message reports."""
        ...

    def cite(self, context: MessageContext, zone: tzinfo) -> str:
        """A citation in one line."""
        ...

    async def explain(
        self, conn: Connection, engine: Engine, question: Question, zone: tzinfo, now: float
    ) -> Sequence[str]:
        """Why nothing may have been found."""
        ...
