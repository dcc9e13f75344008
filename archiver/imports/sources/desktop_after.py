"""Buttons and reactions of a message of Telegram Desktop's JSON, in the shapes that captured ones have. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

import orjson

from archiver.imports.sources.desktop_fields import count, words
from archiver.imports.sources.desktop_words import emoji_id

_KINDS: Final[Mapping[str, str]] = {
    "switch_inline_same": "switch_inline",
    "callback_with_password": "callback",
    "copy_text": "copy",
    "auth": "url_auth",
    "request_location": "request_geo_location",
}
_DATA: Final[Mapping[str, str]] = {
    "url": "url",
    "auth": "url",
    "web_view": "url",
    "simple_web_view": "url",
    "switch_inline": "query",
    "switch_inline_same": "query",
    "copy_text": "copy_text",
}
"""What `data` is, by the type of the button."""


def read_buttons(value: object) -> str | None:
    """Rows of buttons."""
    lines = value if isinstance(value, list) else []
    rows = [[_button(one) for one in line if isinstance(one, dict)] for line in lines if isinstance(line, list)]
    rows = [row for row in rows if row]
    return orjson.dumps(rows).decode() if rows else None


def _button(written: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(written.get("type") or "default")
    data = words(written.get("data"))
    button: dict[str, Any] = {"text": words(written.get("text")) or "", "type": _KINDS.get(kind, kind)}
    if kind in ("callback", "callback_with_password"):
        button["data"] = _callback(written.get("dataBase64"), data)
        return button | ({"requires_password": True} if kind.endswith("password") else {})
    if data is not None:
        button[_DATA.get(kind, "data")] = data
    if kind == "switch_inline_same":
        button["same_peer"] = True
    return button


def _callback(encoded: object, data: str | None) -> str:
    """The bytes as Base64: Desktop writes the variant for URLs, without padding; versions before wrote plain text."""
    if isinstance(encoded, str) and encoded:
        try:
            raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
            return base64.b64encode(raw).decode()
        except (binascii.Error, ValueError):
            return encoded
    return base64.b64encode((data or "").encode("utf-8", "replace")).decode()


def read_reactions(value: object) -> str | None:
    """The reactions, most frequent first."""
    found = [_reaction(one) for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    if len(found) > 1:
        found.sort(key=lambda one: (-one["count"], str(one["reaction"]), str(one.get("custom_emoji_id"))))
    return orjson.dumps(found).decode() if found else None


def _reaction(written: Mapping[str, Any]) -> dict[str, Any]:
    kind, number = written.get("type"), count(written.get("count")) or 0
    if kind == "custom_emoji":
        return {"reaction": None, "custom_emoji_id": emoji_id(written.get("document_id")), "count": number}
    if kind in ("paid", "empty"):
        return {"reaction": kind, "count": number}
    return {"reaction": words(written.get("emoji")), "count": number}
