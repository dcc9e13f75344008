"""What each citation of a message says in the same words: its channel, and how it came into the archive. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from archiver.reading.message_context import MessageContext

NAME_GIVEN: Final = "@name given at import"
"""Note on a channel whose @name Telegram never confirmed."""


def say_handle(context: MessageContext) -> str:
    """`@name`; without a username the channel is private, unless it is known only from exports."""
    if context.channel.username:
        return f"@{context.channel.username}"
    return "username not known" if context.is_name_unknown else "private channel"


def list_former_names(context: MessageContext, quote: Callable[[str], str]) -> list[str]:
    """Username and title at the time of archiving, if they were different. `quote`: how to write a title."""
    channel, then = context.channel, context.names
    former = [f"@{then.username}"] if then and then.username and then.username != channel.username else []
    return [*former, *([quote(then.title)] if then and then.title != channel.title else [])]


def say_origin(context: MessageContext, moment: Callable[[int], str]) -> str:
    """When and how it came into the archive; an import is only as good as its file. `moment`: how to write a time."""
    if (record := context.imported_from) is not None:
        file = f"{record.format}, file SHA-256 {record.sha256}"
        imported = f"from an export ({file}) imported {moment(record.at)} into telekeep"
        return f"{imported}, which did not see the post on Telegram"
    other = context.captured_by
    merged = "" if other is None else f", taken over from another archive (SHA-256 {other.sha256})"
    return f"archived {moment(context.version.first_seen)} with telekeep{merged}"
