"""Objects of an older layer, read as those of the pinned one: a server that is behind is read all the same.

Telegram answers in the layer that a client names; other servers answer in their own. `older.tl` lists what differs in
layer 201, in Telegram's notation (https://core.telegram.org/mtproto/TL). A field keeps its name through the layers, so
what is read becomes the class of today, whose newer fields stay None.
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

OLDER = 201
"""The layer that the table is of."""

_LINE = re.compile(r"(?P<name>[\w.]+)#(?P<number>[0-9a-f]+) (?P<fields>.*)= (?P<kind>[\w.]+);")
_DATE = re.compile(r"(\b|_)(date|until|since)(\b|_)")
_RENAMED = {"self": "is_self", "from": "from_"}
_VECTOR = 0x1CB5C415

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
    """What stands in Telethon's table for an older constructor."""

    name: str
    text: str
    SUBCLASS_OF_ID: int

    @cached_property
    def _fields(self) -> list[_Field]:
        return [_Field.parse(text) for text in self.text.split()]

    def from_reader(self, reader: BinaryReader) -> Any:
        said: dict[str, Any] = {}
        for one in self._fields:
            if one.type == "#":
                said[one.name] = reader.read_int(signed=False)
            elif one.flags is not None and not said[one.flags] >> one.bit & 1:
                said[one.name] = False if one.type == "true" else None
            else:
                said[one.name] = True if one.type == "true" else _read(reader, one.type)
        made = _button if self.name.startswith("keyboardButton") else _MADE.get(self.name, _make)
        return made(self.name, said)


def read_older_layers() -> None:
    """Let Telethon read them, too; what it knows itself is left as it is. Calling twice is harmless."""
    for number, older in _table().items():
        tlobjects.setdefault(number, older)


def layer_of(raw: bytes) -> int:
    """The layer by which these bytes are to be read."""
    return OLDER if int.from_bytes(raw[:4], "little") in _table() else LAYER


def _read(reader: BinaryReader, kind: str) -> Any:
    if kind.startswith("Vector<"):
        if reader.read_int(signed=False) != _VECTOR:
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


def _make(name: str, said: dict[str, Any]) -> Any:
    """The class of today, with the fields that it still has."""
    made = _class(name)
    wanted = list(inspect.signature(made.__init__).parameters)[1:]
    return made(**{field: said.get(field, [] if field == "topics" else None) for field in wanted})


def _button(name: str, said: dict[str, Any]) -> Any:
    """A button's kind is an object of its own today."""
    kind = name.removeprefix("keyboardButton") or "Default"
    made = _class(f"inlineButtonType{kind}") or _class(f"buttonType{kind}")
    wanted = set(inspect.signature(made.__init__).parameters) - {"self", "args", "kwargs"}
    return types.KeyboardButton(said["text"], made(**{field: said[field] for field in wanted if field in said}))


def _gift_months(name: str, said: dict[str, Any]) -> Any:
    return _make(name, said | {"days": 30 * said["months"]})


def _theme(name: str, said: dict[str, Any]) -> Any:
    return _make(name, said | {"theme": types.ChatTheme(said["emoticon"])})


def _rarity(name: str, said: dict[str, Any]) -> Any:
    return _make(name, said | {"rarity": types.StarGiftAttributeRarity(said["rarity_permille"])})


def _topics(name: str, said: dict[str, Any]) -> Any:
    newer = name.replace("updateChannelPinnedTopic", "updatePinnedForumTopic")
    return _make(newer, said | {"peer": types.PeerChannel(said["channel_id"])})


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
