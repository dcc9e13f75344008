"""Hits as a document for other programs: the writers of `export`, on standard output."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archiver.cli import output
from archiver.cli.view.export_words import ExportWords
from archiver.cli.view.moments import Moments
from archiver.export.formats.registry import FORMATS, WriterContext
from archiver.export.request import Request
from archiver.ids import ChannelId
from archiver.model.row import ChannelName, Row
from search.engine.protocol import Question
from search.query.dates import parse_zone
from search.query.write import write


def print_document(
    name: str, question: Question, names: Mapping[ChannelId, ChannelName], zone: str, now: float
) -> tuple[Callable[[Row], None], Callable[[], None]]:
    """A function that prints a row, and one that ends the document. `name`: a format of one file."""
    chosen = [names[one] for one in sorted(names) if question.channels is None or one in question.channels]
    request = Request(
        channels=tuple(chosen), bounds=question.bounds, zone=zone, query=write(question.tree), tree=question.tree
    )
    context = WriterContext(request=request, wording=ExportWords(Moments(parse_zone(zone)), names), newest=int(now))
    writer = FORMATS[name].open(context)
    assert not callable(writer)
    output.document(writer.begin())
    return lambda row: output.document(writer.encode(row)), lambda: output.document(writer.end())
