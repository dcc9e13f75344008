"""Rich text as Telegram Desktop exports it: nested objects. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from archiver.export.formats.desktop_names import TlObject, snake_name
from archiver.export.formats.local_clock import LocalClock

_NAMES: Final = {
    "TextUrl": "text_link",
    "TextAutoUrl": "link",
    "TextAutoEmail": "email",
    "TextAutoPhone": "phone",
    "TextStrike": "strikethrough",
    "TextFixed": "code",
}
_DATE_FLAGS: Final = ("relative", "short_time", "long_time", "short_date", "long_date", "day_of_week")


def rich_text(text: Any, clock: LocalClock) -> dict[str, Any]:
    """A text with its nested texts."""
    name = str(text.get("_", "")) if isinstance(text, Mapping) else ""
    if not isinstance(text, Mapping) or name in ("", "TextEmpty"):
        return {"type": "plain", "text": text} if isinstance(text, str) and text else {"type": "empty"}
    kind = _NAMES.get(name) or snake_name(name.removeprefix("Text"))
    if name == "TextConcat":
        return {"type": kind, "text": [rich_text(one, clock) for one in text.get("texts") or ()]}
    if name == "TextPlain":
        return {"type": kind, "text": text.get("text") or ""}
    if name == "TextButton":  # Desktop does not know it
        return rich_text(text.get("text"), clock)
    if name == "TextDate":
        said = {"type": "formatted_date", "text": rich_text(text.get("text"), clock)}
        return {
            **said,
            **times("date", text.get("date"), clock),
            **{flag: bool(text.get(flag)) for flag in _DATE_FLAGS},
        }
    if name == "TextMath":
        return {"type": kind, "source": text.get("source") or ""}
    if name == "TextCustomEmoji":
        return {"type": kind, "text": text.get("alt") or "", "document_id": str(text.get("document_id") or 0)}
    if name == "TextImage":
        size = {"width": text.get("w") or 0, "height": text.get("h") or 0}
        return {"type": "inline_image", "unsupported": True, "document_id": str(text.get("document_id") or 0), **size}
    if name == "TextDiff":
        both = {ours: rich_text(text.get(ours), clock) for ours in ("text", "old_text")}
        return {"type": kind, "unsupported": True, **both}
    return {"type": kind, **_target(text), "text": rich_text(text.get("text"), clock)}


def _target(text: TlObject) -> dict[str, Any]:
    """The target of a link."""
    found = {key: text[ours] for key, ours in (("href", "url"), ("email", "email"), ("phone", "phone")) if ours in text}
    ids = {key: str(text[key]) for key in ("webpage_id", "user_id") if text.get(key)}
    return {**found, **({"name": text["name"]} if "name" in text else {}), **ids}


def times(name: str, value: object, clock: LocalClock) -> dict[str, str]:
    """A date as local time and in unix seconds; Desktop writes 1970 if there is none."""
    text = str(value or "1970-01-01T00:00:00Z")
    try:
        unix = int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        return {name: text}
    time = clock.at(text)
    return {name: time.wall.isoformat(timespec="seconds") if time else text, f"{name}_unixtime": str(unix)}
