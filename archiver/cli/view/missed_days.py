"""A note on messages whose day is known but not their time, and which a date range therefore misses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archiver.cli import output
from archiver.cli.view import figures
from archiver.ids import ChannelId
from archiver.model.row import ChannelName, StoredMessage


def note_missed_days(missed: Sequence[StoredMessage], names: Mapping[ChannelId, ChannelName]) -> None:
    """Name the messages that belong to a range by their day alone."""
    if not missed:
        return
    counted = figures.count(len(missed), "service message")
    has, are = ("has", "is") if len(missed) == 1 else ("have", "are")
    listed = figures.name_few([f"{names[one.channel_id].name}/{one.message_id}" for one in missed])
    output.note(
        f"{counted} from HTML {has} a day in this range, but no time, and {are} left out: {listed} (try --tz UTC)"
    )
