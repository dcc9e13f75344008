"""Table `annotation`: texts that programs made of stored files. Nothing is deleted: a newer one replaces an older."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from archiver.ids import ChannelId
from archiver.model.iso_time import iso
from archiver.store.database import Reader
from archiver.store.media.file_slot import file_slot

if TYPE_CHECKING:
    from search.exact.annotations import AnnotatedFile


class Unannotated(NamedTuple):
    """Stored bytes that a hook is still to see."""

    sha256: str
    kind: str
    mime: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One result of a hook. Times are unix seconds."""

    sha256: str
    hook: str
    program: str
    version: str | None
    language: str | None
    text: str | None
    """None: it failed."""
    reason: str | None
    exit_status: int | None
    at: int
    seconds: float

    def to_object(self) -> dict[str, object]:
        """As rows have it."""
        return {
            "hook": self.hook,
            "text": self.text,
            "program": self.program,
            "version": self.version,
            "language": self.language,
            "at": iso(self.at),
            "exit_status": self.exit_status,
            "sha256": self.sha256,
        }


class AnnotationCounts(NamedTuple):
    """How many stored files a hook has seen."""

    done: int
    failed: int
    """Those that are tried again."""
    given_up: int
    empty: int
    """Those of the done ones in which nothing was heard or read."""


_CURRENT = "replaced_at IS NULL"
_SHOWN_BY = (
    "file AS f CROSS JOIN media AS m INDEXED BY media_file"
    " ON m.id = substr(f.file_key, instr(f.file_key, '/') + 1) AND (m.kind = 'photo') = (f.file_key LIKE 'photo/%')"
)
"""Files, each with the slots that show it."""
_COLUMNS = "sha256, hook, program, version, language, text, reason, exit_status, at, seconds"


def list_unannotated(
    conn: Reader,
    hook: str,
    kinds: Collection[str],
    *,
    now: float,
    attempts: int,
    channels: Collection[ChannelId] | None = None,
    limit: int = 100,
) -> list[Unannotated]:
    """Stored files of these kinds without a result of the hook, the latest stored first.

    Those that failed count once their time has come, unless they failed `attempts` times.
    """
    within = "" if channels is None else "AND m.channel_id IN (SELECT value FROM json_each(:channels))"
    rows = conn.execute(
        f"""SELECT f.sha256, min(m.kind), min(m.mime)
            FROM {_SHOWN_BY}
            WHERE f.status = 'downloaded' AND {file_slot("m")} {within}
              AND m.kind IN (SELECT value FROM json_each(:kinds))
              AND NOT EXISTS (SELECT 1 FROM annotation AS a WHERE a.sha256 = f.sha256 AND a.hook = :hook
                              AND a.{_CURRENT} AND (a.status = 'done' OR a.attempts >= :attempts OR a.retry_at > :now))
            GROUP BY f.sha256 ORDER BY max(f.since) DESC, f.sha256 LIMIT :limit""",
        {
            "hook": hook,
            "kinds": json.dumps(list(kinds)),
            "now": now,
            "attempts": attempts,
            "channels": json.dumps(list(channels or ())),
            "limit": limit,
        },
    )
    return [Unannotated(*row) for row in rows]


def put_annotation(conn: sqlite3.Connection, made: Annotation, *, retry_at: int | None = None) -> None:
    """Record a result; a text can be found at once. A failure does not replace an earlier text."""
    from search.exact.annotations import AnnotatedFile, drop_annotation, put_annotations

    key = (made.sha256, made.hook)
    old = conn.execute(
        f"SELECT annotation_id, status, attempts FROM annotation WHERE sha256 = ? AND hook = ? AND {_CURRENT}", key
    ).fetchone()
    if old is not None and old[1] == "done" and made.text is None:
        return
    if old is not None:
        conn.execute("UPDATE annotation SET replaced_at = ? WHERE annotation_id = ?", (made.at, old[0]))
        drop_annotation(conn, old[0])
    attempts = 1 + (old[2] if old is not None and old[1] == "failed" else 0)
    status = "failed" if made.text is None else "done"
    values = tuple(getattr(made, name) for name in _COLUMNS.split(", "))
    cursor = conn.execute(
        f"INSERT INTO annotation ({_COLUMNS}, status, attempts, retry_at) VALUES ({', '.join('?' * 13)})",
        (*values, status, attempts, retry_at),
    )
    if made.text:
        assert cursor.lastrowid is not None
        put_annotations(conn, [AnnotatedFile(cursor.lastrowid, made.sha256, made.text)])


