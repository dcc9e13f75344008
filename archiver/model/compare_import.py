"""Decide what an imported message adds to one that is held. No I/O, no clock; what is held is never overwritten.

not held                        -> new
held, everything agrees         -> same
held, empty where it has a value -> fills: taken over, and named, unless the export contradicts the post
held, other words               -> differs: its content is kept as a revision of layer 0
held, other values              -> differs: both are kept
held by an earlier import only   -> the later content of the two is current (`imports.later_import`)

Counters change all the time and do not count as differences: those of the export stay in its piece.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

import orjson

from archiver.model.imported import IMPORTED, hash_of, is_day_only
from archiver.model.other_values import FILE
from archiver.model.record import Message

Decided: TypeAlias = Literal["new", "same", "fills", "differs"]

CONTEXT: Final = ("sender", "post_author", "reply_to", "reply_to_msg_id", "fwd_from", "grouped_id")
"""What may be filled in any message: what never changes, and what its content hash does not cover."""
_REST: Final = (
    *("views", "forwards", "replies", "reactions"),
    *("edit_date", "entities", "markup", "restriction", "extra", "media"),
)
"""What may be filled in a message that was imported itself, too: if Telegram shows none of it, there was none then."""
_LASTING: Final = frozenset(
    {"kind", "date", "sender", "post_author", "reply_to_msg_id", "fwd_from", "fwd_name", "title"}
)
"""What Telegram never changes: an export that differs here is of another post, or not to be trusted."""
_TITLED: Final = frozenset({"channel_create", "chat_create", "chat_edit_title"})
"""Service messages whose title never changes."""
_ZONE_STEP: Final = 900
_ZONES_APART: Final = 26 * 3600
"""Time zones differ by at most 26 hours, in quarters of an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDecision:
    """What an imported message adds to the one held."""

    kind: Decided
    filled: Mapping[str, Any] = field(default_factory=dict)
    """Values of columns that were empty."""
    other: Mapping[str, Any] = field(default_factory=dict)
    """Other values: {held, imported} by name."""
    revises: bool = False
    """Whether its text differs, so that its content becomes a revision."""
    was_shown: bool = False
    """Whether that other text is an earlier content that Telegram showed, and needs no revision of its own."""
    wins: bool = False
    """Whether it replaces what an earlier import brought, and that becomes the revision."""
    exact: Literal["held", "imported"] | None = None
    """Which of two other dates is exact, where the other one rests on a zone that was assumed: that one counts."""

    @property
    def other_files(self) -> Mapping[str, Any]:
        """The other values that are files: {kind, size, sha256}, or None for no file."""
        return {name: both for name, both in self.other.items() if name.startswith(FILE)}

    @property
    def record(self) -> str | None:
        """As JSON for `imported.differs`; None if nothing differs."""
        filled = {name: _plain(value) for name, value in self.filled.items()}
        other = {name: value for name, value in self.other.items() if name != "date" or self.exact != "imported"}
        if self.wins:  # the one replaced is described
            other = {
                name: value
                for name, value in other.items()
                if (name == "date" and self.exact == "held") or (name.startswith(FILE) and value["imported"] is None)
            }
        found = {"filled": filled, "other": other}
        kept: dict[str, Any] = {name: value for name, value in found.items() if value}
        if self.revises and not self.wins:
            kept["text"] = True
        return orjson.dumps(kept).decode() if kept else None


def compare_import(imported: Message, held: Message, earlier: Collection[bytes] = ()) -> ImportDecision:
    """Compare an imported message with the one held. `earlier`: the `text_hash` of each earlier content held."""
    is_same_text = _shows_nothing(imported) or imported.content_hash == (
        held.content_hash if held.layer == IMPORTED else hash_of(held)
    )
    other = dict(_other(imported, held))
    is_known = is_same_text or imported.content_hash in earlier
    is_trusted = _is_same_post(held, other, is_known=is_known)
    filled = dict(_fillable(imported, held, is_same_text=is_same_text)) if is_trusted else {}
    if other or not is_same_text:
        # With a file, the content of the export is kept as well: it is what shows that file.
        is_shown = is_known and not imported.media
        return ImportDecision(
            kind="differs",
            filled=filled,
            other=other,
            revises=not is_same_text,
            was_shown=is_shown and not is_same_text,
        )
    return ImportDecision(kind="fills" if filled else "same", filled=filled)


def without_filled(decision: ImportDecision) -> ImportDecision:
    """The decision on an export that is not to be trusted: it fills nothing."""
    return replace(decision, kind="same" if decision.kind == "fills" else decision.kind, filled={})


def has_other_date(decision: ImportDecision) -> bool:
    """Whether the dates differ by more than a time zone could explain: Telegram never changes a date."""
    return "date" in decision.other and not _is_by_zone(decision.other["date"])


