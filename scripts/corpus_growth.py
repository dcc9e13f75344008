"""Make a large archive of generated messages out of a smaller one: its channels again and again, under other numbers.

A message made so has the text of another, and a word of its own at the end, so that rare words grow with the archive as
names and typing errors do. Its rows are what the mirror would have written: lines, hashes of the content and places
in the index are those of `search.exact`; only the pages are larger, which is what makes it ten times as fast.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from archiver.model.document import to_document
from archiver.store.database import ARCHIVE_NAME
from archiver.store.messages.message import read_messages
from search.exact.changes import Row
from search.exact.docid import next_docid, tiers_in_use, window
from search.exact.rows import extend_blocks
from search.exact.skip_index import find_channel_ranges, summarize
from search.exact.terms import channel_term, entry

_ROWS = 3000
_PARAMETERS = 30_000
_LATER = 94_694_400
"""Three years: a channel that is continued goes on when the original ends."""
_GROUPED = " :: #"
"""What begins the numbers at the end of a line."""
_NUMBERS = 200_000
"""Between the ids of channels of two rounds."""
_LINES = """
    CREATE TABLE grown.line (channel_id, message_id, date, line, files, flags, views, forwards, origin,
        PRIMARY KEY (channel_id, message_id)) WITHOUT ROWID
