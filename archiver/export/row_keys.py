"""Read the keys of the rows in the data files of an export, one reader a format."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from io import BufferedReader
from itertools import groupby
from typing import Any, NamedTuple

import orjson

from archiver.errors import UsageError, install_command
from archiver.export.counting import ROW_KEY, ROW_MARKS
from archiver.ids import ChannelId, MessageId
from archiver.imports.parquet_input import iter_groups, open_parquet
from archiver.model.iso_time import iso
from archiver.store.messages.extract import iter_row_keys

LONGEST_ROW = 64 << 20
"""Longest row in bytes; real ones have a few thousand."""
_BATCH_ROWS = 2_048
_EDGE_DATA = re.compile(rb'<data key="edge_([a-z_]+)">([^<]*)</data>')
_ATTRIBUTE = re.compile(rb'([a-z_-]+)="([^"]*)"')


class UnreadableRows(Exception):
    """Rows that this installation cannot read; the text is a phrase that follows the name of their file."""


class RowKey(NamedTuple):
    """The sort key of a row, and the name of its channel."""

    date: str
    channel_id: ChannelId
    message_id: MessageId
    name: str


def _read_lines(file: BufferedReader, _options: Mapping[str, Any]) -> Iterator[RowKey]:
    while line := file.readline(LONGEST_ROW):
        yield _key(orjson.loads(line))


def _read_records(file: BufferedReader, options: Mapping[str, Any]) -> Iterator[RowKey]:
    guarded = bool(options.get("excel"))
    before = csv.field_size_limit(LONGEST_ROW)
    text = io.TextIOWrapper(file, "utf-8-sig" if guarded else "utf-8", newline="")
    try:
        records = csv.reader(text)
        header = next(records)
        date, channel_id, message_id, channel = map(header.index, ("date", "channel_id", "message_id", "channel"))
        for one in records:
            ids = [bare_id(one[at], guarded=guarded) for at in (channel_id, message_id, channel)]
            yield RowKey(one[date], ChannelId(int(ids[0])), MessageId(int(ids[1])), ids[2])
    finally:
        text.detach()
        csv.field_size_limit(before)


def bare_id(cell: str, *, guarded: bool) -> str:
    """An id without the apostrophe that spreadsheets need."""
    return cell.removeprefix("'") if guarded else cell


def _key(row: Mapping[str, Any]) -> RowKey:
    return RowKey(row["date"], row["channel_id"], row["message_id"], row["channel"])


def _read_tags(mark: bytes) -> Callable[[BufferedReader, Mapping[str, Any]], Iterator[RowKey]]:
    """Reads the attributes of the tag that begins a row, at the beginning of a line."""

    def read(file: BufferedReader, _options: Mapping[str, Any]) -> Iterator[RowKey]:
        while line := file.readline(LONGEST_ROW):
            if line.startswith(mark):
                tag = line[: line.index(b">")]
                found = {
                    name.decode().removeprefix("data-"): unescape(value.decode())
                    for name, value in _ATTRIBUTE.findall(tag)
                }
                ids = int(found["channel-id"]), int(found["message-id"])
                yield RowKey(found["date"], ChannelId(ids[0]), MessageId(ids[1]), found["channel"])

    return read


def _read_objects(
    mark: bytes, *, indented: bool = False
) -> Callable[[BufferedReader, Mapping[str, Any]], Iterator[RowKey]]:
    """Reads the object that begins within the mark, on a line of its own, indented or not."""

    def read(file: BufferedReader, _options: Mapping[str, Any]) -> Iterator[RowKey]:
        while line := file.readline(LONGEST_ROW):
            if (line.lstrip(b" ") if indented else line).startswith(mark):
                yield _key(orjson.loads(line[line.index(b"{") : line.rindex(b"}") + 1]))

    return read


def _read_edges(file: BufferedReader, _options: Mapping[str, Any]) -> Iterator[RowKey]:
    """Reads the data of edges, each on a line of its own."""
    while line := file.readline(LONGEST_ROW):
        if line.startswith(b"<edge "):
            found = {name.decode(): unescape(value.decode()) for name, value in _EDGE_DATA.findall(line)}
            ids = ChannelId(int(found["channel_id"])), MessageId(int(found["message_id"]))
            yield RowKey(found["date"], *ids, found["channel"])


def _each_once(
    read: Callable[[BufferedReader, Mapping[str, Any]], Iterator[RowKey]],
) -> Callable[[BufferedReader, Mapping[str, Any]], Iterator[RowKey]]:
    """Messages that have one edge after the other count once."""

    def read_once(file: BufferedReader, options: Mapping[str, Any]) -> Iterator[RowKey]:
        return (key for key, _ in groupby(read(file, options)))

    return read_once


def _read_parquet(file: BufferedReader, _options: Mapping[str, Any]) -> Iterator[RowKey]:
    """Reads the columns of the key, one row group at a time."""
    try:
        parquet = open_parquet(file)
        for _, batches in iter_groups(parquet, batch_size=_BATCH_ROWS, columns=list(ROW_KEY)):
            for batch in batches:
                dates = batch.column("date").view("int64").to_pylist()  # as times they would load pandas
                for row, date in zip(batch.drop_columns("date").to_pylist(), dates, strict=True):
                    yield _key({**row, "date": iso(date // 1_000_000)})
    except UsageError:
        how = install_command("parquet")
        raise UnreadableRows(f"has rows that cannot be read here, without pyarrow: {how}") from None
    except (OSError, RuntimeError) as exc:  # pyarrow's errors are ValueErrors, KeyErrors and these
        raise ValueError("not Parquet") from exc


def _read_archive(file: BufferedReader, _options: Mapping[str, Any]) -> Iterator[RowKey]:
    for date, channel_id, message_id, name in iter_row_keys(file.fileno()):
        yield RowKey(iso(date) or "", ChannelId(channel_id), MessageId(message_id), str(name))


READERS: Mapping[str, Callable[[BufferedReader, Mapping[str, Any]], Iterator[RowKey]]] = {
    "jsonl": _read_lines,
    "csv": _read_records,
    "parquet": _read_parquet,
    "sqlite": _read_archive,
    "edges-csv": _each_once(_read_records),
    "edges-graphml": _each_once(_read_edges),
    "html": _read_tags(ROW_MARKS["html"].lstrip()),
    "atom": _read_tags(ROW_MARKS["atom"].lstrip()),
    "markdown": _read_objects(ROW_MARKS["markdown"].lstrip()),
    "desktop-json": _read_objects(ROW_MARKS["desktop-json"], indented=True),
}
