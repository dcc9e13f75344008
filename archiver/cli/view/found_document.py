"""Hits as a document for other programs: the writers of `export`, on standard output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from archiver.cli import output
from archiver.cli.view.export_words import ExportWords
from archiver.cli.view.moments import Moments
from archiver.cli.view.shown import Shown
from archiver.export.formats.registry import FORMATS, WriterContext
from archiver.export.marking import mark
from archiver.export.request import Request
from archiver.export.write_rows import date_feed
from archiver.export.writer import ForReaders
from archiver.ids import ChannelId
from archiver.model.json_text import dump
from archiver.model.row import ChannelName, Row
from archiver.store.database import Connection
from search.engine.protocol import Question
from search.query.dates import parse_zone
from search.query.write import write

_PART = "not all messages that match are here"


async def print_document(
    conn: Connection,
    name: str,
    question: Question,
    names: Mapping[ChannelId, ChannelName],
    *,
    zone: str,
    remarks: Sequence[str],
) -> tuple[Callable[[Shown], None], Callable[[bool], None]]:
    """A function that prints a hit, and one that ends the document, given whether there are more hits.

    `name`: a format of one file, for readers. `remarks`: what to say at its end.
    """
    chosen = [names[one] for one in sorted(names) if question.channels is None or one in question.channels]
    request = Request(
        channels=tuple(chosen), bounds=question.bounds, zone=zone, query=write(question.tree), tree=question.tree
    )
    wording = ExportWords(Moments(parse_zone(zone)), names)
    writer = FORMATS[name].open(WriterContext(request=request, wording=wording))
    assert not callable(writer)
    assert isinstance(writer, ForReaders)
    await date_feed(conn, request, writer)
    output.document(writer.begin())

    def end(has_more: bool) -> None:
        is_part = has_more or question.cursor is not None
        writer.set_remarks([*remarks, *([_PART] if is_part else [])])
        output.document(writer.end())

    return lambda shown: output.document(writer.encode(_marked(shown))), end


def _marked(shown: Shown) -> Row:
    """The row, with what formats for readers say of imports, and the earlier content that was found."""
    row = {**shown.row, **mark(shown.claims, is_import=shown.is_imported)}
    if shown.earlier is not None:
        row["versions"] = dump([shown.imports.describe(shown.earlier)]).decode()
    return row
