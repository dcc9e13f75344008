"""One message, and everything known about it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from archiver.compose.query import NotSearchable, open_engine
from archiver.errors import KnownAbsent, NotFound
from archiver.formatting.html_writer import HtmlTargets
from archiver.ids import MessageId
from archiver.model.json_text import dump
from archiver.model.row import Row, permalink, to_object
from archiver.model.versions import list_versions
from archiver.reading.citation_styles import NAMES, STYLES, cite_as
from archiver.reading.copies import FoundCopies, find_copies
from archiver.reading.message_context import MessageContext, read_context
from archiver.reading.message_history import MessageHistory
from archiver.reading.not_archived import find_why_not_archived
from archiver.reading.reply_thread import read_thread
from archiver.reading.similar_posts import SimilarPost, list_similar_posts
from archiver.store.database import Connection, read
from archiver.store.imports.claimed import count_claimed
from archiver.store.imports.imported_channel import is_unaccounted
from archiver.store.messages.arrivals import find_last_row
from archiver.store.messages.history import Key, list_counters, list_revisions
from archiver.store.messages.rows import HeldMessage, get_messages, list_after, list_before, list_languages
from archiver.store.reading_pool import OutOfTime
from archiver.web.charts import Line, draw_line
from archiver.web.lookup import FoundChannel, find_channel
from archiver.web.pictures import read_pictures
from archiver.web.posts import list_posts, list_slots
from archiver.web.problems import describe_problem
from archiver.web.shown_versions import ShownVersions, choose_versions, find_range
from archiver.web.site import Asked, Site
from archiver.web.targets import make_targets
from archiver.web.times import Times
from archiver.web.view import ViewAnswer
from archiver.web.views.channel import read_answered

MOST_COUNTERS: Final = 150
MOST_ABSENCES: Final = 40
LONGEST_ROW: Final = 24_000
"""Characters of a row up to which it is on the page; else only a link to it is."""
_LISTED: Final = 50
"""Replies, copies or similar posts of each list."""
_COPYING: Final = 0.03
"""Seconds for looking for copies; a person who asks for them gives more."""
_FEW: Final = 100_000
"""Messages of an archive up to which posts with the same text are looked for, although nobody asked."""
_PATIENT: Final = 10.0


async def show_message(site: Site, asked: Asked) -> ViewAnswer:
    """The message with its history."""
    number = MessageId(int(asked.parts["message_id"]))
    async with site.reading() as conn:
        found = await find_channel(conn, asked.parts["channel"], number)
        key = (found.name.channel_id, number)
        held = (await read(conn, get_messages, [key])).get(key)
        if held is None:
            return _not_archived(found, number, await _explain(conn, found, number, asked.times))
    title = f"{found.name.title} {number}"
    if asked.format != "html":
        values = await _read(site, _Wanted(found, held, make_targets(found.known.values()), (1, held[0].revisions)))
        history = await asyncio.to_thread(values["history"].to_object, diff=True)
        return ViewAnswer(template="", title=title, rows=[values["context"].row], data={"history": history})
    before = asked.number("before")
    before = None if before == 1 else before
    first, last = find_range(held[0].revisions, before)
    wanted, targets = bool(asked.get("copies")), make_targets(found.known.values(), asked.language.sentences.say)
    values, copies, similar = await asyncio.gather(
        _read(site, _Wanted(found, held, targets, (first, last))),
        _find_copies(site, held, wanted=wanted),
        _find_similar(site, held, wanted=wanted),
    )
    return ViewAnswer(
        template="message.html",
        title=title,
        values={
            **values,
            "channel": found.name,
            "known": found.known,
            "remarks": found.remarks,
            "replies": values["context"].replies.replies[:_LISTED],
            "copies": copies,
            "similar": similar,
            "annotations": _list_annotations(values["context"].row),
            "citations": _list_citations(values["context"], site.words.cite(values["context"], asked.times.zone)),
            "views": _draw_views(values["history"]),
            "versions": await asyncio.to_thread(_choose_versions, values["history"], first, before),
            "most_counters": MOST_COUNTERS,
            "most_absences": MOST_ABSENCES,
            "raw_fits": len(values["raw"]) <= LONGEST_ROW,
        },
    )


def _list_annotations(row: Row) -> list[dict[str, Any]]:
    """What programs made of its files, with the time as `unix`."""
    made = orjson.loads(row["annotations"] or "[]")
    return [one | {"unix": datetime.fromisoformat(one["at"]).timestamp()} for one in made]


def _list_citations(context: MessageContext, own: str) -> list[tuple[str, str]]:
    """Name and text of each: our own line, then the styles of others."""
    return [("telekeep", own), *((NAMES[style], cite_as(style, context)) for style in STYLES)]


class CopiesShown(NamedTuple):
    """Copies with their dates and texts."""

    copies: FoundCopies
    held: Mapping[Key, HeldMessage]


async def _find_copies(site: Site, held: HeldMessage, *, wanted: bool) -> CopiesShown | None:
    """The copies in the archive; None if finding them takes long, or the search tables are not there."""
    try:
        async with site.glancing(_PATIENT if wanted else _COPYING) as conn:
            texts = wanted or await read(conn, find_last_row) <= _FEW
            copies = await find_copies(conn, await open_engine(conn), held[0], texts=texts)
            return CopiesShown(copies, await read(conn, get_messages, copies.keys[:_LISTED]))
    except (OutOfTime, NotSearchable):
        return None


async def _find_similar(site: Site, held: HeldMessage, *, wanted: bool) -> Sequence[SimilarPost]:
    """Posts with the same file or a similar picture; none where that takes long, and nobody asked."""
    message, media = held
    if not media:
        return ()
    try:
        async with site.glancing(_PATIENT if wanted else _COPYING) as conn:
            _, posts = await read(conn, list_similar_posts, message.channel_id, message.message_id, media)
            return posts[:_LISTED]
    except OutOfTime:
        return ()


def _draw_views(history: MessageHistory) -> Line | None:
    """The views over time."""
    return draw_line([(one.at, one.views) for one in history.counters or () if one.views is not None])


def _choose_versions(history: MessageHistory, first: int, before: int | None) -> ShownVersions:
    """The versions of the page; the current one is on the first page."""
    return choose_versions(history if before is None else replace(history, versions=history.versions[:-1]), first)


class _Wanted(NamedTuple):
    """What is read of a message."""

    found: FoundChannel
    held: HeldMessage
    targets: HtmlTargets
    revisions: tuple[int, int]
    """The first and the last one."""


async def _read(site: Site, wanted: _Wanted) -> dict[str, Any]:
    async with site.reading() as conn:
        return await _read_all(site, conn, wanted)


async def _read_all(site: Site, conn: Connection, wanted: _Wanted) -> dict[str, Any]:
    found, held, targets, numbers = wanted
    message, media = held
    key = channel_id, number = message.channel_id, message.message_id
    revisions = await read(conn, list_revisions, {key: numbers})
    context = await read_context(conn, found.name, held)
    history = MessageHistory(
        channel=found.name,
        message=message,
        versions=list_versions(message, media, revisions[key]),
        absences=context.absences,
        counters=await read(conn, list_counters, channel_id, number),
        imports=context.imports,
    )
    below = await read(conn, list_before, channel_id, number, 1)
    above = await read(conn, list_after, channel_id, number, 1)
    languages = await read(conn, list_languages, channel_id, [number])
    pictures = await read_pictures(conn, list_slots([held]), site.directory)
    answers = await read_answered(conn, [held])
    claimed = await read(conn, count_claimed, [held])
    [post] = list_posts(found.name, [held], languages, pictures, answers=answers, targets=targets, claimed=claimed)
    return {
        "context": context,
        "history": history,
        "post": post,
        "thread": await read_thread(conn, message),
        "earlier": below[0][0].message_id if below else None,
        "later": above[0][0].message_id if above else None,
        "raw": dump(to_object(context.row), indent=True).decode(),
    }


def _not_archived(found: FoundChannel, number: MessageId, why: NotFound) -> ViewAnswer:
    """Why it is not archived, with where it may be, and what is archived around it."""
    problem = describe_problem(why)
    assert problem is not None
    unknown = found.name.username is None and is_unaccounted(found.mirrored)
    values = {
        "channel": found.name,
        "number": number,
        "original": permalink(found.name, number),
        "is_name_unknown": unknown,
    }
    return replace(problem, values={**problem.values, **values})


async def _explain(conn: Connection, found: FoundChannel, number: MessageId, times: Times) -> NotFound:
    """Why the message is not archived."""
    state, why = await find_why_not_archived(conn, found.mirrored, number, moment=times.text, day=times.day_text)
    what = f"{found.name.name}/{number} is not archived: {why}"
    if state == "absent":
        return KnownAbsent(what)
    is_read = found.mirrored.state != "removed"  # a channel that only imports know is not
    return NotFound(what, hint="`telekeep sync` fetches it." if is_read and state == "not fetched" else None)
