"""Write JSON as UTF-8 on one line, without raw characters that could harm a terminal.

orjson does not escape DEL, C1 controls, line separators and bidi controls. Escaping them changes nothing for programs
that read the JSON, and makes it safe to `cat`.
"""

from __future__ import annotations

import re

import orjson

# In UTF-8: U+007F, U+0080-9F, U+061C, U+200E/F, U+2028-202E, U+2066-2069. They only occur inside strings. Each has a
# byte for which `in` looks at the speed of memory; a pattern for all is twenty times as slow. Of U+061C it is the last
# byte: the first is in every second letter of an Arabic text.
_CONTROL = re.compile(rb"\xc2[\x80-\x9f]")
_LETTER_MARK = re.compile(rb"\xd8\x9c")
_MARK = re.compile(rb"\xe2(?:\x80[\x8e\x8f\xa8-\xae]|\x81[\xa6-\xa9])")


def dump(value: object, *, indent: bool = False) -> bytes:
    """Encode a value as one JSON document; lone surrogates, which UTF-8 cannot encode, become U+FFFD."""
    try:
        data = orjson.dumps(value, default=_plain, option=orjson.OPT_INDENT_2 if indent else None)
    except orjson.JSONEncodeError:
        data = orjson.dumps(_replace_surrogates(value), default=_plain, option=orjson.OPT_INDENT_2 if indent else None)
    return escape(data)


def escape(data: bytes) -> bytes:
    """Escape, in JSON, the characters that could harm a terminal."""
    if b"\x7f" in data:
        data = data.replace(b"\x7f", b"\\u007f")
    if b"\xc2" in data:
        data = _CONTROL.sub(_escape, data)
    if b"\x9c" in data:
        data = _LETTER_MARK.sub(_escape, data)
    if b"\xe2" in data:
        data = _MARK.sub(_escape, data)
    return data


def _escape(match: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(match.group().decode())


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError


def _replace_surrogates(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {_replace_surrogates(key): _replace_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replace_surrogates(item) for item in value]
    return value
