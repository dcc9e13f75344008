"""All formats by name: their file name extensions, their options, and their writers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from archiver.export.csv_writer import CsvWriter, WholeCsvWriter
from archiver.export.jsonl import JsonlWriter, WholeJsonlWriter
from archiver.export.media_places import MediaPlaces, no_files
from archiver.model.row import KEYS

if TYPE_CHECKING:
    from archiver.export.append.row_image import RowImage
    from archiver.export.formats.sqlite_archive import ExtractSource
    from archiver.export.formats.wording import Wording
    from archiver.export.request import Request
    from archiver.export.writer import ByteSink, DescribedRows, FileWriter, OpensFiles, Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterContext:
    """What a writer may need besides rows."""

    request: Request
    wording: Wording
    fields: tuple[str, ...] | None = None
    """Only these keys of rows, in this order."""

    excel: bool = False
    groups: frozenset[int] = frozenset()
    """Ids of the channels that are groups."""
    public: frozenset[int] = frozenset()
    """Ids of channels that may be public although their @name is unknown."""
    media_places: MediaPlaces = no_files
    """The place of each file in the export."""
    extract: ExtractSource | None = None
    """The source of a small archive."""

    @property
    def table_keys(self) -> tuple[str, ...] | None:
        """The columns of a table; None: those of every row."""
        return (*KEYS, "versions") if self.fields is None and self.request.revisions else self.fields


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFormat:
    """One format."""

    name: str
    file_name: str = ""
    """The name of the file if `-o` is a directory."""
    endings: tuple[str, ...] = ()
    """File name extensions that mean it."""
    has_fields: bool = False
    """Whether it can leave out keys."""
    by_channel: bool = False
    """Whether its rows are sorted by channel first."""
    make: Callable[[WriterContext], FileWriter] | None = None
    make_folder: Callable[[WriterContext, OpensFiles], DescribedRows] | None = None
    """Instead of `make` for a format of several files."""
    make_image: Callable[[WriterContext], RowImage] | None = None
    """How `--append` compares rows; None: it cannot."""

    def open(self, context: WriterContext) -> FileWriter:
        """The writer of a format of one file."""
        assert self.make is not None
        return self.make(context)


def _html(context: WriterContext, folder: OpensFiles) -> DescribedRows:
    from archiver.export.formats.html_folder import HtmlFolder

    return HtmlFolder(folder, context.request, context.wording, media_places=context.media_places)


def _desktop_json(context: WriterContext) -> Writer:
    from archiver.export.formats.desktop_json import DesktopJsonWriter

    return DesktopJsonWriter(
        context.request, groups=context.groups, public=context.public, media_places=context.media_places
    )


def _markdown(context: WriterContext) -> Writer:
    from archiver.export.formats.markdown_file import MarkdownWriter

    return MarkdownWriter(context.request, context.wording, media_places=context.media_places)


def _atom(context: WriterContext) -> Writer:
    from archiver.export.formats.atom import AtomWriter

    return AtomWriter(context.request, context.wording, media_places=context.media_places)


def _parquet(context: WriterContext) -> Callable[[ByteSink], DescribedRows]:
    from archiver.export.formats.parquet import ParquetRows
    from archiver.imports.hidden_modules import import_pyarrow

    import_pyarrow()  # now, so that a missing library is reported before anything is read
    return partial(ParquetRows, context.request, context.table_keys)


def _make_csv(context: WriterContext) -> Writer:
    if context.excel or context.table_keys is not None:
        return CsvWriter(excel=context.excel, fields=context.table_keys)
    return WholeCsvWriter()


def _line_image(context: WriterContext) -> RowImage:
    from archiver.export.append.row_image import LineImage

    return LineImage(context.fields)


def _record_image(context: WriterContext) -> RowImage:
    from archiver.export.append.row_image import RecordImage

    return RecordImage(context.table_keys, excel=context.excel)


def _column_image(context: WriterContext) -> RowImage:
    from archiver.export.append.parquet_image import ColumnImage

    return ColumnImage(context.table_keys)


def partitioned(form: ExportFormat) -> ExportFormat:
    """Parquet in a folder for each channel and month."""

    def make(context: WriterContext, folder: OpensFiles) -> DescribedRows:
        from archiver.export.formats.parquet_folder import PartitionedParquet

        return PartitionedParquet(context.request, context.table_keys, folder)

    return replace(form, make=None, make_folder=make, make_image=None)


def _sqlite(context: WriterContext) -> Callable[[ByteSink], DescribedRows]:
    from archiver.export.formats.sqlite_archive import SqliteRows

    assert context.extract is not None
    return partial(SqliteRows, context.request, context.extract)


_ALL = (
    ExportFormat(
        name="jsonl",
        file_name="messages.jsonl",
        endings=(".jsonl", ".ndjson"),
        make=lambda context: WholeJsonlWriter() if context.fields is None else JsonlWriter(context.fields),
        make_image=_line_image,
        has_fields=True,
    ),
    ExportFormat(
        name="csv",
        file_name="messages.csv",
        endings=(".csv",),
        make=_make_csv,
        make_image=_record_image,
        has_fields=True,
    ),
    ExportFormat(name="html", make_folder=_html),
    ExportFormat(name="desktop-json", file_name="result.json", by_channel=True, make=_desktop_json),
    ExportFormat(name="markdown", file_name="messages.md", endings=(".md", ".markdown"), make=_markdown),
    ExportFormat(name="atom", file_name="messages.atom", endings=(".atom",), make=_atom),
    ExportFormat(
        name="parquet",
        file_name="messages.parquet",
        endings=(".parquet",),
        by_channel=True,
        make=_parquet,
        make_image=_column_image,
        has_fields=True,
    ),
    ExportFormat(
        name="sqlite",
        file_name="archive.db",
        endings=(".sqlite", ".sqlite3", ".db"),
        by_channel=True,
        make=_sqlite,
    ),
)
FORMATS: Mapping[str, ExportFormat] = {one.name: one for one in _ALL}
ENDINGS: Mapping[str, str] = {ending: one.name for one in _ALL for ending in one.endings} | {".graphml": "graphml"}
"""File name extensions and their formats."""
