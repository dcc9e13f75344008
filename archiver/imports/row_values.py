"""Values of a row that anybody may have written: what cannot be in a row raises UnreadableRow. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import orjson

Shape: TypeAlias = "type | Mapping[str, Shape]"
"""The type of a field, or the shape of an object."""

_HIGHEST: Final = 2**63 - 1
_LOWEST: Final = -(2**63)


class UnreadableRow(Exception):
    """What is wrong with a row, as a phrase that follows its name."""


def whole_number(row: Mapping[str, Any], name: str, *, lowest: int = _LOWEST, highest: int = _HIGHEST) -> int:
    """An integer that SQLite can hold."""
    value = row.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise UnreadableRow(f"has no valid `{name}`")
    return value


def text(row: Mapping[str, Any], name: str) -> str:
    """A text without lone surrogates."""
    value = row.get(name)
    if not isinstance(value, str):
        raise UnreadableRow(f"has no text as `{name}`")
    return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def flag(row: Mapping[str, Any], name: str) -> bool:
    """True or false; false if it is missing."""
    value = row.get(name)
    if value is not None and not isinstance(value, bool):
        raise UnreadableRow(f"has a `{name}` that is neither true nor false")
    return bool(value)


def time(row: Mapping[str, Any], name: str) -> datetime:
    """A time with an offset or Z, in UTC."""
    value = row.get(name)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UnreadableRow(f"has no valid `{name}`")


def nested(row: Mapping[str, Any], name: str, kind: type[dict[Any, Any] | list[Any]]) -> str | None:
    """An object or a list as canonical JSON; None if it is missing, or an empty list."""
    value = row.get(name)
    if value is None or value == []:
        return None
    if not isinstance(value, kind):
        raise UnreadableRow(f"has a `{name}` of the wrong type")
    return to_text(value, name)


def to_text(value: object, name: str) -> str:
    """A value as canonical JSON."""
    try:
        return orjson.dumps(value).decode()
    except (orjson.JSONEncodeError, RecursionError):
        raise UnreadableRow(f"has a `{name}` that is nested too deeply, or not valid text") from None


def expect_shape(value: object, shape: Mapping[str, Shape], name: str) -> None:
    """Check the fields of an object that readers rely on; None means that there is no object, or no field."""
    if value is None:
        return
    if not isinstance(value, dict):
        raise UnreadableRow(f"has a `{name}` of the wrong type")
    for field, kind in shape.items():
        found = value.get(field)
        if not isinstance(kind, type):
            expect_shape(found, kind, name)
        elif found is not None and (not isinstance(found, kind) or isinstance(found, bool)):
            raise UnreadableRow(f"has a `{name}` whose `{field}` is of the wrong type")
        elif isinstance(found, int) and not _LOWEST <= found <= _HIGHEST:
            raise UnreadableRow(f"has a `{name}` whose `{field}` is out of range")


def expect_list(value: object, shape: Mapping[str, Shape], name: str) -> None:
    """Check a list of objects; None means that there is no list."""
    if value is not None and not isinstance(value, list):
        raise UnreadableRow(f"has a `{name}` that is not a list")
    for one in value or ():
        if not isinstance(one, dict):
            raise UnreadableRow(f"has a `{name}` that is not a list of objects")
        expect_shape(one, shape, name)
