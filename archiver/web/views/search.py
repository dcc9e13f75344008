"""Search: hits with their marked texts and what is around them, counts, and how exact all that is."""

from __future__ import annotations

import asyncio
import re

from archiver.store.database import Connection, read
from archiver.store.messages.rows import list_names
from archiver.web.counting import Counted, count_hits
from archiver.web.finding import Finding, command_line, read_finding
from archiver.web.results import SearchResult, find_hits
from archiver.web.site import Asked, Site
from archiver.web.targets import make_targets
from archiver.web.view import ViewAnswer
from search.query.write import write

_LINK = re.compile(r"(?:https?://)?(?:www\.)?(?:t|telegram)\.(?:me|dog)/\S+$", re.IGNORECASE)
_ASKING = ("q", "c", "since", "until", "on", "lang", "media", "state", "kind", "file")
"""With any of these fields the address is a search."""


async def show_search(site: Site, asked: Asked) -> ViewAnswer:
    """The hits of the fields of the address, or only the form."""
    if not any(asked.get(name) for name in _ASKING):
        return ViewAnswer(template="search.html", title=asked.say("Search"), values={"finding": None}, rows=[])
    async with site.reading() as conn:
        if (place := await _find_pasted(conn, asked)) is not None:
            return ViewAnswer(template="", location=place)
        finding = await read_finding(site, asked, conn)
    say = asked.language.sentences.say
    if asked.format == "html" and not finding.question.fuzzy and finding.question.cursor is None:
        result, counted = await asyncio.gather(find_hits(site, finding, say), count_hits(site, asked, finding))
    else:
        result, counted = await find_hits(site, finding, say), None
    return _shown(asked, finding, result, counted)


async def _find_pasted(conn: Connection, asked: Asked) -> str | None:
    """The archived copy of a post whose link is all that was typed."""
    typed = asked.get("q")
    if asked.format != "html" or not _LINK.match(typed):
        return None
    url = typed if "://" in typed else f"https://{typed}"
    return make_targets(await read(conn, list_names)).link(url)


def _shown(asked: Asked, finding: Finding, result: SearchResult, counted: Counted | None) -> ViewAnswer:
    return ViewAnswer(
        template="search.html",
        title=asked.get("q") or "*",
        rows=result.rows,
        imported=frozenset((hit.post.channel.channel_id, hit.post.id) for hit in result.hits if hit.post.is_imported),
        data={
            "engine": result.answer.engine,
            "exact": result.selected.engine.name == "exact",
            "next": result.answer.cursor,
            "query": write(finding.question.tree),
            "remarks": finding.remarks,
            "incomplete": [channel.name for channel, _ in result.over.incomplete],
        },
        values={
            "finding": finding,
            "written": write(finding.question.tree),
            "result": result,
            "known": result.names,
            "counted": counted,
            "commands": [command_line(asked, name) for name in ("search", "export", "query save")],
        },
    )
