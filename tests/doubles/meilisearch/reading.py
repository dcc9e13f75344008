"""Reading of JSON bodies and query parameters, with the messages of `deserr`, the library Meilisearch reads with.

A shape is a table of fields; what does not fit is refused with the code of the field, an unknown field with
`bad_request`. Only the first mistake is told, in the order of the body.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.doubles.meilisearch.errors import ApiError

Read = Callable[[Any, str, str], Any]  # value, place such as `.filter[0]`, code of the error

_KINDS = {
    "null": "null",
    "boolean": "a boolean",
    "integer": "a positive integer",
    "negative": "a negative integer",
    "float": "a number",
    "string": "a string",
    "array": "an array",
    "object": "an object",
}


def kind_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer" if value >= 0 else "negative"
        case float():
            return "float"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def described(value: Any) -> str:
    kind = kind_of(value)
    return "null" if kind == "null" else f"{_KINDS[kind]}: `{compact(value)}`"


def wrong_kind(value: Any, where: str, code: str, expected: str) -> ApiError:
    place = f" at `{where}`" if where else ""
    return ApiError(code, f"Invalid value type{place}: expected {expected}, but found {described(value)}")


def invalid(where: str, code: str, message: str) -> ApiError:
    place = f" at `{where}`" if where else ""
    return ApiError(code, f"Invalid value{place}: {message}")


def string(value: Any, where: str, code: str) -> str:
    if not isinstance(value, str):
        raise wrong_kind(value, where, code, "a string")
    return value


def boolean(value: Any, where: str, code: str) -> bool:
    if not isinstance(value, bool):
        raise wrong_kind(value, where, code, "a boolean")
    return value


def size(value: Any, where: str, code: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise wrong_kind(value, where, code, "a positive integer")
    return value


def small(value: Any, where: str, code: str) -> int:
    """A number that fits into a byte."""
    number = size(value, where, code)
    if number > 255:
        message = f"value: `{number}` is too large to be deserialized, maximum value authorized is `255`"
        raise invalid(where, code, message)
    return number


def number(value: Any, where: str, code: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong_kind(value, where, code, "a number")
    return float(value)


def anything(value: Any, _where: str, _code: str) -> Any:
    return value


def list_of(item: Read) -> Read:
    def read(value: Any, where: str, code: str) -> list[Any]:
        if not isinstance(value, list):
            raise wrong_kind(value, where, code, "an array")
        return [item(one, f"{where}[{place}]", code) for place, one in enumerate(value)]

    return read


def map_of(item: Read) -> Read:
    def read(value: Any, where: str, code: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong_kind(value, where, code, "an object")
        return {key: item(one, f"{where}.{key}", code) for key, one in value.items()}

    return read


def optional(item: Read) -> Read:
    def read(value: Any, where: str, code: str) -> Any:
        return None if value is None else item(value, where, code)

    return read


def one_of(*accepted: str) -> Read:
    def read(value: Any, where: str, code: str) -> str:
        text = string(value, where, code)
        if text not in accepted:
            place = f" at `{where}`" if where else ""
            raise ApiError(code, f"Unknown value `{text}`{place}: {listed(accepted)}")
        return text

    return read


def listed(accepted: tuple[str, ...] | list[str]) -> str:
    return "expected one of " + ", ".join(f"`{one}`" for one in accepted)


REQUIRED: Any = object()


@dataclass(frozen=True)
class Field:
    read: Read
    code: str = "bad_request"
    default: Any = None
    missing: str = "bad_request"  # the code when a required field is not there


def shape(fields: Mapping[str, Field], *, own_code: str = "bad_request") -> Read:
    """An object with these fields and no others; what is not given has its default."""

    def read(value: Any, where: str, code: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong_kind(value, where, own_code if where == "" else code, "an object")
        found: dict[str, Any] = {}
        for key, one in value.items():
            field = fields.get(key)
            if field is None:
                raise unknown_field(key, list(fields), where, own_code if where == "" else code)
            found[key] = field.read(one, f"{where}.{key}", field.code)
        for key, field in fields.items():
            if key in found:
                continue
            if field.default is REQUIRED:
                inside = f" inside `{where}`" if where else ""
                raise ApiError(field.missing, f"Missing field `{key}`{inside}")
            found[key] = field.default() if callable(field.default) else field.default
        return found

    return read


def unknown_field(key: str, accepted: list[str], where: str, code: str) -> ApiError:
    inside = f" inside `{where}`" if where else ""
    return ApiError(code, f"Unknown field `{key}`{inside}: {listed(accepted)}")
