"""Table `file` for rows shown to people: why a file is not stored, and the files of earlier contents."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import orjson

from archiver.model.media_file import FileKey, blob_path, find_key
from archiver.store.database import Reader


class _Known(NamedTuple):
    status: str
    reason: str | None
    sha256: str | None


def find_reasons(conn: Reader, keys: Collection[FileKey]) -> dict[FileKey, str | None]:
    """Why these files are not stored."""
    return {key: one.reason for key, one in _find(conn, keys).items() if key is not None}


def fill_slots(conn: Reader, contents: list[str]) -> list[str]:
    """The attachments of earlier contents (JSON lists), with what is known of their files by now.

    What a revision says was true when the content was replaced. The file may have arrived later, through another post.
    """
    lists: list[list[dict[str, Any]]] = [orjson.loads(text) for text in contents]
    keys = {key for slots in lists for slot in slots if (key := _key(slot)) is not None}
    known = _find(conn, keys)
    if not known:
        return contents
    for slots in lists:
        for slot in slots:
            if (key := _key(slot)) in known:
                _fill(slot, known[key])
    return [orjson.dumps(slots).decode() for slots in lists]


def _fill(slot: dict[str, Any], known: _Known) -> None:
    path = blob_path(known.sha256) if known.sha256 is not None and known.status == "downloaded" else None
    slot.update(path=path, sha256=known.sha256, status=known.status, reason=known.reason)


def _key(slot: dict[str, Any]) -> FileKey | None:
    kind, id_ = slot.get("kind"), slot.get("id")
    return find_key(kind, id_) if isinstance(kind, str) and isinstance(id_, str) else None


def _find(conn: Reader, keys: Collection[FileKey]) -> dict[FileKey | None, _Known]:
    if not keys:
        return {}
    rows = conn.execute(
        "SELECT file_key, status, reason, sha256 FROM file WHERE file_key IN (SELECT value FROM json_each(?))",
        (orjson.dumps(list(keys)).decode(),),
    )
    return {FileKey(row[0]): _Known(row[1], row[2], row[3]) for row in rows}
