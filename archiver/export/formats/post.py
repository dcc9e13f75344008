"""A row as people read it, for HTML, Markdown and Atom. Pure; all texts are untrusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from archiver.export.formats.local_clock import LocalClock, LocalTime
from archiver.export.formats.wording import Wording
from archiver.export.marking import CLAIMED_KEY, IMPORTED_KEY
from archiver.formatting.ranges import Entities
from archiver.model.imported import IMPORTED, list_filled, list_others
from archiver.model.particulars import find_posted_day
from archiver.model.reply import is_reply, topic_of
from archiver.model.row import Row

DELETED: Final = "deleted or no longer visible"
"""How the mark of a deleted message begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a message replies to."""

    message_id: int | None
    elsewhere: str = ""
    """The chat of that message, if it is another one."""
    quote: str = ""
    quote_entities: Entities = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message."""

    row: Row
    time: LocalTime | None
    text: str
    entities: str
    author: str
    forwarded: str
    forward_link: str
    answered: Answered | None
    topic: int | None
    """The forum topic that it was posted in."""
    marks: tuple[str, ...]
    """What to know before trusting the text: whether it was edited, deleted or restricted."""
    notes: tuple[Sequence[str], ...]
    """What it reports or offers besides text: a service action, media, buttons, a fact check; each in its parts."""
    media: tuple[Mapping[str, Any], ...]
    figures: str
    made: tuple[str, ...] = ()
    """Texts that programs made of its files."""
    versions: tuple[Mapping[str, Any], ...] = ()
    """Earlier contents, if the export has them."""

    @property
    def is_service(self) -> bool:
        """Whether it only reports what happened in the channel."""
        return bool(self.row["kind"] == "service")

    @property
    def edits(self) -> int:
        """Number of earlier contents that Telegram showed; those found only in imports are not edits."""
        return _count_edits(self.row)

    @property
    def is_day_only(self) -> bool:
        """Whether only its day is known, from an imported file."""
        return find_posted_day(self.row["extra"]) is not None

    @property
    def day(self) -> str | None:
        """The day that it belongs to: the one in the imported file if that shows no time."""
        if (named := find_posted_day(self.row["extra"])) is not None:
            return named.isoformat()
        return self.time.day if self.time else None

    @property
    def clock(self) -> str:
        """The time of day; of an imported file that has only days, the day in the zone of that file."""
        if (day := find_posted_day(self.row["extra"])) is not None:
            return f"{day}, time not known"
        return f"{self.time.clock} {self.time.offset}" if self.time else "unknown time"


def read_post(row: Row, wording: Wording, clock: LocalClock) -> Post:
    """The post of a row."""
    rich = load_nested(row["rich"]) or {}
    forward = load_nested(row["fwd_from"])
    return Post(
        row=row,
        time=clock.at(row["date"]),
        text=row["text"] or str(rich.get("text") or ""),
        entities=row["entities"] if row["text"] else "[]",
        author=_author(row),
        forwarded=wording.origin(forward) if forward else "",
        forward_link=_forward_link(forward or {}),
        answered=_answered(load_nested(row["reply_to"])) if is_reply(row["reply_to"]) else None,
        topic=topic_of(row["reply_to"]),
        marks=tuple(_marks(row, clock)),
        notes=tuple(_notes(row, wording)),
        media=tuple(load_nested(row["media"]) or ()),
        figures=_figures(row, wording),
        made=tuple(_made(row)),
        versions=tuple(load_nested(row.get("versions")) or ()),
    )


def describe_version(version: Mapping[str, Any], clock: LocalClock) -> str:
    """`version 1, seen 2021-12-16 14:03 UTC to 2021-12-17 09:00 UTC`."""
    if version.get("layer") == IMPORTED:
        return f"version {version['revision']}, imported from a file: telekeep did not see it{_named(version)}"
    seen = [write_moment(clock.at(version[key])) for key in ("first_seen", "last_seen")]
    return f"version {version['revision']}, seen {' to '.join(dict.fromkeys(seen))}"


def _named(version: Mapping[str, Any]) -> str:
    """` (result.json, SHA-256 1f0a77c2…)`; empty in an export that does not name files."""
    origin = version.get("import") or {}
    return f" ({origin['file']}, SHA-256 {origin['sha256'][:8]}…)" if origin.get("file") else ""


def write_moment(time: LocalTime | None) -> str:
    """`2021-12-16 14:03 +03:00`."""
    return f"{time.day} {time.clock} {time.offset}" if time else "unknown time"


