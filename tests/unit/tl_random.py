"""Random TL objects from Telethon's own constructors: every field is of the type that its signature names.

Fields that share a flag are all set or all left out, as TL demands; what comes out has been through bytes.
"""

from __future__ import annotations

import re
import typing
from datetime import UTC, datetime
from functools import cache
from inspect import getsource
from random import Random
from types import UnionType
from typing import Any

from telethon.extensions import BinaryReader
from telethon.tl import types
from telethon.tl.tlobject import TLObject

# Telethon names these for type checkers only.
_NAMES = {
    **vars(types),
    "TypeEmojiGameInfo": types.messages.EmojiGameUnavailable,
    "TypeEmojiGameOutcome": types.messages.EmojiGameOutcome,
    "TypeSentCode": types.auth.SentCode,
    "TypeSentCodeType": types.auth.SentCodeTypeApp,
    "TypeCodeType": types.auth.CodeTypeSms,
}
_INTS = {"i": (-(2**31), 2**31 - 1), "I": (0, 2**31 - 1), "q": (-(2**63), 2**63 - 1)}
_TEXTS = ("", "a", "слово", "😀 emoji", "line\nline", "nul\x00inside", "https://example.com/a?b=c", "x" * 300)


def constructors(prefix: str) -> list[type]:
    """Every class of Telethon's types with this prefix."""
    return [
        value
        for name, value in sorted(vars(types).items())
        if name.startswith(prefix) and isinstance(value, type) and issubclass(value, TLObject)
    ]


def through_bytes(obj: Any) -> tuple[Any, bytes]:
    """The object as a client would read it, and the bytes it was read from."""
    raw = bytes(obj)
    return BinaryReader(raw).tgread_object(), raw


def build(cls: Any, random: Random, depth: int = 0, **given: Any) -> Any:
    """A random object of the class; `given` fields are taken as they are."""
    hints, required, widths, groups = _shape(cls)
    fields: dict[str, Any] = {}
    chance = 0.6 if depth < 3 else 0.1
    absent = {name for name in hints if name not in required and random.random() > chance}
    for group in groups:
        if group & absent:
            absent |= group
    for name, hint in hints.items():
        if name in given:
            fields[name] = given[name]
        elif name not in absent:
            fields[name] = _value(hint, widths.get(name, "i"), random, depth + 1)
    return cls(**fields)


def _value(hint: Any, width: str, random: Random, depth: int) -> Any:
    origin = typing.get_origin(hint)
    if origin is list:
        (item,) = typing.get_args(hint)
        return [_value(item, width, random, depth) for _ in range(random.randint(0, 3 if depth < 5 else 0))]
    if origin in (typing.Union, UnionType):
        choices = [choice for choice in typing.get_args(hint) if choice is not type(None)]
        # An Input form beside others is what clients send; a server never does.
        choices = [choice for choice in choices if not choice.__name__.startswith("Input")] or choices
        if len(choices) == 1:
            return _value(choices[0], width, random, depth)
        return build(_choose(choices, random, depth), random, depth)
    if hint in _SCALARS:
        return _SCALARS[hint](random, width)
    if isinstance(hint, type) and issubclass(hint, TLObject):
        return build(hint, random, depth)
    raise TypeError(f"no value for {hint!r}")


def _choose(choices: list[Any], random: Random, depth: int) -> Any:
    if depth < 4:
        return random.choice(choices)
    return random.choice(sorted(choices, key=_weight)[:3])


@cache
def _weight(cls: Any) -> int:
    hints, required, _, _ = _shape(cls)
    return sum(1 if hints[name] in _SCALARS else 10 for name in required)


@cache
def _shape(cls: Any) -> tuple[dict[str, Any], frozenset[str], dict[str, str], list[frozenset[str]]]:
    """Types of the fields, which are required, widths of the integers, and which share a flag."""
    if "__code__" not in dir(cls.__init__):
        return {}, frozenset(), {}, []
    source = getsource(cls._bytes)
    code = cls.__init__.__code__
    names = code.co_varnames[1 : code.co_argcount]
    hints = typing.get_type_hints(cls.__init__, _NAMES, {"types": types})
    required = names[: len(names) - len(cls.__init__.__defaults__ or ())]
    if cls is types.Message:
        service_only = {"action", "reactions_are_possible"}
        names, required = tuple(n for n in names if n not in service_only), ("id", "peer_id", "date", "message")
    elif cls is types.MessageService:
        names = tuple(n for n in names if f"self.{n}" in source)
        required = ("id", "peer_id", "date", "action")
    widths = {name: width for width, name in re.findall(r"pack\('<(\w)', self\.(\w+)\)", source)}
    widths |= dict(re.findall(r"len\(self\.(\w+)\)\),b''\.join\(struct\.pack\('<(\w)', x\)", source))
    groups = [frozenset(found.split(", ")) for found in re.findall(r"'([\w, ]+) parameters must all be", source)]
    return {name: _plain_hint(hints[name]) for name in names}, frozenset(required), widths, groups


def _plain_hint(hint: Any) -> Any:
    """`Optional[X]` as X."""
    if typing.get_origin(hint) in (typing.Union, UnionType):
        inner = [choice for choice in typing.get_args(hint) if choice is not type(None)]
        if len(inner) == 1:
            return inner[0]
    return hint


_SCALARS: dict[Any, Any] = {
    int: lambda random, width: random.choice((0, 1, 7, random.randint(*_INTS.get(width, _INTS["i"])))),
    str: lambda random, _: random.choice(_TEXTS),
    bytes: lambda random, _: random.randbytes(random.randint(0, 20)),
    bool: lambda random, _: random.random() < 0.5,
    float: lambda random, _: random.uniform(-180, 180),
    datetime: lambda random, _: datetime.fromtimestamp(random.randint(0, 2**31 - 1), UTC),
}
