"""A channel's messages: a reading column with its days, and with its gaps where they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Final, Literal, NamedTuple, TypeAlias

from archiver.model.completeness import IdRun
from archiver.model.imported import IMPORTED
from archiver.model.row import StoredMessage, build_row
from archiver.reading.channel_page import LIMIT, ChannelPage, Place, read_page
from archiver.reading.clock_offset import read_server_now
from archiver.store.channels.channel_details import list_statuses
from archiver.store.channels.extent import count_newer
from archiver.store.database import Connection, read
from archiver.store.imports.claimed import count_claimed
from archiver.store.imports.imported_channel import is_unaccounted
from archiver.store.messages.rows import HeldMessage, get_messages
from archiver.store.reading_pool import OutOfTime
from archiver.web.calendars import Month, read_month
from archiver.web.lookup import FoundChannel, find_channel
from archiver.web.pictures import read_pictures
from archiver.web.posts import ShownPost, list_posts, list_reply_keys, list_slots
from archiver.web.site import Asked, Site
from archiver.web.targets import make_targets
from archiver.web.times import Times
from archiver.web.view import ViewAnswer

MOST_NEWER: Final = 1000
"""Number up to which newer messages are counted."""
_COUNTING: Final = 0.05
"""Seconds for the calendar beside the messages."""
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class ColumnItem(NamedTuple):
    """One part of the column."""

    kind: Literal["day", "gap", "post"]
    day: date | None = None
    gap: IdRun | None = None
    post: ShownPost | None = None


Column: TypeAlias = list[ColumnItem]


class BeyondDay(NamedTuple):
    """The day that was asked for has no archived message."""

    next: date | None
    """The day of the message shown instead; None: no message is later, and the newest are shown."""


async def show_channel(site: Site, asked: Asked) -> ViewAnswer:
    """The page of `?around=ID`, `?before=ID`, `?after=ID`, `?on=DATE`, or the newest one."""
    return await _show(site, asked, LIMIT)


async def _show(site: Site, asked: Asked, limit: int) -> ViewAnswer:
    async with site.reading() as conn:
        found = await find_channel(conn, asked.parts["channel"])
        place = await _read_place(conn, asked)
        page = await read_page(conn, found.mirrored, place, limit=limit)
        details = (await read(conn, list_statuses)).get(found.name.channel_id)
        answers = await read_answered(conn, page.messages)
        pictures = await read_pictures(conn, list_slots(page.messages), site.directory)
        claimed = await read(conn, count_claimed, page.messages)
    month = await _read_month(site, asked, found, page)
    posts = list_posts(
        found.name,
        page.messages,
        page.languages,
        pictures,
        answers=answers,
        targets=make_targets(found.known.values(), asked.language.sentences.say),
        claimed=claimed,
    )
    return ViewAnswer(
        template="channel.html",
        title=found.name.title,
        rows=[build_row(found.name, message, media) for message, media in page.messages]
        if asked.format != "html"
        else None,
        imported=frozenset((one.channel_id, one.message_id) for one, _ in page.messages if one.layer == IMPORTED),
        shorten=partial(_shorten, site, asked, len(page.messages)) if len(page.messages) > 1 else None,
        values={
            "channel": found.name,
            "mirrored": found.mirrored,
            "is_unaccounted": is_unaccounted(found.mirrored),
            "details": details,
            "known": found.known,
            "remarks": found.remarks,
            "page": page,
            "column": list(_column(page, posts, asked.times)),
            "month": month,
            "beyond": _find_beyond(page, place, asked),
            "first": page.messages[0][0] if page.messages else None,
            "last": page.messages[-1][0] if page.messages else None,
            "target": place.at if place.kind == "around" else None,
        },
    )


async def _shorten(site: Site, asked: Asked, shown: int, share: float) -> ViewAnswer:
    return await _show(site, asked, max(1, int(shown * share)))


def _find_beyond(page: ChannelPage, place: Place, asked: Asked) -> BeyondDay | None:
    """What is shown instead of the day that was asked for; None if it has messages, or none was asked for."""
    if not page.messages or not _DAY.fullmatch(asked.get("on") or ""):
        return None
    dates = [message.date for message, _ in page.messages]
    if max(dates) < place.at:
        return BeyondDay(None)
    day = asked.times.day_of(next(one for one in dates if one >= place.at))
    return None if day == asked.times.day_of(place.at) else BeyondDay(day)


async def _read_month(site: Site, asked: Asked, found: FoundChannel, page: ChannelPage) -> Month | None:
    """The calendar of the month in which the page begins; None without one, or where counting takes long."""
    day = asked.times.day_of(page.messages[0][0].date) if page.messages else None
    if day is None or asked.format != "html":
        return None
    try:
        async with site.glancing(_COUNTING) as conn:
            return await read_month(conn, found.name.channel_id, asked.times, day)
    except OutOfTime:
        return None


async def _read_place(conn: Connection, asked: Asked) -> Place:
    if typed := asked.get("on"):
        return Place("on", asked.times.parse_day(typed, await read_server_now(conn)))
    if (number := asked.number("around")) is not None:
        return Place("around", number)
    if (number := asked.number("before")) is not None:
        return Place("before", number)
    number = 0 if asked.get("after") == "0" else asked.number("after")
    return Place("newest") if number is None else Place("after", number)


async def count_newer_messages(site: Site, asked: Asked) -> ViewAnswer:
    """How many messages came after `?after=ID`, up to a limit, for a page that is looked at."""
    async with site.reading() as conn:
        found = await find_channel(conn, asked.parts["channel"])
        after = asked.number("after") or found.mirrored.top_id
        count = await read(conn, count_newer, found.name.channel_id, after, MOST_NEWER)
    texts = asked.language.texts
    said = texts.ngettext("%(n)s newer message", "%(n)s newer messages", count) % {"n": asked.times.number(count)}
    return ViewAnswer(template="", data={"count": count, "text": f"{said}{'+' if count == MOST_NEWER else ''}"})


async def read_answered(conn: Connection, held: Sequence[HeldMessage]) -> Mapping[tuple[int, int], StoredMessage]:
    """The messages that these reply to, by key."""
    answered = await read(conn, get_messages, set(list_reply_keys(held)))
    return {key: message for key, (message, _) in answered.items()}


def _column(page: ChannelPage, posts: Sequence[ShownPost], times: Times) -> Iterator[ColumnItem]:
    """Days, posts, and gaps before the post that follows them."""
    day = None
    runs = list(page.runs)
    for post in posts:
        while runs and runs[0].lo < post.id:
            yield ColumnItem("gap", gap=runs.pop(0))
        if (own := post.posted_day or times.day_of(post.first.date)) != day:
            day = own
            yield ColumnItem("day", day=day)
        yield ColumnItem("post", post=post)
    yield from (ColumnItem("gap", gap=run) for run in runs)
