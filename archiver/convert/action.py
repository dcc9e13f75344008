"""Service messages: the action as {type, ...} with every field. See https://core.telegram.org/type/MessageAction."""

from __future__ import annotations

from typing import Any

from archiver.convert.canonical import snake_name, to_json
from archiver.convert.files import add_photo
from archiver.convert.plain import plain_fields
from archiver.convert.slots import Slots


def action_name(action: Any) -> str:
    """The action's name, such as `pin_message` or `chat_edit_photo`."""
    return snake_name(type(action).__name__, "MessageAction")


def convert_action(action: Any) -> str:
    """The action as JSON."""
    return to_json({"type": action_name(action), **plain_fields(action)})


def add_action_photo(action: Any, slots: Slots) -> None:
    """Add the photo that the action set, as the message's own media."""
    photo = getattr(action, "photo", None)
    if photo is not None:
        add_photo(photo, slots, None)
