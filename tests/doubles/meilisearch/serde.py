"""What serde_json says of JSON that cannot be read: the usual mistakes, with line and column."""

from __future__ import annotations

import json
import re
from typing import Any

_BLANK = re.compile(r"[ \t\n\r]*")
_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(-?(?:NaN|Infinity))')
_MESSAGES = {
    "Expecting value": "expected value",
    "Expecting property name enclosed in double quotes": "key must be a string",
    "Expecting ':' delimiter": "expected `:`",
    "Extra data": "trailing characters",
    "Invalid control character at": "control character (\\u0000-\\u001F) found while parsing a string",
    "Invalid \\escape": "invalid escape",
    "Invalid \\uXXXX escape": "invalid escape",
    "Illegal trailing comma before end of object": "trailing comma",
    "Illegal trailing comma before end of array": "trailing comma",
}


class _Constant(ValueError):
    """NaN or Infinity, which are no JSON."""


def _refuse(name: str) -> Any:
    raise _Constant(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def read_one(text: str, at: int) -> tuple[Any, int]:
    """A value from a place on, and the place after it and the white space that follows. Raises JSONDecodeError."""
    if text.startswith("\ufeff"):
        raise json.JSONDecodeError("Expecting value", text.replace("\ufeff", "?", 1), 0)
    try:
        value, end = _DECODER.raw_decode(text, at)
    except _Constant:
        place = next((match.start(1) for match in _CONSTANT.finditer(text, at) if match[1]), at)
        raise json.JSONDecodeError("Expecting value", text, place) from None
    return value, after_blank(text, end)


def after_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    assert match is not None
    return match.end()


def message_of(exc: json.JSONDecodeError, *, by_reader: bool = True) -> str:
    """The message. `by_reader`: the whole body is read at once, not value by value (NDJSON)."""
    text, place = exc.doc, exc.pos
    unterminated = exc.msg.startswith("Unterminated string")
    if unterminated or place >= len(text.rstrip(" \t\n\r")):
        what = "a string" if unterminated else _open_container(text)
        return f"EOF while parsing {what}{located(text, len(text))}"
    if exc.msg.startswith("Invalid control character"):
        control = "control character (\\u0000-\\u001F) found while parsing a string"
        return control + located(text, place + 1 if by_reader else place)
    before = text[:place].rstrip(" \t\n\r")[-1:]
    if text[place] in "}]" and before == "," and by_reader:
        return f"trailing comma{located(text, place + 1)}"
    if before == "0" and text[place].isdigit():
        return f"invalid number{located(text, place + 1)}"
    if exc.msg.startswith("Expecting ',' delimiter"):
        closing = "`]`" if _open_container(text[:place]) == "a list" else "`}`"
        return f"expected `,` or {closing}{located(text, place + 1)}"
    if exc.msg.startswith("Invalid \\"):
        place += 1
    found = next((serde for python, serde in _MESSAGES.items() if exc.msg.startswith(python)), exc.msg)
    return f"{found}{located(text, place + 1)}"


def located(text: str, place: int) -> str:
    """`place` characters have been read."""
    line = text.count("\n", 0, place)
    column = len(text[text.rfind("\n", 0, place) + 1 : place].encode())
    return f" at line {line + 1} column {column}"


def _open_container(text: str) -> str:
    """What is not closed at the end of the text."""
    stack: list[str] = []
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        if match[0] in "[{":
            stack.append(match[0])
        elif match[0] in "]}" and stack:
            stack.pop()
    rest = text.rstrip(" \t\n\r")[-1:]
    if not stack or rest == ":":
        return "a value"
    if stack[-1] == "{":
        return "an object"
    return "a value" if rest == "," else "a list"


def unexpected(value: Any, expected: str) -> str:
    """`invalid type`, as serde says it of a value that is fine JSON."""
    text = json.dumps(value, ensure_ascii=False)
    match value:
        case None:
            kind, column = "null", 4
        case bool():
            kind, column = f"boolean `{text}`", len(text)
        case int():
            kind, column = f"integer `{text}`", len(text)
        case float():
            kind, column = f"floating point `{text}`", len(text)
        case str():
            kind, column = f"string {text}", len(text.encode())
        case list():
            kind, column = "sequence", 0
        case _:
            kind, column = "map", 0
    return f"invalid type: {kind}, expected a {expected} at line 1 column {column}"
