"""The rarer keys of a row: why a post is blank, its buttons, a fact check, what was paid... Pure.

They are read from the columns of a message when it is shown, so an archive of an earlier version has them too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import orjson

PARTICULAR_KEYS: Final = (
    "restriction",
    "noforwards",
    "pinned",
    "silent",
    "edit_hidden",
    "via_bot",
    "markup",
    "fact_check",
    "effect",
    "boosts",
    "paid",
    "rich",
    "extra",
)
_PAID: Final = {
    "message_stars": "paid_message_stars",
    "suggested_post_stars": "paid_suggested_post_stars",
    "suggested_post_ton": "paid_suggested_post_ton",
}
APART: Final = frozenset(
    {"edit_hide", "via_bot", "factcheck", "effect", "from_boosts_applied", "rich", "rich_text", *_PAID.values()}
)
"""What of the stored `extra` has a key of its own."""
_SHORT: Final = 200
"""Maximum length of an `extra` whose parsed form is cached: most messages have the same few flags."""
_NONE: Final[Mapping[str, Any]] = MappingProxyType(
    {"edit_hidden": False} | dict.fromkeys(("via_bot", "fact_check", "effect", "boosts", "paid", "rich", "extra"))
)


def read_extra(extra: str | None) -> Mapping[str, Any]:
    """The keys of a row that come from `extra`; nested values as JSON text. A stub's are in its action."""
    if extra is None:
        return _NONE
    return _read_short(extra) if len(extra) <= _SHORT else _read(extra)


def name_bot(via_bot: str | None, bot_id: int | None) -> str | None:
    """The bot that made the post, as JSON {type, id, name, username}; the names are known of newer archives only.

    Exports of other programs know its name, but not its id.
    """
    if bot_id is None:
        return via_bot
    return via_bot or _json({"type": "user", "id": bot_id, "name": None, "username": None})


def _read(extra: str) -> Mapping[str, Any]:
    fields: dict[str, Any] = orjson.loads(extra)
    rest = {name: value for name, value in fields.items() if name not in APART}
    effect = fields.get("effect")
    return {
        "edit_hidden": bool(fields.get("edit_hide")),
        "via_bot": _json(fields.get("via_bot")),
        "fact_check": _json(_fact(fields.get("factcheck"))),
        "effect": None if effect is None else str(effect),
        "boosts": fields.get("from_boosts_applied"),
        "paid": _json(_paid(fields)),
        "rich": _json(_rich(fields)),
        "extra": _json(rest or None),
    }


_read_short = lru_cache(maxsize=4096)(_read)


def _fact(fact: Any) -> dict[str, Any] | None:
    """A fact check: what it says is fetched by a request of its own, so often only its hash is known."""
    if not isinstance(fact, dict):
        return None
    said = fact.get("text") or {}
    return {
        "text": said.get("text"),
        "entities": said.get("entities", []),
        "country": fact.get("country"),
        "needs_check": bool(fact.get("need_check")),
        "hash": fact.get("hash"),
    }


def _paid(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    stars, *suggested = (fields.get(stored) for stored in _PAID.values())
    if stars is None and not any(suggested):
        return None
    return dict(zip(_PAID, (stars, *map(bool, suggested)), strict=True))


def _rich(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    rich = fields.get("rich")
    if not isinstance(rich, dict):
        return None
    text, blocks = fields.get("rich_text", ""), rich.get("blocks", [])
    return {"text": text, "blocks": blocks, "rtl": bool(rich.get("rtl")), "part": bool(rich.get("part"))}


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def find_posted_day(extra: str | None) -> date | None:
    """The day of a message whose time the export does not show, in the exporter's time zone, where it is known."""
    if extra is None or '"day_only"' not in extra:
        return None
    try:
        return date.fromisoformat(orjson.loads(extra)["day_only"])
    except (TypeError, ValueError, KeyError):
        return None
