"""The `extra` of a row of docs/rows.md as the archive stores it: rows have parts of it under separate keys. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from archiver.imports.row_values import UnreadableRow, to_text, whole_number
from archiver.model.imported import FILLED_KEY, OTHER_KEY, SHOWN_KEY, VALUES_KEY
from archiver.model.particulars import APART

_APART: Final = APART | {SHOWN_KEY}
"""Keys of `extra` that are not taken over: what Telegram showed, it showed to another telekeep."""
_PAID: Final[Mapping[str, str]] = {
    "message_stars": "paid_message_stars",
    "suggested_post_stars": "paid_suggested_post_stars",
    "suggested_post_ton": "paid_suggested_post_ton",
}


def stored_extra(row: Mapping[str, Any]) -> str | None:
    """The `extra` to store: the row's own, and what rows have under separate keys. Raises UnreadableRow."""
    extra = dict(_particulars(row))
    rest = row.get("extra")
    if rest is not None and not isinstance(rest, dict):
        raise UnreadableRow("has an `extra` that is not an object")
    _expect_marks(rest or {})
    # What has a separate key is taken only from there, where its shape was checked.
    extra.update((name, value) for name, value in (rest or {}).items() if name not in _APART)
    return to_text(extra, "extra") if extra else None


def _expect_marks(extra: Mapping[str, Any]) -> None:
    """Check what `extra` says of imports, which readers rely on."""
    for name in (FILLED_KEY, OTHER_KEY):
        listed = extra.get(name, [])
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise UnreadableRow(f"has an `extra` whose `{name}` is not a list of keys")
    values = extra.get(VALUES_KEY, {})
    if not isinstance(values, dict) or not all(isinstance(one, list) for one in values.values()):
        raise UnreadableRow(f"has an `extra` whose `{VALUES_KEY}` are not lists")


def _particulars(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    rich, fact, paid, bot = (row.get(name) for name in ("rich", "fact_check", "paid", "via_bot"))
    if isinstance(rich, dict):
        if rich.get("text"):
            yield "rich_text", rich["text"]
        yield "rich", {name: rich[name] for name in ("blocks", "rtl", "part") if rich.get(name)}
    if row.get("edit_hidden"):
        yield "edit_hide", True
    if row.get("boosts") is not None:
        yield "from_boosts_applied", whole_number(row, "boosts")
    if row.get("effect") is not None:
        yield "effect", row["effect"]
    if isinstance(fact, dict):
        yield "factcheck", _fact(fact)
    if isinstance(paid, dict):
        yield from ((stored, paid[name]) for name, stored in _PAID.items() if paid.get(name))
    if isinstance(bot, dict) and (bot.get("name") or bot.get("username")):
        yield "via_bot", bot


def _fact(fact: Mapping[str, Any]) -> dict[str, Any]:
    said = {"text": fact.get("text"), "entities": fact.get("entities") or []}
    stored = {
        "need_check": fact.get("needs_check") or None,
        "country": fact.get("country"),
        "text": said if said["text"] is not None else None,
        "hash": fact.get("hash"),
    }
    return {name: value for name, value in stored.items() if value is not None}
