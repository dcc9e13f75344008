"""Describe a message's content other than its text: kinds, titles, file names. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from archiver.cli.view import figures
from archiver.ids import ChannelId
from archiver.model.row import ChannelName, Row

_WORDS = {
    "round": ("video message", "video messages"),
    "voice": ("voice message", "voice messages"),
    "gif": ("GIF", "GIFs"),
    "geo": ("location", "locations"),
    "geo_live": ("live location", "live locations"),
    "audio": ("audio", "audio files"),
    "story": ("story", "stories"),
    "dice": ("dice", "dice"),
    "webpage": ("link", "links"),
}
_UNSHOWN = frozenset({"webpage", "empty"})
"""Not an attachment: a preview belongs to a link in the text."""


def describe_kinds(row: Row, names: Mapping[ChannelId, ChannelName]) -> list[str]:
    """What kind of message it is, if it is not a plain text: `forwarded from atlas/12`, `photo`, `2 videos`."""
    found = [describe_origin(orjson.loads(row["fwd_from"]), names)] if row["fwd_from"] else []
    if row["action"]:
        found.append("unreadable" if orjson.loads(row["action"]).get("type") == "unreadable" else "service")
    kinds = Counter(one["kind"] for one in orjson.loads(row["media"]))
    for kind, number in kinds.items():
        if kind not in _UNSHOWN:
            one, many = _words(kind)
            found.append(one if number == 1 else f"{number} {many}")
    return found


def describe_origin(forward: Mapping[str, Any], names: Mapping[ChannelId, ChannelName]) -> str:
    """Where it was forwarded from: by the address if that channel is archived, else by name."""
    peer = forward.get("from_id") or {}
    known = names.get(peer.get("id", 0)) if peer.get("type") == "channel" else None
    post = f"/{forward['channel_post']}" if forward.get("channel_post") else ""
    if known is not None:
        return f"forwarded from {known.alias or known.name}{post}"
    name = forward.get("name") or forward.get("from_name")
    username = f"@{forward['username']}{post}" if forward.get("username") else None
    label = f"{name} ({username})" if name and username else name or username
    return f"forwarded from {label}" if label else "forwarded"


def list_attachments(row: Row) -> list[tuple[str, str]]:
    """Kind and name of each attachment that has one: title, performer, file name."""
    found = []
    for one in orjson.loads(row["media"]):
        names = [one["performer"], one["title"], one["file_name"]]
        what = " — ".join(dict.fromkeys(name for name in names if name))
        if what:
            size = f" ({figures.size(one['size'])})" if one["size"] and one["file_name"] else ""
            found.append((_words(one["kind"])[0], f"{what}{size}"))
    return found


def further_texts(row: Row) -> Iterator[tuple[str, str]]:
    """Other texts of a message in which it may have been found, each with a label: what it is the text of."""
    for one in orjson.loads(row["media"]):
        for key in ("title", "performer", "file_name", "extra"):
            for text in _strings(one[key]):
                yield _words(one["kind"])[0], text
    for what, value in _around(row):
        for text in _strings(value):
            yield what, text


def _around(row: Row) -> Iterator[tuple[str, object]]:
    """The parts of a row that contain words; older rows lack some of them."""
    if row["action"]:
        yield "service", orjson.loads(row["action"])
    for button in (one for line in _loaded(row, "markup") for one in line):
        yield "button", button.get("text")
    yield "rich text", _fields(row, "rich").get("text")
    yield "quote", _fields(row, "reply_to").get("quote_text")
    yield "fact check", _fields(row, "fact_check").get("text")
    for reason in _loaded(row, "restriction"):
        yield "restriction", reason.get("text")


def _loaded(row: Row, key: str) -> Any:
    return orjson.loads(row[key]) if row.get(key) else []


def _fields(row: Row, key: str) -> Mapping[str, Any]:
    return _loaded(row, key) or {}


def name_kind(kind: str) -> str:
    """`voice message`: one attachment of this kind."""
    return _words(kind)[0]


def _words(kind: str) -> tuple[str, str]:
    plain = kind.replace("_", " ")
    return _WORDS.get(kind, (plain, f"{plain}s"))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)