def is_contradicted(imported: Message, held: Message) -> bool:
    """Whether an export differs in what Telegram never changes, regardless of words and time zone."""
    other = dict(_other(imported, held))
    differing = _LASTING.intersection(other)
    return bool(differing) and not (differing == {"date"} and _is_by_zone(other["date"]))


def _shows_nothing(imported: Message) -> bool:
    """Whether an export has no content for the message, as early rows of rich messages: a post is never empty."""
    return not (imported.text or imported.media or imported.action or imported.extra)


def _is_same_post(held: Message, other: Mapping[str, Any], *, is_known: bool) -> bool:
    """Whether an export contradicts nothing in the archive. `is_known`: its words are archived.

    A captured post is complete: only an export with its exact words may add to it. Of two exports, one may have an edit
    that the other lacks, or dates in another time zone.
    """
    differing = _LASTING.intersection(other)
    if held.layer != IMPORTED:
        return is_known and not differing
    return not differing or (differing == {"date"} and _is_by_zone(other["date"]))


def _is_by_zone(dates: Mapping[str, int]) -> bool:
    return may_be_by_zone(dates["held"], dates["imported"])


def may_be_by_zone(one: int, other: int) -> bool:
    """Whether two dates in unix seconds are equal, or the same local time in two zones."""
    apart = abs(one - other)
    return apart <= _ZONES_APART and apart % _ZONE_STEP == 0


def fill(held: Message, filled: Mapping[str, Any]) -> Message:
    """The held message with these values."""
    return replace(held, **filled) if filled else held


def _fillable(imported: Message, held: Message, *, is_same_text: bool) -> Iterator[tuple[str, Any]]:
    if held.kind == "stub":
        return
    names = (*CONTEXT, *_REST) if held.layer == IMPORTED and is_same_text else CONTEXT
    for name in names:
        value = getattr(imported, name)
        if name == "extra" and is_day_only(imported.extra):
            continue  # it says how little is known of a date that is better known
        if name == "reply_to_msg_id" and held.reply_to is not None:
            continue
        if value not in (None, ()) and getattr(held, name) in (None, ()):
            yield name, value


def _other(imported: Message, held: Message) -> Iterator[tuple[str, Any]]:
    for name, read in _COMPARED.items():
        if name == "date" and is_day_only(imported.extra):
            continue
        theirs, ours = read(imported), read(held)
        if theirs is not None and ours is not None and theirs != ours:
            yield name, {"held": ours, "imported": theirs}


def _peer(text: str | None) -> Any:
    """Kind and id of a sender; names change."""
    if text is None:
        return None
    found = orjson.loads(text)
    return None if found.get("id") is None else {"type": found.get("type"), "id": found["id"]}


def _origin(text: str | None) -> Any:
    return None if text is None else orjson.loads(text).get("from_id")


def _origin_name(text: str | None) -> Any:
    """The name of an origin that has no id, which never changes: its owner hides the account."""
    found = {} if text is None else orjson.loads(text)
    name = found.get("from_name")
    return " ".join(name.split()) if isinstance(name, str) and found.get("from_id") is None else None


def _title(text: str | None) -> Any:
    """The title that a service message reports, of a channel, a group or a topic."""
    found = {} if text is None else orjson.loads(text)
    title = found.get("title")
    return " ".join(title.split()) if isinstance(title, str) and found.get("type") in _TITLED else None


def _kinds(message: Message) -> Any:
    """The kind of its own medium; formats of other programs have no previews, and nothing nested."""
    own = [slot.kind for slot in message.media if slot.kind not in ("webpage", "empty", "unsupported")]
    return own[0] if own else None


_COMPARED: Final[Mapping[str, Any]] = {
    "kind": lambda one: None if one.kind == "stub" else one.kind,
    "date": lambda one: int(one.date.timestamp()),
    "edit_date": lambda one: None if one.edit_date is None else int(one.edit_date.timestamp()),
    "sender": lambda one: _peer(one.sender),
    "post_author": lambda one: one.post_author,
    "fwd_from": lambda one: _origin(one.fwd_from),
    "fwd_name": lambda one: _origin_name(one.fwd_from),
    "title": lambda one: _title(one.action),
    "reply_to_msg_id": lambda one: one.reply_to_msg_id,
    "media": _kinds,
}


def read_compared(name: str, message: Message) -> Any:
    """A value of a message as `other` has it."""
    read = _COMPARED.get(name)
    return None if read is None else read(message)


def _plain(value: Any) -> Any:
    """A filled value as the row of `message` has it; media are rows of their own."""
    if isinstance(value, tuple):
        return len(value)
    return int(value.timestamp()) if hasattr(value, "timestamp") else value
