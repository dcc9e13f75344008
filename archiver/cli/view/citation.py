"""Cite a message in one line: channel, date, link, version, time of archiving, and SHA-256. Pure."""

from __future__ import annotations

from collections.abc import Callable

from archiver.cli.view.import_words import say_posted_day
from archiver.cli.view.moments import Moments
from archiver.reading.cited_origin import NAME_GIVEN, list_former_names, say_handle, say_origin
from archiver.reading.message_context import MessageContext


def cite(context: MessageContext, moments: Moments, *, quote: Callable[[str], str] = str) -> str:
    """One line with full dates, so that it can be pasted anywhere. Contains untrusted text, given to `quote`."""
    parts = [
        f"{_name(context, quote)}, post {context.row['message_id']}",
        _posted(context, moments),
        str(context.row["permalink"]),
        *_content(context),
        say_origin(context, moments.in_utc),
        *_gone(context),
        f"SHA-256 of the payload {context.row['payload_sha256']}",
    ]
    return ", ".join(parts)


def _posted(context: MessageContext, moments: Moments) -> str:
    if not context.date:
        return "date unknown"
    if (posted_day := context.posted_day) is not None:
        return say_posted_day(posted_day)
    posted = moments.with_utc(context.date)
    if context.is_day_only:
        posted = f"{posted} or later that day (the export does not say)"
    return f"{posted} ({context.assumed})" if context.assumed else posted


def _name(context: MessageContext, quote: Callable[[str], str]) -> str:
    """Username and title, and those at the time of archiving if they differed.

    The username comes first: a line that begins with a right-to-left title would run from right to left.
    """
    channel, former = context.channel, list_former_names(context, quote)
    then_called = f"; when archived: {', '.join(former)}" if former else ""
    given = f"; {NAME_GIVEN}" if context.is_name_given else ""
    return f"{say_handle(context)} ({quote(channel.title)}, channel {channel.channel_id}{given}{then_called})"


def _content(context: MessageContext) -> list[str]:
    """The version, if Telegram showed several; contents found only in imports do not count."""
    revisions = context.row["revisions"] - context.claims
    version = [f"version {revisions + 1} of {revisions + 1}"] if revisions else []
    is_edit = context.edit_date and (revisions or not context.row.get("edit_hidden"))
    return [*version, f"edited {_full(context.edit_date or 0)}"] if is_edit else version


def _gone(context: MessageContext) -> list[str]:
    absence = context.absences[-1] if context.absences else None
    if absence is None or absence.returned_at is not None:
        return []
    if context.claimant(absence) is not None:
        return [f"deleted or no longer visible by {Moments().at(absence.noticed_at)}, if it was posted as imported"]
    return [f"deleted or no longer visible {Moments().between(absence.last_seen, absence.noticed_at)}"]


def _full(unix: float) -> str:
    return Moments().at(unix)
