"""Cite a message in one line: channel, date, link, version, time of archiving, and SHA-256. Pure."""

from __future__ import annotations

from collections.abc import Callable

from archiver.cli.view.import_words import say_posted_day
from archiver.cli.view.moments import Moments
from archiver.reading.message_context import MessageContext


def cite(context: MessageContext, moments: Moments, *, quote: Callable[[str], str] = str) -> str:
    """One line with full dates, so that it can be pasted anywhere. Contains untrusted text, given to `quote`."""
    parts = [
        f"{_name(context, quote)}, post {context.row['message_id']}",
        _posted(context, moments),
        str(context.row["permalink"]),
        *_content(context),
        _archived(context, moments),
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
    return f"{posted} or later that day (the export does not say)" if context.is_day_only else posted


def _archived(context: MessageContext, moments: Moments) -> str:
    """When and how it came into the archive; an import is only as good as its file."""
    record = context.imported_from
    if record is None:
        other = context.captured_by
        merged = "" if other is None else f", taken over from another archive (SHA-256 {other.sha256})"
        return f"archived {moments.in_utc(context.version.first_seen)} with telekeep{merged}"
    return (
        f"from an export ({record.format}, file SHA-256 {record.sha256}) imported {moments.in_utc(record.at)} into"
        " telekeep, which did not see the post on Telegram"
    )


def _name(context: MessageContext, quote: Callable[[str], str]) -> str:
    """Username and title, and those at the time of archiving if they differed.

    The username comes first: a line that begins with a right-to-left title would run from right to left.
    """
    channel, then = context.channel, context.names
    unnamed = "username not known" if context.is_name_unknown else "private channel"
    name = f"@{channel.username}" if channel.username else unnamed
    former = [f"@{then.username}"] if then and then.username and then.username != channel.username else []
    former += [quote(then.title)] if then and then.title != channel.title else []
    then_called = f"; when archived: {', '.join(former)}" if former else ""
    return f"{name} ({quote(channel.title)}, channel {channel.channel_id}{then_called})"


def _content(context: MessageContext) -> list[str]:
    """The version, if there are several."""
    revisions = context.row["revisions"]
    version = [f"version {revisions + 1} of {revisions + 1}"] if revisions else []
    is_edit = context.edit_date and (revisions or not context.row.get("edit_hidden"))
    return [*version, f"edited {_full(context.edit_date or 0)}"] if is_edit else version


def _gone(context: MessageContext) -> list[str]:
    absence = context.absences[-1] if context.absences else None
    if absence is None or absence.returned_at is not None:
        return []
    return [f"deleted or no longer visible {Moments().between(absence.last_seen, absence.noticed_at)}"]


def _full(unix: float) -> str:
    return Moments().at(unix)
