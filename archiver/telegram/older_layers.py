"""Reads objects of an older TL layer as those of the pinned one, for servers that are not up to date.

Telegram answers in the layer that a client names; other servers answer in their own. `older.tl` lists the differences
in layer 201, in Telegram's notation (https://core.telegram.org/mtproto/TL). Fields keep their names through the layers,
so an object becomes the current class, with its newer fields left None.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from importlib.resources import files
from typing import Any
from zlib import crc32

from telethon.extensions import BinaryReader
from telethon.tl import types
from telethon.tl.alltlobjects import LAYER, tlobjects

from archiver.convert.quick_string import VECTOR

OLDER = 201
"""The layer of the table."""

_LINE = re.compile(r"(?P<name>[\w.]+)#(?P<number>[0-9a-f]+) (?P<fields>.*)= (?P<kind>[\w.]+);")
_DATE = re.compile(r"(\b|_)(date|until|since)(\b|_)")
_RENAMED = {"self": "is_self", "from": "from_"}

Read = Callable[[BinaryReader], Any]


@dataclass(frozen=True)
class _Field:
    """name:flags.N?type"""

    name: str
    type: str
    flags: str | None
    bit: int

    @classmethod
    def parse(cls, text: str) -> _Field:
        name, kind = text.split(":", 1)
        flags, _, inner = kind.rpartition("?")
        word, _, bit = flags.partition(".")
        if inner == "int" and (_DATE.search(name) or name in ("expires", "expires_at", "was_online")):
            inner = "date"
        return cls(_RENAMED.get(name, name), inner, word or None, int(bit or 0))


@dataclass(frozen=True)
class _Older:
    """Entry in Telethon's table for an older constructor."""

    name: str
    text: str
    SUBCLASS_OF_ID: int

    @cached_property
    def _fields(self) -> list[_Field]:
        return [_Field.parse(text) for text in self.text.split()]

    def from_reader(self, reader: BinaryReader) -> Any:
        values: dict[str, Any] = {}
        for one in self._fields:
            if one.type == "#":
                values[one.name] = reader.read_int(signed=False)
            elif one.flags is not None and not values[one.flags] >> one.bit & 1:
                values[one.name] = False if one.type == "true" else None
            else:
                values[one.name] = True if one.type == "true" else _read(reader, one.type)
        made = _button if self.name.startswith("keyboardButton") else _MADE.get(self.name, _make)
        return made(self.name, values)


def read_older_layers() -> None:
    """Make Telethon read them, too, without replacing its own constructors. Calling it twice is harmless."""
    for number, older in _table().items():
        tlobjects.setdefault(number, older)


def layer_of(raw: bytes) -> int:
    """The layer in which these bytes are to be read."""
    return OLDER if int.from_bytes(raw[:4], "little") in _table() else LAYER


def _read(reader: BinaryReader, kind: str) -> Any:
    if kind.startswith("Vector<"):
        if reader.read_int(signed=False) != VECTOR:
            raise ValueError("no vector")
        return [_read(reader, kind[7:-1]) for _ in range(reader.read_int())]
    return _BARE.get(kind, BinaryReader.tgread_object)(reader)


def _date(reader: BinaryReader) -> datetime | None:
    date: datetime | None = reader.tgread_date()
    return date


_BARE: dict[str, Read] = {
    "int": BinaryReader.read_int,
    "long": BinaryReader.read_long,
    "double": BinaryReader.read_double,
    "string": BinaryReader.tgread_string,
    "bytes": BinaryReader.tgread_bytes,
    "Bool": BinaryReader.tgread_bool,
    "date": _date,
}


def _class(name: str) -> Any:
    *spaces, last = name.split(".")
    place: Any = types
    for space in spaces:
        place = getattr(place, space)
    return getattr(place, last[0].upper() + last[1:], None)


def _make(name: str, values: dict[str, Any]) -> Any:
    """An object of the current class, with the fields that it still has."""
    made = _class(name)
    wanted = list(inspect.signature(made.__init__).parameters)[1:]
    return made(**{field: values.get(field, [] if field == "topics" else None) for field in wanted})


def _button(name: str, values: dict[str, Any]) -> Any:
    """A button, whose kind is now a separate object."""
    kind = name.removeprefix("keyboardButton") or "Default"
    made = _class(f"inlineButtonType{kind}") or _class(f"buttonType{kind}")
    wanted = set(inspect.signature(made.__init__).parameters) - {"self", "args", "kwargs"}
    return types.KeyboardButton(values["text"], made(**{field: values[field] for field in wanted if field in values}))


def _gift_months(name: str, values: dict[str, Any]) -> Any:
    return _make(name, values | {"days": 30 * values["months"]})


def _theme(name: str, values: dict[str, Any]) -> Any:
    return _make(name, values | {"theme": types.ChatTheme(values["emoticon"])})


def _rarity(name: str, values: dict[str, Any]) -> Any:
    return _make(name, values | {"rarity": types.StarGiftAttributeRarity(values["rarity_permille"])})


def _topics(name: str, values: dict[str, Any]) -> Any:
    newer = name.replace("updateChannelPinnedTopic", "updatePinnedForumTopic")
    return _make(newer, values | {"peer": types.PeerChannel(values["channel_id"])})


@cache
def _table() -> dict[int, _Older]:
    found = {}
    for line in files("archiver.telegram").joinpath("older.tl").read_text(encoding="ascii").splitlines():
        if match := _LINE.fullmatch(line):
            kind = crc32(match["kind"].encode("ascii"))
            found[int(match["number"], 16)] = _Older(match["name"], match["fields"], kind)
    return found


_MADE: dict[str, Callable[[str, dict[str, Any]], Any]] = {
    "messageActionGiftCode": _gift_months,
    "messageActionGiftPremium": _gift_months,
    "messageActionSetChatTheme": _theme,
    "starGiftAttributeBackdrop": _rarity,
    "starGiftAttributeModel": _rarity,
    "starGiftAttributePattern": _rarity,
    "updateChannelPinnedTopic": _topics,
    "updateChannelPinnedTopics": _topics,
}
