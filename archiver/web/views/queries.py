"""Saved queries, the help of the query language, and the feeds of saved queries."""

from __future__ import annotations

from dataclasses import replace

from archiver.errors import NotFound
from archiver.store.database import read
from archiver.store.search.saved_query import list_saved
from archiver.web.site import Asked, Site
from archiver.web.view import ViewAnswer
from archiver.web.views.search import show_search
from search.query.guide import sections
from search.query.saved import fold_query_name


async def show_queries(site: Site, asked: Asked) -> ViewAnswer:
    """All saved queries."""
    async with site.reading() as conn:
        saved = await read(conn, list_saved)
    return ViewAnswer(
        template="queries.html",
        data={"queries": [{"name": one.name, "query": one.query} for one in saved]},
        values={"saved": saved},
    )


async def show_alert(site: Site, asked: Asked) -> ViewAnswer:
    """The newest hits of the saved query that the address names."""
    async with site.reading() as conn:
        saved = {one.folded: one for one in await read(conn, list_saved)}
    found = saved.get(fold_query_name(asked.parts["name"]))
    if found is None:
        raise NotFound("there is no saved query of that name.", hint="`telekeep query list` shows them.")
    shown = await show_search(site, replace(asked, fields={**asked.fields, "q": found.query}))
    return replace(shown, title=found.name)


async def show_help(site: Site, asked: Asked) -> ViewAnswer:
    """The query language, from the text of `telekeep help query`."""
    return ViewAnswer(template="help.html", values={"sections": list(sections())})
