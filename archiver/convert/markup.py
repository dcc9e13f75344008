"""The buttons below a message, which often contain the only link. See https://core.telegram.org/api/bots/buttons."""

from __future__ import annotations

from typing import Any

from archiver.convert.canonical import snake_name, to_json
from archiver.convert.plain import plain, plain_fields


def convert_markup(markup: Any) -> str | None:
    """Rows of buttons; None for a markup that only controls the user's keyboard."""
    rows = getattr(markup, "rows", None)
    return to_json([[_button(button) for button in row.buttons] for row in rows]) if rows else None


def _button(button: Any) -> dict[str, object]:
    kind = button.type
    name = type(kind).__name__.removeprefix("Inline")
    converted = {"text": button.text, "type": snake_name(name, "ButtonType"), **plain_fields(kind)}
    if button.style is not None:
        converted["style"] = plain(button.style)
    return converted
