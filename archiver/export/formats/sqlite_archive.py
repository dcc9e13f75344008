"""A small archive in one SQLite file: for telekeep itself, Datasette, sqlite-utils and others that read SQLite.

Rows only name the messages: these are copied with their payloads, earlier contents and counters, so that `telekeep
search` finds them there. The file is made under a temporary name, and then written like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from archiver.export.folder import scratch_folder
from archiver.export.request import Request
from archiver.export.unwritable import unwritable
from archiver.export.writer import ByteSink
from archiver.ids import ChannelId
from archiver.model.row import Row
from archiver.store.messages.extract import ArchiveExtract, SearchTables

_PAGE = 250
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractSource:
    """The archive that messages are copied from, and where the copy goes."""

    archive: Path
    search: SearchTables
    out: Path | None = None
    """The file's destination, next to which it is made; None: in the system's temporary directory."""


class SqliteRows:
    """Copies messages, some hundred at a time."""

    def __init__(self, request: Request, source: ExtractSource, sink: ByteSink) -> None:
        self._request, self._source, self._sink = request, source, sink
        self._open = ExitStack()
        self._path = Path()
        self._extract: ArchiveExtract | None = None
        self._channel = ChannelId(0)
        self._ids: list[int] = []
        self.options: dict[str, object] = {"whole_channels": self._is_whole}
        self.warnings: list[str] = []

    @property
    def _is_whole(self) -> bool:
        bounds = self._request.bounds
        return bounds.since is None and bounds.until is None and self._request.query is None

    def watch(self) -> None:
        """Make the new archive, and watch for commits to the source."""
        if self._extract is None:
            self._path = self._open.enter_context(scratch_folder(self._source.out)) / "archive.db"
            with self._say_unwritable():
                extract = ArchiveExtract(self._path, self._source.archive, self._source.search)
            self._extract = self._open.enter_context(extract)
        self._extract.watch()

    def take_snapshot(self) -> bool:
        """Take the snapshot that messages are copied from, unless something was committed since `watch`."""
        assert self._extract is not None
        return self._extract.begin()

    def begin(self) -> None:
        """Copy all channels."""
        assert self._extract is not None
        with self._say_unwritable():
            for channel in self._request.channels:
                self._extract.add_channel(channel.channel_id, whole=self._is_whole)

    def add(self, row: Row) -> None:
        """Remember the message; copy a page of them."""
        if row["channel_id"] != self._channel or len(self._ids) == _PAGE:
            self._flush()
            self._channel = ChannelId(row["channel_id"])
        self._ids.append(row["message_id"])

    def end(self) -> None:
        """Write the finished file."""
        self._flush()
        assert self._extract is not None
        with self._say_unwritable():
            self._extract.finish()
        with self._path.open("rb") as file:
            while data := file.read(_CHUNK):
                self._sink.write(data)

    def close(self) -> None:
        """Remove what is temporary."""
        self._open.close()

    def _flush(self) -> None:
        if self._ids:
            assert self._extract is not None
            with self._say_unwritable():
                self._extract.add_messages(self._channel, self._ids)
            self._ids = []

    @contextmanager
    def _say_unwritable(self) -> Iterator[None]:
        """Raise UsageError if the temporary file cannot be written."""
        try:
            yield
        except OSError as exc:
            raise unwritable(self._source.out or self._path.parent.parent, exc) from exc
