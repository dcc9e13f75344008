"""The protocols of formats: rows become bytes, always the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from archiver.model.row import HeldItem, Row


class Writer(Protocol):
    """One format. The file is `begin`, then `encode` for each row, then `end`."""

    extension: str

    @property
    def options(self) -> dict[str, object]:
        """How the file was written, for the manifest."""
        ...

    @property
    def warnings(self) -> list[str]:
        """Warnings for the user after the last row."""
        ...

    def begin(self) -> bytes:
        """Bytes before the first row."""
        ...

    def encode(self, row: Row) -> bytes:
        """Encode one row."""
        ...

    def end(self) -> bytes:
        """Bytes after the last row."""
        ...


@runtime_checkable
class HeldWriter(Protocol):
    """A writer that also encodes messages that were not made rows."""

    def encode_held(self, items: Sequence[HeldItem]) -> bytes:
        """Encode the rows of these messages. Stateless: it may be called again for some of them."""
        ...


class ByteSink(Protocol):
    """Where the bytes of a data file go."""

    def write(self, data: bytes, /) -> object:
        """Append the data."""
        ...


class FileSink(ByteSink, Protocol):
    """One of several data files."""

    def close(self, rows: int = 0) -> None:
        """End the file; `rows`: its number of rows."""
        ...


class OpensFiles(Protocol):
    """Opens the data files of a format of several files."""

    def open(self, name: str) -> FileSink:
        """Begin a new file; folders in its name are made."""
        ...


@runtime_checkable
class ForReaders(Protocol):
    """A format for people to read: it begins with remarks, and marks the rows that have a key `imported`."""

    def set_remarks(self, remarks: Sequence[str]) -> None:
        """Set the remarks on the export. Called before `begin`, and again before `end` if more is known then."""
        ...


@runtime_checkable
class Feed(Protocol):
    """A format that begins with the date of the newest message within the bounds."""

    newest: int | None


@runtime_checkable
class ReadsArchive(Protocol):
    """A format that copies from the archive by a connection of its own, from the snapshot that the rows come from."""

    def watch(self) -> None:
        """Watch for commits to the archive from now on."""
        ...

    def take_snapshot(self) -> bool:
        """Take a snapshot, unless something was committed since `watch`."""
        ...


class RowSink(Protocol):
    """Where rows go: `begin`, then `add` for each, then `end`."""

    def begin(self) -> None:
        """Before the first row."""
        ...

    def add(self, row: Row) -> None:
        """Write one row."""
        ...

    def end(self) -> None:
        """After the last row."""
        ...

    def close(self) -> None:
        """Release resources, whether `end` was called or not."""
        ...


class DescribedRows(RowSink, Protocol):
    """A format that writes into the sink or folder that it was made for."""

    @property
    def options(self) -> dict[str, object]:
        """How the files were written, for the manifest."""
        ...

    @property
    def warnings(self) -> list[str]:
        """Warnings for the user after the last row."""
        ...


FileWriter: TypeAlias = Writer | Callable[[ByteSink], DescribedRows]
"""Encodes rows as bytes; or makes, for a sink, what writes them there."""


class StreamRows:
    """Writes the rows of a format of one file to a sink."""

    def __init__(self, writer: Writer, sink: ByteSink) -> None:
        self._writer, self._sink = writer, sink
        self._held = writer if isinstance(writer, HeldWriter) else None
        self.for_readers = writer if isinstance(writer, ForReaders) else None

    @property
    def takes_held(self) -> bool:
        """Whether `encode_held` can be called."""
        return self._held is not None

    @property
    def options(self) -> dict[str, object]:
        """Those of the writer."""
        return self._writer.options

    @property
    def warnings(self) -> list[str]:
        """Those of the writer."""
        return self._writer.warnings

    def begin(self) -> None:
        """Write what is before the rows."""
        self._sink.write(self._writer.begin())

    def add(self, row: Row) -> None:
        """Write the row."""
        self._sink.write(self._writer.encode(row))

    def encode_held(self, items: Sequence[HeldItem]) -> bytes:
        """Encode the rows of these messages, in any thread; `write` writes them."""
        assert self._held is not None
        return self._held.encode_held(items)

    def write(self, data: bytes) -> None:
        """Write encoded rows."""
        self._sink.write(data)

    def end(self) -> None:
        """Write what is after the rows."""
        self._sink.write(self._writer.end())

    def close(self) -> None:
        """Do nothing."""
