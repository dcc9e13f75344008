"""Reads one JSON value as other programs really write it. Pure.

Telegram Desktop writes control characters as `\\xNN`, which is not JSON, and older versions wrote the `document_id` of
a custom emoji without quotes (https://github.com/telegramdesktop/tdesktop/issues/24984). After `\\u2028` it leaves two
bytes of that sign, which are no text. Well-formed values, which are nearly all, cost nothing more.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import orjson

_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_UNQUOTED = re.compile(
    rb'(?<=[,{\s])("document_id"[ \t]*+:[ \t]*+)(?!["\[{\-0-9]|true\b|false\b|null\b)'
    rb'((?:[^\n"},]++|,(?![ \t\r]*+["\n]))*+)(,[ \t\r]*+["\n]|\n|\})'
)


class Mended(NamedTuple):
    """A value, and what had to be mended."""

    value: Any
    replaced: bool = False
    """Whether bytes that are not UTF-8, or zero, were replaced by U+FFFD: those of a damaged file."""


class UnreadableJson(ValueError):
    """Not JSON, and nothing known to mend."""


def read_json(data: bytes) -> Mended:
    """Read one value. Raises UnreadableJson."""
    try:
        return Mended(orjson.loads(data))
    except orjson.JSONDecodeError:
        pass
    data = data.replace(b"\\u2028\x80\xa8", b"\\u2028").replace(b"\\u2029\x80\xa9", b"\\u2029")
    data = (
        _UNQUOTED.sub(_quoted, _ESCAPE.sub(_escape, data)) if b'"document_id"' in data else _ESCAPE.sub(_escape, data)
    )
    text = data.decode("utf-8", "replace")
    replaced = "\0" in text or text.count("\ufffd") > data.count(b"\xef\xbf\xbd")
    text = text.replace("\0", "\ufffd")
    try:
        value = _scrubbed(json.loads(text, strict=False, parse_constant=lambda _: None))  # NaN and Infinity
    except RecursionError as exc:
        raise UnreadableJson("it is nested too deeply") from exc
    except ValueError as exc:
        raise UnreadableJson("it is not valid JSON") from exc
    return Mended(value, replaced)


def dump_trimmed(value: Any) -> bytes:
    """Compact JSON in no more memory than it needs: what `orjson` returns takes several times as much."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)[:-1]


def to_canonical(value: Any) -> bytes:
    """A value that `read_json` gave as compact JSON, keys in the order of the file. Raises RecursionError."""
    try:
        return dump_trimmed(value)
    except orjson.JSONEncodeError:  # an integer of more than 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _escape(found: re.Match[bytes]) -> bytes:
    sign = found[1]
    return b"\\u00" + sign[1:] if len(sign) == 3 else found[0]


def _quoted(found: re.Match[bytes]) -> bytes:
    return found[1] + orjson.dumps(found[2].rstrip(b" \t\r").decode("utf-8", "replace")) + found[3]


def _scrubbed(value: Any) -> Any:
    """The value with lone surrogates, which no file can hold, replaced by U+FFFD."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {_scrubbed(key): _scrubbed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    return value
