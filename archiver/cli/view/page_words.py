"""The words of the command line, for the page (`archiver.web.words.PageWords`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any

from archiver.cli.view import nothing
from archiver.cli.view.attachments import describe_action, describe_buttons, list_media, media_parts
from archiver.cli.view.citation import cite
from archiver.cli.view.moments import Moments
from archiver.reading.citation_styles import isolated
from archiver.reading.message_context import MessageContext
from archiver.store.database import Connection
from search.engine.protocol import Engine, Question


class TerminalWords:
    """See `PageWords`."""

    def media(self, slot: Mapping[str, Any]) -> Sequence[str]:
        """An attachment."""
        return media_parts(slot)

    def list_media(self, slot: Mapping[str, Any], say: Callable[[str], str], zone: tzinfo) -> list[str]:
        """Its kind, its name or nothing, and the parts of all else; `say` translates the archive's own words."""
        return list_media(slot, Moments(zone), say)

    def action(self, action: Mapping[str, Any], zone: tzinfo = UTC) -> str:
        """What a service message reports."""
        return describe_action(action, Moments(zone))

    def buttons(self, rows: Sequence[Sequence[Mapping[str, Any]]]) -> str:
        """The buttons below a message."""
        return describe_buttons(rows)

    def cite(self, context: MessageContext, zone: tzinfo) -> str:
        """A citation in one line."""
        return cite(context, Moments(zone), quote=isolated)

    async def explain(
        self, conn: Connection, engine: Engine, question: Question, zone: tzinfo, now: float
    ) -> Sequence[str]:
        """Why nothing may have been found."""
        return await nothing.explain(conn, engine, question, Moments(zone, now))
