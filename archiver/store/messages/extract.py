"""Copy some messages of an archive, with all that is known of them, into a new archive in one file.

The new file has the tables of any archive, so that telekeep and other readers of archives can open it. What belongs to
accounts, to the service or to an index is not copied. The source is read in one snapshot, which another connection can
share (`watch`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

from archiver.ids import ChannelId
from archiver.store.database import ARCHIVE_NAME
from archiver.store.faults import damage
from archiver.store.index.outbox import enqueue
from archiver.store.media.annotation import read_annotation_texts
from archiver.store.media.file_slot import key_of
from archiver.store.medium import EXTRACT_ID, find_reading
from archiver.store.migrations import list_migrations
from search.exact.annotations import put_annotations

_BY_CHANNEL = ("channel", "channel_revision", "channel_state", "import_source", "capture")
_BY_MESSAGE = ("message", "media", "revision", "absence", "counter", "rich_part", "imported")
_WITH_PAYLOADS = ("message", "revision")
_WHOLE = ("coverage",)
"""Which ids were looked at: an archive of some messages would take the others for absent."""
_SHOWN_BYTES = "SELECT sha256 FROM main.media WHERE"
_SHOWN_FILES = f"SELECT {key_of('media')} FROM main.media WHERE"
_ELSEWHERE = "UPDATE main.media SET path = NULL, status = 'offloaded' WHERE status = 'downloaded'"
"""Files stay in the source."""
_PLAIN = """
PRAGMA journal_mode = MEMORY;
PRAGMA synchronous = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16000;
"""
"""The file is temporary until it is complete."""

IndexMessages: TypeAlias = Callable[[sqlite3.Connection, ChannelId, Sequence[int]], None]


class SearchTables(NamedTuple):
    """How the tables of the embedded engine are made, and filled with messages that the archive has."""

    create: Callable[[sqlite3.Connection], None]
    add: IndexMessages


@contextmanager
def _say_unwritable() -> Iterator[None]:
    """Raise OSError if the new file cannot be written, which SQLite does not tell apart from the archive's."""
    try:
        yield
    except sqlite3.OperationalError as exc:
        code = getattr(exc, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from exc
        if code == sqlite3.SQLITE_IOERR_WRITE:
            refused = "the disk refused it (over a quota or a limit on the size of files, or failing)"
            raise OSError(errno.EIO, refused) from exc
        raise


class ArchiveExtract:
    """A context manager: `begin`, `add` channels and messages, then `finish`.

    Raises OSError if the file cannot be written.
    """

    def __init__(self, path: Path, source: Path, search: SearchTables) -> None:
        self._search = search
        self._watched: int | None = None
        self._conn = sqlite3.connect(path, isolation_level=None, uri=True)
        try:
            with _say_unwritable():
                self._prepare(source / ARCHIVE_NAME)
        except BaseException:
            self._conn.close()
            raise

    def _prepare(self, source: Path) -> None:
        conn = self._conn
        conn.executescript(_PLAIN)
        for _, script in list_migrations():
            conn.executescript(script)
        conn.execute("ATTACH ? AS source", (find_reading(source)[0],))
        conn.execute(f"PRAGMA main.application_id = {EXTRACT_ID}")
        conn.execute("BEGIN")
        self._search.create(conn)
        conn.execute("COMMIT")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._conn.close()

    def watch(self) -> None:
        """Watch for commits to the source from now on."""
        self._watched = self._version()

    def begin(self) -> bool:
        """Begin the snapshot of the source; whether nothing was committed since `watch`.

        If so, a snapshot that another connection took in between is of the same state. If not, `watch` again.
        """
        self._conn.execute("BEGIN IMMEDIATE")
        is_same = self._version() == self._watched
        if not is_same:
            self._conn.execute("ROLLBACK")
        return is_same

    def _version(self) -> int:
        [version] = self._conn.execute("PRAGMA source.data_version").fetchone()
        return int(version)

    @_say_unwritable()
    def add_channel(self, channel_id: ChannelId, *, whole: bool) -> None:
        """Copy what is known of a channel. `whole`: whether all of its messages follow."""
        for table in (*_BY_CHANNEL, *(_WHOLE if whole else ())):
            self._copy(table, "channel_id = ?", (channel_id,))

    @_say_unwritable()
    def add_messages(self, channel_id: ChannelId, message_ids: Iterable[int]) -> None:
        """Copy messages of a channel that was added."""
        wanted = sorted(set(message_ids))
        if not wanted:
            return
        listed = f"[{','.join(map(str, wanted))}]"
        among = "channel_id = ? AND message_id IN (SELECT value FROM json_each(?))"
        for table in _BY_MESSAGE:
            self._copy(table, among, (channel_id, listed))
        for table in _WITH_PAYLOADS:
            self._expect_whole(table, among, (channel_id, listed))
        self._conn.execute(f"{_ELSEWHERE} AND {among}", (channel_id, listed))
        self._copy_derived(among, (channel_id, listed))
        self._search.add(self._conn, channel_id, wanted)
        query = f"SELECT max(last_seen) FROM main.message WHERE {among}"
        (now,) = self._conn.execute(query, (channel_id, listed)).fetchone()
        enqueue(self._conn, channel_id, wanted, now=now or 0, later=True)  # no index has them

    def _expect_whole(self, table: str, among: str, values: tuple[object, ...]) -> None:
        """Raise the error for damage if a payload has changed: SQLite does not notice zeros in it."""
        for raw, sha256 in self._conn.execute(f"SELECT raw, payload_sha256 FROM main.{table} WHERE {among}", values):
            if hashlib.sha256(raw).digest() != sha256:
                raise damage()

    @_say_unwritable()
    def finish(self) -> None:
        """Commit, and close the file."""
        put_annotations(self._conn, read_annotation_texts(self._conn))
        self._conn.execute("COMMIT")
        self._conn.execute("DETACH source")
        self._conn.close()

    def _copy_derived(self, among: str, values: tuple[object, ...]) -> None:
        """Copy what programs made of the messages' files, and the hashes of their pictures, once each."""
        known = self._conn.execute("SELECT 1 FROM source.sqlite_master WHERE name = 'annotation'").fetchone()
        if known is None:  # the source is older
            return
        for table, number, wanted in (
            ("annotation", "annotation_id", f"status = 'done' AND replaced_at IS NULL AND sha256 IN ({_SHOWN_BYTES}"),
            ("picture_hash", "picture_id", f"file_key IN ({_SHOWN_FILES}"),
        ):
            copied = f"SELECT 1 FROM main.{table} WHERE main.{table}.{number} = source.{table}.{number}"
            self._copy(table, f"{wanted} {among}) AND NOT EXISTS ({copied})", values)

    def _copy(self, table: str, condition: str, values: tuple[object, ...]) -> None:
        columns = ", ".join(row[1] for row in self._conn.execute(f"PRAGMA main.table_info({table})"))
        self._conn.execute(
            f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM source.{table} WHERE {condition}", values
        )


def iter_row_keys(descriptor: int) -> Iterator[tuple[int, int, int, str]]:
    """Date, channel, id and channel's name of each message in an archive file that is open, by channel and date.

    Raises ValueError if it is none.
    """
    try:
        conn = sqlite3.connect(f"file:/dev/fd/{descriptor}?mode=ro&immutable=1", uri=True)
        try:
            yield from conn.execute(
                "SELECT m.date, m.channel_id, m.message_id, coalesce(c.username, c.alias, c.channel_id || '')"
                " FROM message AS m JOIN channel AS c USING (channel_id) ORDER BY m.channel_id, m.date, m.message_id"
            )
        finally:
            conn.close()
    except sqlite3.Error as exc:
        raise ValueError("not an archive") from exc
