"""The hits of a search as they are shown: marked texts, what is around them, over what was searched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import orjson
from markupsafe import Markup

from archiver.compose.engine import SelectedEngine, select_engine
from archiver.formatting.html_writer import OUTSIDE, HtmlTargets
from archiver.formatting.ranges import Entities
from archiver.formatting.spoilers import veiled
from archiver.ids import ChannelId, MessageId
from archiver.model.row import ChannelName, Row, StoredMessage, build_row
from archiver.model.versions import Version, list_versions
from archiver.reading.shortfall import SearchScope, count_archived, read_scope
from archiver.store.database import Connection, Reader, read
from archiver.store.imports.claimed import count_claimed
from archiver.store.messages.history import list_revisions
from archiver.store.messages.rows import HeldMessage, get_messages, list_around, list_languages, list_names
from archiver.web.finding import Finding
from archiver.web.pictures import read_pictures
from archiver.web.posts import ShownPost, list_posts, list_slots
from archiver.web.site import Site
from archiver.web.targets import make_targets
from archiver.web.texts import text_html
from search.document import Key
from search.engine.protocol import Answer, Hit
from search.query.scope import includes_annotations
from search.query.tree import Node
from search.show.highlight import highlight
from search.show.snippet import snippets

SECONDS: Final = 10.0
AROUND: Final = 2
"""Messages shown before and after a hit."""
_WHOLE, _WIDTH = 600, 420
"""Characters of a text that is shown whole, and of an excerpt."""

Names = Mapping[ChannelId, ChannelName]


class FoundAnnotation(NamedTuple):
    """A text that a program made of a file, by which a message was found."""

    hook: str
    program: str
    html: Markup


class HitShown(NamedTuple):
    """A hit as it is shown."""

    post: ShownPost
    html: Markup
    """Its text, or an excerpt, with the matches marked."""
    around: Sequence[HeldMessage]
    earlier: Version | None
    """The earlier content that matches, if the current one does not; `html` is of that one."""
    annotations: Sequence[FoundAnnotation] = ()
    """Those in which something matches, if they were searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """A page of hits."""

    answer: Answer
    selected: SelectedEngine
    hits: Sequence[HitShown]
    rows: Sequence[Row]
    names: Names
    over: SearchScope
    archived: int | None
    """How many messages were searched, where nothing was found; None where the embedded engine finds something."""
    hints: Sequence[str]
    """Why nothing may have been found."""


async def find_hits(site: Site, finding: Finding, say: Callable[[str], str] = str) -> SearchResult:
    """Search, and read what is shown. `say` translates."""
    question = finding.question
    async with (
        site.reading(SECONDS) as conn,
        select_engine(conn, site.settings.meilisearch, finding.engine, question) as selected,
    ):
        names = {one.channel_id: one for one in await read(conn, list_names)}
        over = await read_scope(conn, question)
        answer = await selected.engine.search(question)
        held = await read(conn, get_messages, [hit.key for hit in answer.hits])
        selected.dropped += len(answer.hits) - len(held)
        hits = [hit for hit in answer.hits if hit.key in held]
        first = question.cursor is None and not hits
        now = finding.now.timestamp()
        is_known = first and not await selected.count_missed(question)
        hints = await site.words.explain(conn, selected.engine, question, finding.zone, now) if first else []
        return SearchResult(
            answer=answer,
            selected=selected,
            hits=await _show(conn, finding, hits, held, names, directory=site.directory, say=say),
            rows=[build_row(names[ChannelId(hit.channel_id)], *held[hit.key]) for hit in hits],
            names=names,
            over=over,
            archived=await count_archived(conn, over) if is_known else None,
            hints=hints,
        )


async def _show(
    conn: Connection,
    finding: Finding,
    hits: Sequence[Hit],
    held: Mapping[Key, HeldMessage],
    names: Names,
    *,
    directory: Path,
    say: Callable[[str], str],
) -> list[HitShown]:
    targets = make_targets(names.values(), say)
    keys = [hit.key for hit in hits]
    around = await read(conn, _list_all_around, keys)
    languages = await read(conn, _list_all_languages, keys)
    earlier = await read(conn, _list_earlier, [hit for hit in hits if hit.revision is not None], held)
    pictures = await read_pictures(conn, list_slots(held[key] for key in keys), directory)
    claimed = await read(conn, count_claimed, [held[key] for key in keys])
    shown = []
    for hit in hits:
        message, language = held[hit.key][0], languages.get(hit.key)
        known: dict[int, str] = {message.message_id: language} if language else {}
        [post] = list_posts(names[ChannelId(hit.channel_id)], [held[hit.key]], known, pictures, claimed=claimed)
        version = earlier.get(hit.key)
        text, entities = (message.text, message.entities) if version is None else (version.text, version.entities)
        html = _mark(finding.question.tree, text, entities, post.direction, targets)
        shown.append(HitShown(post, html, around[hit.key], version, _list_found(finding, message)))
    return shown


def _list_found(finding: Finding, message: StoredMessage) -> list[FoundAnnotation]:
    tree = finding.question.tree
    if not includes_annotations(tree):
        return []
    return [
        FoundAnnotation(str(made["hook"]), str(made["program"]), _mark(tree, str(made["text"])))
        for made in orjson.loads(message.annotations or "[]")
        if highlight(tree, str(made["text"]))
    ]


def _list_all_around(conn: Reader, keys: Sequence[Key]) -> dict[Key, list[HeldMessage]]:
    return {
        (channel_id, number): [
            one
            for one in list_around(conn, ChannelId(channel_id), MessageId(number), AROUND)
            if one[0].message_id != number
        ]
        for channel_id, number in keys
    }


def _list_all_languages(conn: Reader, keys: Sequence[Key]) -> dict[Key, str]:
    by_channel: dict[int, list[int]] = {}
    for channel_id, number in keys:
        by_channel.setdefault(channel_id, []).append(number)
    return {
        (channel_id, number): language
        for channel_id, numbers in by_channel.items()
        for number, language in list_languages(conn, ChannelId(channel_id), numbers).items()
    }


def _list_earlier(conn: Reader, hits: Sequence[Hit], held: Mapping[Key, HeldMessage]) -> dict[Key, Version]:
    """The earlier contents by which these were found."""
    wanted = {hit.key: (hit.revision or 0, hit.revision or 0) for hit in hits}
    kept = list_revisions(conn, wanted)
    return {hit.key: list_versions(*held[hit.key], kept[hit.key])[0] for hit in hits if kept[hit.key]}


def _mark(
    tree: Node, text: str, entities: Entities = None, direction: str | None = None, targets: HtmlTargets = OUTSIDE
) -> Markup:
    """The text with its matches marked; of a long one the parts with most of them, without the words of spoilers."""
    spans = highlight(tree, text)
    if len(text) <= _WHOLE:
        return text_html(text, entities, direction, highlights=spans, targets=targets)
    parts = Markup("")
    for piece in snippets(veiled(text, entities), spans, _WIDTH):
        before, after = ("… " if piece.cut_before else ""), (" …" if piece.cut_after else "")
        shifted = [(start + len(before), end + len(before)) for start, end in piece.spans]
        parts += text_html(f"{before}{piece.text}{after}", None, direction, highlights=shifted)
    return parts
