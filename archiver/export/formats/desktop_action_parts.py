"""Shared parts of the writers of Telegram Desktop's actions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from archiver.export.formats.desktop_names import TlObject
from archiver.export.formats.desktop_text import text_entities, text_value

NANO: Final = 1_000_000_000
_DIGITS: Final = 19
"""Maximum digits of a 64-bit number in JSON."""


class About(NamedTuple):
    """What an action refers to outside itself."""

    sender: TlObject
    replied: Mapping[str, Any]
    """The keys for the message that it is about, with Desktop's names."""
    schedule_date: int | None


Fields: TypeAlias = Callable[[TlObject, About], dict[str, Any]]


def write_peer(peer: Any) -> str | None:
    """`channel123`."""
    return f"{peer.get('type')}{peer.get('id')}" if isinstance(peer, Mapping) and "id" in peer else None


def copied(**names: str) -> Fields:
    """Fields that only need renaming, if they have a value."""
    return lambda action, _: {key: action[ours] for key, ours in names.items() if action.get(ours) not in (None, "", 0)}


def name_of(user_id: object, about: About) -> str | None:
    """The name of a person; known only for the sender."""
    return about.sender.get("name") or None if user_id is not None and about.sender.get("id") == user_id else None


def as_number(value: object) -> object:
    """An id as a number: rows store long ids as text."""
    is_number = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _DIGITS
    return int(str(value)) if is_number else value


def present(**values: Any) -> dict[str, Any]:
    """The arguments that have a value."""
    return {key: value for key, value in values.items() if value not in (None, "")}


def styled(said: Any) -> Any:
    """A text with its entities."""
    if not isinstance(said, Mapping):
        return said or ""
    entities = said.get("entities")
    return text_value(text_entities(str(said.get("text") or ""), entities if isinstance(entities, list) else None))


def flags(**names: str) -> Fields:
    """Boolean fields."""
    return lambda action, _: {key: bool(action.get(ours, action.get(key))) for key, ours in names.items()}
