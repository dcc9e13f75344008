"""An export and the server's truth in the same words, so that they can be held side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from tests.acceptance.desk import Desk, Telegram

Row = dict[str, Any]


def expect_equal(desk: Desk, telegram: Telegram, *names: str) -> None:
    """The export is the truth, nothing is doubled, every id is accounted for, and the file is sound."""
    rows, truth = desk.export(*names), telegram.truth(*names)
    mirrored, expected = told(rows), true(truth)
    assert mirrored.keys() == expected.keys()
    wrong = {key: (row, mirrored[key]) for key, row in expected.items() if mirrored[key] != row}
    assert not wrong, next(iter(wrong.values()))
    assert [(row["date"], row["channel_id"], row["message_id"]) for row in rows] == sorted(
        (row["date"], row["channel_id"], row["message_id"]) for row in rows
    )
    manifest = orjson.loads((desk.home / "manifest.json").read_bytes())
    assert manifest["complete"]
    absent = {
        (part["channel_id"], number)
        for part in manifest["channels"]
        for first, last in part["completeness"]["absent_ids"]
        for number in range(first, last + 1)
    }
    missing = {(row["channel_id"], row["message_id"]) for row in rows if row["missing_since"] is not None}
    assert absent | missing == gone(truth)
    assert not absent & missing
    assert desk.query("PRAGMA integrity_check") == [("ok",)]
    assert desk.query("PRAGMA foreign_key_check") == []


def told(rows: Iterable[Row]) -> dict[tuple[int, int], Row]:
    """What an export says of each message that was in its channel when last seen; nothing may stand there twice."""
    found: dict[tuple[int, int], Row] = {}
    for row in rows:
        if row["missing_since"] is None:
            key = row["channel_id"], row["message_id"]
            assert key not in found
            found[key] = _told(row)
    return found


def true(rows: Iterable[Row]) -> dict[tuple[int, int], Row]:
    """The same of the truth."""
    return {(row["channel_id"], row["id"]): _true(row) for row in rows if "deleted" not in row}


def gone(rows: Iterable[Row]) -> set[tuple[int, int]]:
    """The ids that the truth says are deleted."""
    return {(row["channel_id"], row["id"]) for row in rows if "deleted" in row}


def _told(row: Row) -> Row:
    media = row["media"]
    shown = media[0] if media and row["kind"] == "message" else None
    return {
        "channel": row["channel"],
        "kind": row["kind"],
        "date": _unix(row["date"]),
        "edit_date": _unix(row["edit_date"]),
        "text": row["text"],
        "entities": [
            (entity["type"], entity["offset"], entity["length"], entity.get("url")) for entity in row["entities"]
        ],
        "action": row["action"]["type"] if row["action"] else None,
        "media": shown["kind"] if shown else None,
        "file": {key: shown[key] for key in ("id", "mime", "size", "file_name")}
        if shown and shown["kind"] in _FILES
        else None,
        "views": row["views"],
        "forwards": row["forwards"],
        "grouped_id": row["grouped_id"],
        "reply_to": (row["reply_to"] or {}).get("reply_to_msg_id"),
        "fwd_from": _forward(row["fwd_from"]),
        "reactions": {one["reaction"]: one["count"] for one in row["reactions"]},
        "post_author": row["post_author"],
    }


_FILES = {"photo", "video", "round", "voice", "audio", "gif", "sticker", "image", "document"}


def _true(row: Row) -> Row:
    image = row["media"] == "document" and row["file"]["mime"].startswith("image/")
    return {
        "channel": row["channel"],
        "kind": row["kind"],
        "date": row["date"],
        "edit_date": row["edit_date"],
        "text": row["text"],
        "entities": [
            (_snake(entity["type"]), entity["offset"], entity["length"], entity.get("url"))
            for entity in row["entities"]
        ],
        "action": _snake(row["action"]) if row["action"] else None,
        "media": "image" if image else row["media"],
        "file": row["file"],
        "views": row["views"],
        "forwards": row["forwards"],
        "grouped_id": None if row["grouped_id"] is None else str(row["grouped_id"]),
        "reply_to": row["reply_to"],
        "fwd_from": row["fwd_from"],
        "reactions": row["reactions"],
        "post_author": row["post_author"],
    }


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _forward(header: Row | None) -> Row | None:
    if header is None:
        return None
    origin = header.get("from_id") or {}
    return {
        "channel_id": origin.get("id"),
        "channel_post": header.get("channel_post"),
        "from_name": header.get("from_name"),
        "date": _unix(header.get("date")),
    }


def _unix(date: Any) -> int | None:
    return int(datetime.fromisoformat(date).timestamp()) if isinstance(date, str) else date
