"""What `telekeep search` prints: hits, their number, or counts by facet; and notes about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any, NamedTuple

from archiver.cli import output, screen
from archiver.cli.pager import page
from archiver.cli.pages import ResultPages
from archiver.cli.search_options import SearchOptions
from archiver.cli.view.answers import Answers, More
from archiver.cli.view.ending import Found, describe_found, next_command
from archiver.cli.view.moments import Moments
from archiver.cli.view.searched import (
    describe_incomplete,
    describe_searched,
    incomplete_object,
    warn_incomplete,
)
from archiver.cli.view.shown import Shown
from archiver.compose.engine import SelectedEngine
from archiver.ids import ChannelId
from archiver.model.row import KEYS, ChannelName, to_object
from archiver.reading.shortfall import SearchScope
from archiver.store.database import Connection
from search.engine.protocol import Question, Sort
from search.exact.reader import ExactEngine
from search.query.scope import includes_revisions
from search.query.tree import text_leaves

QUICK = 0.3
"""Seconds within which the number of all hits is worth counting."""


class Search(NamedTuple):
    """A search, and how it is shown."""

    conn: Connection
    selected: SelectedEngine
    names: Mapping[ChannelId, ChannelName]
    question: Question
    options: SearchOptions
    moments: Moments

    @property
    def for_person(self) -> bool:
        """Whether the output goes to a terminal."""
        return self.options.shape == "people" and self.options.document is None and output.is_terminal()


async def print_facets(search: Search, over: SearchScope) -> int:
    """Print counts by facet. Returns the exit status."""
    from archiver.cli.view.facets import limit_counts, name_channels, print_counts

    options = search.options
    counts = await search.selected.engine.facets(search.question, options.facets, search.moments.zone)
    counts = name_channels(counts, search.names, for_people=options.shape == "people")
    shown = limit_counts(counts, options.limit, newest=options.sort != "oldest") if options.limit_given else counts
    with page():
        print_counts(shown, options.shape, over)
    if any(counts.values()):
        for facet, found in counts.items():
            if len(shown[facet]) < len(found):
                output.note(f"{len(shown[facet]):,} of {len(found):,} shown by {facet} (-n 0 shows all)")
        return _end(search, over)
    return await _end_empty(search, over, "nothing found to count")


async def print_count(search: Search, over: SearchScope) -> int:
    """Print the number of hits. Returns the exit status."""
    answers = Answers(search.conn, search.selected, search.names)
    question, options = search.question, search.options
    if options.collapse:
        count = await answers.count_groups(question)
    else:
        count = await search.selected.engine.count(question)
    if options.shape == "people":
        output.line(f"{count:,}" if search.for_person else str(count))
    elif options.shape == "csv":
        from archiver.cli.view.fields import CsvTable

        CsvTable(["count"]).add({"count": count})
    else:
        write = output.json if options.shape == "json" else output.jsonl
        write({"count": count, "incomplete": incomplete_object(over)})
    return _end(search, over) if count else await _end_empty(search, over, "nothing found")


async def print_hits(search: Search, over: SearchScope, pages: ResultPages) -> int:
    """Print the hits. Returns the exit status."""
    answers = Answers(search.conn, search.selected, search.names)
    found, cursor, has_deleted = 0, None, False
    with page() as paged:
        found, cursor, has_deleted = await _print(search, over, answers)
    if paged.left:  # nobody wants to know the rest
        warn_incomplete(over, search.moments)
        return 0
    can_continue = pages.end(found, cursor)
    if not found:
        return await _end_empty(search, over, "nothing found")
    total = None
    if search.for_person and pages.before is not None:
        total = answers.groups if search.options.collapse else await _count_all(search, pages.before + found, cursor)
    summary = Found(found, pages.before, total, cursor, _order(search.question))
    if not search.for_person:
        return _end(search, over, *describe_found(summary))
    if has_deleted:
        output.note("DELETED means deleted or no longer visible")
    command = next_command(cursor, can_continue=can_continue)
    return _end(search, over, *describe_found(summary, groups=search.options.collapse, command=command))


def _order(question: Question) -> Sort:
    """The order of the hits: without words there is nothing to rank them by."""
    has_words = any(True for _ in text_leaves(question.tree))
    return question.sort if has_words or question.sort == "oldest" else "newest"


async def _count_all(search: Search, shown: int, cursor: str | None) -> int | None:
    """The number of all hits; None if it takes long to find out."""
    if cursor is None:
        return shown
    engine = search.selected.engine
    return await engine.count_within(search.question, QUICK) if isinstance(engine, ExactEngine) else None


async def _print(search: Search, over: SearchScope, answers: Answers) -> tuple[int, str | None, bool]:
    """Print the hits. Returns their number, the cursor of the next page, and whether one is deleted."""
    blocks_printed = 0
    has_deleted = False
    cursor = None
    options, question = search.options, search.question
    show, close = await _printer(search, over)
    shown_blocks = (
        answers.collapsed(question, options.limit)
        if options.collapse
        else answers.plain(question, options.limit, options.around)
    )
    async with aclosing(shown_blocks) as blocks:
        async for block in blocks:
            if isinstance(block, More):
                cursor = block.cursor
                break
            has_deleted |= any(shown.row["missing_since"] for shown in block)
            blocks_printed += 1
            for shown in block:
                show(shown._replace(block=blocks_printed))
    close(cursor is not None)
    return answers.found, cursor, has_deleted


async def _printer(search: Search, over: SearchScope) -> tuple[Callable[[Shown], None], Callable[[bool], None]]:
    """A function that prints a row, and one that ends the output, given whether there are more hits."""
    options = search.options
    if options.document is not None:
        from archiver.cli.view.found_document import print_document

        return await print_document(
            search.conn,
            options.document,
            search.question,
            search.names,
            zone=options.when.tz,
            remarks=list(describe_incomplete(over, search.moments)),
        )
    if options.shape == "people":
        from archiver.cli.view.hits import printer

        return printer(
            _view(search), in_blocks=options.around > 0, tree=search.question.tree, names=search.names
        ), lambda _: None
    from archiver.cli.view.fields import CsvTable, parse_fields, pick

    known = [*KEYS, *_added_keys(search)]
    fields = parse_fields(options.fields, known)
    if options.shape == "csv":
        table = CsvTable(fields or known)
        return lambda shown: table.add(_object(shown, search)), lambda _: None
    if options.shape == "jsonl":
        return lambda shown: output.jsonl(pick(_object(shown, search), fields)), lambda _: None
    array = output.JsonArray()
    return lambda shown: array.add(pick(_object(shown, search), fields)), lambda _: array.close()


def _view(search: Search) -> Any:
    """How cards are shown; None in a pipe."""
    if not search.for_person:
        return None
    from archiver.cli.view.card import CardView

    return CardView(search.question.tree, search.names, search.moments, screen.columns(), output.use_colour())


def _added_keys(search: Search) -> list[str]:
    added = ["match", "block"] if search.options.around else []
    added += ["earlier"] if includes_revisions(search.question.tree) else []
    return [*added, *(["copies"] if search.options.collapse else [])]


def _object(shown: Shown, search: Search) -> dict[str, Any]:
    row = to_object(shown.row)
    added = {
        "match": shown.is_hit,
        "block": shown.block,
        "earlier": shown.imports.describe(shown.earlier) if shown.earlier else None,
        "copies": list(shown.copies or ()),
    }
    return row | {key: added[key] for key in _added_keys(search)}


def _end(search: Search, over: SearchScope, *summary: str) -> int:
    """Report what was found, by which engine, and what is not fetched. Returns the exit status."""
    selected = search.selected
    if not search.for_person:
        output.note("; ".join([*summary, selected.describe()]))
    else:
        for line in summary:
            output.note(line, to_copy=any("next:" in one for one in summary))
        if how := selected.explain():
            output.note(how)
    if output.is_quiet() and selected.fuzzy and selected.away is not None:
        output.warn(selected.describe())
    warn_incomplete(over, search.moments)
    return 0


async def _end_empty(search: Search, over: SearchScope, summary: str) -> int:
    """Report where nothing was found, and what may help."""
    if missed := await search.selected.count_missed(search.question):
        which = "in an index that does not have all messages" if search.selected.behind else "by Meilisearch"
        searched = f"{which}, but {missed:,} by the embedded engine: omit --engine meilisearch"
    elif search.selected.behind:
        searched = "in an index that does not have all messages; without --engine and --fuzzy all are searched"
    else:
        searched = await describe_searched(search.conn, over, search.moments if search.for_person else None)
    _end(search, over, f"{summary} {searched}")
    if not output.is_quiet():
        from archiver.cli.view.nothing import explain

        for line in await explain(search.conn, search.selected.engine, search.question, search.moments):
            output.note(line)
    return 1