def load_nested(value: str | None) -> Any:
    """A nested value of a row; None for null and for an empty list."""
    return None if value is None or value == "[]" else orjson.loads(value)


def _author(row: Row) -> str:
    sender, bot = load_nested(row["sender"]) or {}, load_nested(row["via_bot"]) or {}
    names = [row["post_author"], _name(sender), f"via {_name(bot)}" if bot else None]
    return ", ".join(dict.fromkeys(filter(None, names)))


def _name(peer: Mapping[str, Any]) -> str:
    username = f"@{peer['username']}" if peer.get("username") else ""
    shown = str(peer.get("name") or username or (f"{peer.get('type')} {peer['id']}" if peer.get("id") else ""))
    return f"{shown} ({username})" if username and username != shown else shown


def _forward_link(forward: Mapping[str, Any]) -> str:
    peer, post = forward.get("from_id") or {}, forward.get("channel_post")
    if type(post) is not int or peer.get("type") != "channel":
        return ""
    username = str(forward.get("username") or "")
    place = username if username.isascii() and username.replace("_", "").isalnum() else f"c/{peer.get('id')}"
    return f"https://t.me/{place}/{post}"


def _answered(reply: Mapping[str, Any] | None) -> Answered | None:
    if reply is None:
        return None
    peer, number = reply.get("reply_to_peer_id"), reply.get("reply_to_msg_id")
    elsewhere = f"{peer.get('type')} {peer.get('id')}" if isinstance(peer, dict) else ""
    if "story_id" in reply:
        elsewhere = "a story"
    elif number is None and "reply_to_peer_id" in reply and not elsewhere:
        elsewhere = "a message in another chat"  # the imported file does not say which chat
    return Answered(
        message_id=number if type(number) is int else None,
        elsewhere=elsewhere,
        quote=str(reply.get("quote_text") or ""),
        quote_entities=reply.get("quote_entities"),
    )


def _marks(row: Row, clock: LocalClock) -> Iterator[str]:
    if row.get(IMPORTED_KEY):
        yield "imported from a file: telekeep did not see this post"
    if row["missing_since"]:
        doubt = ", if it was posted as the file says" if row.get(IMPORTED_KEY) else ""
        yield f"{DELETED}{doubt}, noticed {write_moment(clock.at(row['missing_since']))}"
    if (claims := row.get(CLAIMED_KEY)) is not None and claims.contents:
        file = f" ({claims.beside})" if claims.beside else ""
        yield (
            f"other content in an import{file}"
            if claims.contents == 1
            else f"{claims.contents} other versions in imports"
        )
    if others := list_others(row["extra"]):
        yield f"an import has another {', '.join(others)}"
    if filled := list_filled(row["extra"]):
        yield f"{', '.join(filled)} from an import, not from Telegram"
    if (edits := _count_edits(row)) > 0:
        times = "once" if edits == 1 else f"{edits} times"
        yield f"edited {times}" + (f", last {write_moment(clock.at(row['edit_date']))}" if row["edit_date"] else "")
    elif row["edit_date"] and not row["edit_hidden"]:
        yield f"marked as edited {write_moment(clock.at(row['edit_date']))}"
    for reason in load_nested(row["restriction"]) or ():
        yield f"restricted on {reason.get('platform')}: {reason.get('text') or reason.get('reason')}"
    if row["pinned"]:
        yield "pinned"


def _count_edits(row: Row) -> int:
    claims = row.get(CLAIMED_KEY)
    return int(row["revisions"]) - (0 if claims is None else claims.contents)


def _notes(row: Row, wording: Wording) -> Iterator[Sequence[str]]:
    if row["action"]:
        yield (wording.action(orjson.loads(row["action"])),)
    for slot in load_nested(row["media"]) or ():
        yield wording.media(slot)
    if markup := load_nested(row["markup"]):
        yield (f"buttons: {wording.buttons(markup)}",)
    if fact := load_nested(row["fact_check"]):
        yield (f"fact check: {fact.get('text') or 'not shown by the server yet'}",)


def _made(row: Row) -> Iterator[str]:
    for made in load_nested(row.get("annotations")) or ():
        if made.get("text"):
            yield f"{made.get('hook')}, by a program: {made['text']}"


def _figures(row: Row, wording: Wording) -> str:
    counted = [
        f"{row[key]:,} {word if row[key] != 1 else word.removesuffix('s').replace('replie', 'reply')}"
        for key, word in (("views", "views"), ("forwards", "forwards"), ("replies", "replies"))
        if row[key] is not None
    ]
    reactions = load_nested(row["reactions"])
    return " · ".join([*counted, *([wording.reactions(reactions)] if reactions else [])])