def list_missing(conn: Reader, made: Iterable[Annotation]) -> list[Annotation]:
    """Those of these results whose hook has none here for the same bytes."""
    known: set[tuple[str, str]] = set()
    missing = []
    for one in made:
        known.update((kept.sha256, kept.hook) for kept in list_annotations(conn, [one.sha256]).get(one.sha256, []))
        if (one.sha256, one.hook) not in known:
            known.add((one.sha256, one.hook))
            missing.append(one)
    return missing


def put_missing(conn: sqlite3.Connection, made: Iterable[Annotation]) -> int:
    """Record results of other archives for bytes that are stored, where their hook has none; return how many."""
    put = 0
    for one in list_missing(conn, made):
        if conn.execute("SELECT 1 FROM blob WHERE sha256 = ? AND state = 'present'", (one.sha256,)).fetchone():
            put_annotation(conn, one)
            put += 1
    return put


def forget_failures(conn: sqlite3.Connection, hook: str, *, now: int) -> int:
    """Let failed files be tried as if for the first time; return how many."""
    return conn.execute(
        f"UPDATE annotation SET replaced_at = ? WHERE hook = ? AND status = 'failed' AND {_CURRENT}", (now, hook)
    ).rowcount


def forget_waits(conn: sqlite3.Connection, hook: str, *, now: int) -> int:
    """Let failed files be tried again now, unless they were given up; return how many."""
    return conn.execute(
        f"UPDATE annotation SET retry_at = ? WHERE hook = ? AND status = 'failed' AND {_CURRENT}", (now, hook)
    ).rowcount


def find_next_try(conn: Reader) -> int | None:
    """When a failed file is to be tried again, unix seconds."""
    query = f"SELECT min(retry_at) FROM annotation WHERE status = 'failed' AND {_CURRENT}"
    found = conn.execute(query).fetchone()[0]
    return None if found is None else int(found)


def find_attempts(conn: Reader, sha256: str, hook: str) -> int:
    """How often the hook has failed with these bytes."""
    query = f"SELECT attempts FROM annotation WHERE sha256 = ? AND hook = ? AND status = 'failed' AND {_CURRENT}"
    row = conn.execute(query, (sha256, hook)).fetchone()
    return 0 if row is None else int(row[0])


def list_annotations(conn: Reader, hashes: Iterable[str]) -> dict[str, list[Annotation]]:
    """The texts made of these stored bytes, by SHA-256; failures are left out."""
    query = (
        f"SELECT {_COLUMNS} FROM annotation WHERE sha256 IN (SELECT value FROM json_each(?)) AND {_CURRENT}"
        " AND status = 'done' ORDER BY sha256, hook"
    )
    found: dict[str, list[Annotation]] = {}
    names = _COLUMNS.split(", ")
    for row in conn.execute(query, (json.dumps(list(hashes)),)):
        made = Annotation(**dict(zip(names, row, strict=True)))
        found.setdefault(made.sha256, []).append(made)
    return found


def read_annotation_texts(conn: Reader) -> Iterable[AnnotatedFile]:
    """All texts, to build the search tables."""
    from search.exact.annotations import AnnotatedFile

    query = f"SELECT annotation_id, sha256, text FROM annotation WHERE status = 'done' AND {_CURRENT} AND text <> ''"
    return (AnnotatedFile(*row) for row in conn.execute(query))


def count_annotations(
    conn: Reader, hook: str, *, attempts: int, channels: Collection[ChannelId] | None = None
) -> AnnotationCounts:
    """How many files the hook has seen, of these channels or of all, and with what result."""
    shown = f"""AND sha256 IN (SELECT f.sha256 FROM {_SHOWN_BY}
                WHERE {file_slot("m")} AND m.channel_id IN (SELECT value FROM json_each(?3)))"""
    row = conn.execute(
        f"""SELECT count(*) FILTER (WHERE status = 'done'), count(*) FILTER (WHERE status = 'failed' AND attempts < ?1),
                   count(*) FILTER (WHERE status = 'failed' AND attempts >= ?1),
                   count(*) FILTER (WHERE status = 'done' AND text = '')
            FROM annotation WHERE hook = ?2 AND {_CURRENT} {"" if channels is None else shown}""",
        (attempts, hook, *([] if channels is None else [json.dumps(list(channels))])),
    ).fetchone()
    return AnnotationCounts(*row)