"""


def grow(small: Path, large: Path, times: int) -> None:
    """Make `large`, an archive with the messages of `small` `times` over."""
    large.mkdir(parents=True)
    shutil.copy(small / ARCHIVE_NAME, large / ARCHIVE_NAME)
    with closing(sqlite3.connect(large / ARCHIVE_NAME, isolation_level=None)) as conn:
        conn.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -300000; PRAGMA temp_store = FILE"
        )
        scratch = large / "lines.db"
        conn.execute("ATTACH ? AS grown", (str(scratch),))
        conn.execute("PRAGMA grown.journal_mode = OFF")
        conn.create_function("own_word", 2, _own_word, deterministic=True)
        channels = [row[0] for row in conn.execute("SELECT channel_id FROM channel ORDER BY 1")]
        conn.execute("BEGIN")
        _note_lines(conn, channels)
        conn.execute("COMMIT")
        used = _used_docids(conn)
        for number in range(1, times):
            conn.execute("BEGIN")
            for channel_id in channels:
                _again(conn, channel_id, number, times, used)
            conn.execute("COMMIT")
        conn.execute("DETACH grown")
        scratch.unlink()
        conn.execute("PRAGMA journal_mode = WAL")


def _note_lines(conn: sqlite3.Connection, channels: list[int]) -> None:
    """Write down what the index has of each message: from the index alone it cannot be read again."""
    conn.execute(_LINES)
    numbers = dict(conn.execute("SELECT channel_id, number FROM search_channel"))
    origins = dict(conn.execute("SELECT docid, origin FROM search_forward"))
    for channel_id in channels:
        rows = {
            row[0]: row[1:]
            for row in conn.execute(
                "SELECT message_id, docid, flags, views, forwards FROM search_document WHERE channel = ?",
                (numbers[channel_id],),
            )
        }
        after = 0
        while messages := read_messages(conn, channel_id, after=after, limit=1000):
            after = messages[-1].message_id
            made = []
            for message in messages:
                document = to_document(message)
                docid, flags, views, forwards = rows[message.message_id]
                key = channel_id, message.message_id, document.date
                line = entry(document).line.removeprefix(channel_term(channel_id))
                files = "\0".join(document.file_ids)
                made.append((*key, line, files, flags, views, forwards, origins.get(docid)))
            conn.executemany("INSERT INTO grown.line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", made)


def _used_docids(conn: sqlite3.Connection) -> dict[int, int]:
    """As `search.exact.writer` looks it up for a page, for all dates there are."""
    used: dict[int, int] = {}
    for docid, date in conn.execute("SELECT docid, date FROM search_document ORDER BY docid"):
        for tier in tiers_in_use(docid):
            docids = window(tier, date)
            if docid in docids:
                used[docids.start] = docid
    return used


def _again(conn: sqlite3.Connection, channel_id: int, number: int, times: int, used: dict[int, int]) -> None:
    """Write the messages of a channel once more, newest first: half of the rounds continue earlier channels."""
    continued = number >= times // 2
    round_ = number - times // 2 if continued else number
    new_id = channel_id + round_ * _NUMBERS
    (top,) = conn.execute("SELECT max(message_id) FROM grown.line WHERE channel_id = ?", (channel_id,)).fetchone()
    further, later = (top, _LATER) if continued else (0, 0)
    if not continued:
        _copy(conn, "channel", {"channel_id": new_id, "title": f"Channel {new_id}"}, "channel_id = ?", (channel_id,))
        conn.execute("INSERT INTO search_channel (channel_id) VALUES (?)", (new_id,))
    shifted = {"channel_id": str(new_id), "message_id": f"message_id + {further}"}
    own = f"own_word({new_id}, message_id + {further})"
    where = "channel_id = ? AND message_id <= ? ORDER BY message_id DESC"
    text = {"date": f"date + {later}", "text": f"text || ' ' || {own}"}
    _copy(conn, "message", {**shifted, **text}, where, (channel_id, top))
    key = {"id": f"'{number}' || id"}
    _copy(conn, "media", {**shifted, **key}, where, (channel_id, top))
    _copy(conn, "outbox", shifted, where, (channel_id, top))
    [(place,)] = conn.execute("SELECT number FROM search_channel WHERE channel_id = ?", (new_id,)).fetchall()
    columns = "message_id, date, line, files, flags, views, forwards, origin"
    found = conn.execute(f"SELECT {columns} FROM grown.line WHERE {where}", (channel_id, top))  # noqa: S608 constants
    while rows := found.fetchmany(_ROWS):
        _index(conn, _Copy(number, new_id, place, further, later), rows, used)


class _Copy(NamedTuple):
    """How the rows of a channel differ from those they are made of."""

    number: int
    """Of the round."""
    channel_id: int
    place: int
    """Number of the channel in the index."""
    further: int
    """Between the ids of the messages."""
    later: int


def _index(conn: sqlite3.Connection, copy: _Copy, rows: list[Any], used: dict[int, int]) -> None:
    """Write a page into the search tables, as `search.exact.writer` does."""
    number, channel_id, place, further, later = copy
    made: list[tuple[Row, str, int | None]] = []
    tag = channel_term(channel_id)
    for message_id, date, line, files, flags, views, forwards, origin in reversed(rows):
        new_id, new_date = message_id + further, date + later
        words, *numbers = line.split(_GROUPED, 1)
        new_line = _GROUPED.join([f"{tag}{words} {_own_word(channel_id, new_id)}", *numbers])
        kind, _, name = files.partition("/")
        content = f"{new_line}\0{kind}/{number}{name}" if files else new_line
        fingerprint = int.from_bytes(blake2b(content.encode(), digest_size=4).digest(), "big", signed=True)
        docid = next_docid(new_date, used)
        made.append((Row(docid, place, new_id, new_date, flags, views, forwards, fingerprint), new_line, origin))
    made.sort(key=lambda one: one[0].docid)
    placed = [row for row, _, _ in made]
    _insert(conn, "search_text (rowid, line)", [(row.docid, line) for row, line, _ in made])
    _insert(conn, "search_document", placed)
    _insert(conn, "search_forward", [(row.docid, origin) for row, _, origin in made if origin is not None])
    extend_blocks(conn, summarize(placed))
    conn.executemany(
        """INSERT INTO search_channel_range VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET low = min(low, excluded.low), high = max(high, excluded.high)""",
        find_channel_ranges(placed),
    )


def _insert(conn: sqlite3.Connection, into: str, rows: list[Any]) -> None:
    """Insert with as few statements as possible: FTS5 writes a segment for each."""
    if not rows:
        return
    size = _PARAMETERS // len(rows[0])
    for at in range(0, len(rows), size):
        chunk = rows[at : at + size]
        marks = f"({', '.join('?' * len(chunk[0]))})"
        statement = f"INSERT INTO {into} VALUES {', '.join([marks] * len(chunk))}"  # noqa: S608 constants
        conn.execute(statement, [value for row in chunk for value in row])


def _copy(
    conn: sqlite3.Connection, table: str, changed: dict[str, Any], where: str, values: tuple[object, ...]
) -> None:
    """Copy rows, with SQL expressions for some columns."""
    names = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
    given = {name: f"'{one}'" if name == "title" else str(one) for name, one in changed.items()}
    listed = ", ".join(given.get(name, name) for name in names)
    conn.execute(f"INSERT INTO {table} SELECT {listed} FROM {table} WHERE {where}", values)  # noqa: S608 constants


def _own_word(channel_id: int, message_id: int) -> str:
    """A word that only this message has, with as many prefixes as other words."""
    rest, letters = channel_id * 2_097_152 + message_id, []
    rest = rest * 2_654_435_761 % (1 << 52)
    while rest:
        rest, at = divmod(rest, 26)
        letters.append(chr(97 + at))
    return "".join(letters[:9])
