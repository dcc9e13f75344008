"""Search: hits with their marked texts and what is around them, counts, and how exact all that is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple

from markupsafe import Markup

from archiver.compose.engine import SelectedEngine, select_engine
from archiver.compose.query import open_engine
from archiver.ids import ChannelId, MessageId
from archiver.model.row import ChannelName, Row, build_row
from archiver.reading.shortfall import SearchScope, count_archived, read_scope
from archiver.store.database import Connection, Reader, read
from archiver.store.reading_pool import OutOfTime
from archiver.store.rows import HeldMessage, get_messages, list_around, list_languages, list_names
from archiver.web.charts import Chart, draw_chart
from archiver.web.finding import STATES, Finding, command_line, read_finding
from archiver.web.pictures import read_pictures
from archiver.web.posts import Post, list_posts, list_slots
from archiver.web.site import Asked, Site
from archiver.web.texts import text_html
from archiver.web.view import Shown
from search.engine.facets import Counts, FacetName
from search.engine.protocol import Answer, Hit, Question
from search.query.tree import And, InChannel, Is, Node, State
from search.query.write import write
from search.show.highlight import highlight
from search.show.snippet import snippets

SECONDS: Final = 10.0
"""For the hits."""
COUNTING: Final = 0.15
"""For the counts beside them; a person who asks for them gives more."""
PATIENT: Final = 20.0
AROUND: Final = 2
"""Messages shown before and after a hit."""
_WHOLE, _WIDTH, _NEAR = 600, 420, 140
"""Characters of a text that is shown whole, of an excerpt, and of a text around a hit."""
_FACETS: Final[tuple[FacetName, ...]] = ("channel", "day", "media", "lang")


class HitShown(NamedTuple):
    """A hit as it is shown."""

    post: Post
    html: Markup
    """Its text, or an excerpt, with the matches marked."""
    around: Sequence[HeldMessage]


class Counted(NamedTuple):
    """Hits by what they share."""

    facets: Counts
    total: int
    states: Mapping[str, int]


async def show_search(site: Site, asked: Asked) -> Shown:
    """The hits of the fields of the address, or only the form."""
    if not any(
        asked.get(name) for name in ("q", "c", "since", "until", "on", "lang", "media", "state", "kind", "file")
    ):
        return Shown(template="search.html", values={"finding": None}, rows=[])
    async with site.reading() as conn:
        finding = await read_finding(site, asked, conn)
    wants_counts = asked.format == "html" and not finding.question.fuzzy and finding.question.cursor is None
    (answer, selected, hits, rows, names, over, archived), counted = await asyncio.gather(
        _find(site, finding), _count(site, asked, finding) if wants_counts else _none()
    )
    return Shown(
        template="search.html",
        title=asked.get("q") or "*",
        rows=rows,
        data={
            "engine": answer.engine,
            "exact": selected.engine.name == "exact",
            "total": counted.total if counted else None,
            "next": answer.cursor,
            "remarks": finding.remarks,
        },
        values={
            "finding": finding,
            "written": write(finding.question.tree),
            "hits": hits,
            "answer": answer,
            "selected": selected,
            "names": names,
            "known": names,
            "over": over,
            "archived": archived,
            "counted": counted,
            "chart": _chart(asked, counted) if counted else None,
            "states": STATES,
            "commands": [command_line(asked), command_line(asked, "export"), command_line(asked, "query save")],
        },
    )


async def _none() -> None:
    return None


async def _find(
    site: Site, finding: Finding
) -> tuple[Answer, SelectedEngine, list[HitShown], list[Row], Mapping[ChannelId, ChannelName], SearchScope, int | None]:
    """The hits with their rows, and what was searched."""
    question = finding.question
    async with (
        site.reading(SECONDS) as conn,
        select_engine(conn, site.settings.meilisearch, finding.engine, question) as selected,
    ):
        names = {one.channel_id: one for one in await read(conn, list_names)}
        bounds = question.bounds
        over = await read_scope(conn, only=_only(question), since=bounds.since_unix, until=bounds.until_unix)
        answer = await selected.engine.search(question)
        held = await read(conn, get_messages, [hit.key for hit in answer.hits])
        selected.dropped += len(answer.hits) - len(held)
        hits = [hit for hit in answer.hits if hit.key in held]
        shown = await _show(conn, finding, hits, held, names)
        archived = None if hits else await count_archived(conn, over)
    rows = [build_row(names[ChannelId(hit.channel_id)], *held[hit.key]) for hit in hits]
    return answer, selected, shown, rows, names, over, archived


async def _show(
    conn: Connection,
    finding: Finding,
    hits: Sequence[Hit],
    held: Mapping[tuple[int, int], HeldMessage],
    names: Mapping[ChannelId, ChannelName],
) -> list[HitShown]:
    around = await read(conn, _list_all_around, [hit.key for hit in hits])
    languages = await read(conn, _list_all_languages, [hit.key for hit in hits])
    pictures = await read_pictures(conn, list_slots(held[hit.key] for hit in hits))
    shown = []
    for hit in hits:
        message, language = held[hit.key][0], languages.get(hit.key)
        known: dict[int, str] = {message.message_id: language} if language else {}
        [post] = list_posts(names[ChannelId(hit.channel_id)], [held[hit.key]], known, pictures)
        marked = _mark(finding.question.tree, message.text, message.entities, post.direction)
        shown.append(HitShown(post, marked, around[hit.key]))
    return shown


def _list_all_around(conn: Reader, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], list[HeldMessage]]:
    return {
        (channel_id, number): [
            one
            for one in list_around(conn, ChannelId(channel_id), MessageId(number), AROUND)
            if one[0].message_id != number
        ]
        for channel_id, number in keys
    }


def _list_all_languages(conn: Reader, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str]:
    by_channel: dict[int, list[int]] = {}
    for channel_id, number in keys:
        by_channel.setdefault(channel_id, []).append(number)
    return {
        (channel_id, number): language
        for channel_id, numbers in by_channel.items()
        for number, language in list_languages(conn, ChannelId(channel_id), numbers).items()
    }


def _mark(tree: Node, text: str, entities: str | None, direction: str | None) -> Markup:
    """The text with its matches marked; of a long one the parts with most of them."""
    spans = highlight(tree, text)
    if len(text) <= _WHOLE:
        return text_html(text, entities, direction, highlights=spans)
    parts = Markup("")
    for piece in snippets(text, spans, _WIDTH):
        before, after = ("… " if piece.cut_before else ""), (" …" if piece.cut_after else "")
        shifted = [(start + len(before), end + len(before)) for start, end in piece.spans]
        parts += text_html(f"{before}{piece.text}{after}", None, direction, highlights=shifted)
    return parts


async def _count(site: Site, asked: Asked, finding: Finding) -> Counted | None:
    """Count all hits by what they share; None if that takes long, and nobody asked for it."""
    until = time.monotonic() + (PATIENT if asked.get("counts") else COUNTING)
    question = replace(finding.question, cursor=None)
    try:
        async with site.reading(until - time.monotonic()) as conn:
            engine = await open_engine(conn)
            facets = await engine.facets(question, _FACETS, asked.times.zone)
            total = sum(one.count for one in facets["channel"])
    except OutOfTime:
        return None
    states: dict[str, int] = {}
    try:
        async with site.reading(until - time.monotonic()) as conn:
            engine = await open_engine(conn)
            for state in ("edited", "missing", "forwarded"):
                states[state] = await engine.count(replace(question, tree=_and(question.tree, state)))
    except OutOfTime:
        pass  # the links are shown without their counts
    return Counted(facets, total, states)


def _and(tree: Node, state: State) -> Node:
    return And((*(tree.parts if isinstance(tree, And) else (tree,)), Is(state)))


def _chart(asked: Asked, counted: Counted) -> Chart:
    """Hits by day, or by month where that are many days."""
    days = {one.value: one.count for one in counted.facets["day"]}
    if not days:
        return Chart((), 0)
    first, last = (date.fromisoformat(one) for one in (min(days), max(days)))
    return draw_chart(asked.times, days, first, last)


def _only(question: Question) -> frozenset[int] | None:
    """The channels that the question is restricted to; None for all."""
    conditions = question.tree.parts if isinstance(question.tree, And) else (question.tree,)
    named = [part.ids for part in conditions if isinstance(part, InChannel)]
    if question.channels is not None:
        named.append(frozenset(question.channels))
    return frozenset.intersection(*named) if named else None
