"""Clients of older layers: their requests are understood, and they are answered in the layer that they named.

https://core.telegram.org/api/invoking#layers. `older.tl` says what each layer has otherwise. An object that a layer
lacks is left out of vectors and optional fields; media become messageMediaUnsupported, actions messageActionEmpty.
"""

from __future__ import annotations

import copy
import inspect
import re
import struct
import zlib
from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import TLObject, functions, types
from telethon.tl.alltlobjects import LAYER
from telethon.tl.core import GzipPacked

from tests.doubles.telegram.post import Raw

OLDEST = 158
_LINE = re.compile(r"(?P<name>[\w.]+)(?:#(?P<number>[0-9a-f]{8}) (?P<fields>.*)= (?P<kind>[\w<>.]+);)?")
_VECTOR = 0x1CB5C415
_PYTHON = {"self": "is_self", "from": "from_"}


class Gone(Exception):
    """This layer has no such object."""


class Field(NamedTuple):
    """name:flags.N?type"""

    name: str
    type: str
    flags: str
    bit: int


class Line(NamedTuple):
    """A constructor or a method as a layer has it; number 0: it has none."""

    name: str
    number: int = 0
    fields: tuple[Field, ...] = ()
    is_method: bool = False


def _field(text: str) -> Field:
    name, kind = text.split(":", 1)
    flags, _, inner = kind.rpartition("?")
    word, _, bit = flags.partition(".")
    return Field(_PYTHON.get(name, name), inner, word, int(bit or 0))


@cache
def _lines() -> dict[str, list[tuple[int, Line]]]:
    """By name, the lowest layer first."""
    found: dict[str, list[tuple[int, Line]]] = {}
    layer, is_method = LAYER, False
    for text in Path(__file__).with_name("older.tl").read_text(encoding="ascii").splitlines():
        if text.startswith("// LAYER"):
            layer, is_method = int(text.split()[2]), False
        elif text.startswith("---"):
            is_method = True
        elif match := _LINE.fullmatch(text):
            fields = tuple(map(_field, (match["fields"] or "").split()))
            line = Line(match["name"], int(match["number"] or "0", 16), fields, is_method)
            found.setdefault(match["name"], []).insert(0, (layer, line))
    return found


@cache
def _numbers() -> dict[int, Line]:
    return {line.number: line for history in _lines().values() for _, line in history if line.number}


def _line(name: str, layer: int) -> Line | None:
    """How this layer has it; None when it does as today."""
    history = _lines().get(name, [])
    place = bisect_left(history, layer, key=lambda entry: entry[0])
    return history[place][1] if place < len(history) else None


# in


class OlderReader(BinaryReader):  # type: ignore[misc]  # Telethon is untyped
    """Reads what any of the layers says, as the classes of today."""

    def tgread_object(self) -> Any:
        number = self.read_int(signed=False)
        line = _numbers().get(number)
        if line is None:
            self.seek(-4)
            return super().tgread_object()
        said: dict[str, Any] = {}
        for one in line.fields:
            if one.type == "#":
                said[one.name] = self.read_int(signed=False)
            elif not one.flags or said[one.flags] >> one.bit & 1:
                said[one.name] = True if one.type == "true" else self._value(one.type)
            elif one.type == "true":
                said[one.name] = False
        return _today(line, said)

    def _value(self, kind: str) -> Any:
        if kind.startswith("Vector<"):
            assert self.read_int(signed=False) == _VECTOR
            return [self._value(kind[7:-1]) for _ in range(self.read_int())]
        bare: dict[str, Callable[[], Any]] = {
            "int": self.read_int,
            "long": self.read_long,
            "double": self.read_double,
            "string": self.tgread_string,
            "bytes": self.tgread_bytes,
            "Bool": self.tgread_bool,
        }
        return bare.get(kind, self.tgread_object)()


def read_request(body: bytes) -> Any:
    """What a client of any layer asks, packed or not: some pack with gzip's header, some with zlib's."""
    if int.from_bytes(body[:4], "little") == GzipPacked.CONSTRUCTOR_ID:
        body = zlib.decompress(BinaryReader(body[4:]).tgread_bytes(), wbits=47)
    try:
        return BinaryReader(body).tgread_object()
    except TypeNotFoundError:
        return OlderReader(body).tgread_object()


def _today(line: Line, said: dict[str, Any]) -> Any:
    *spaces, last = line.name.split(".")
    place: Any = functions if line.is_method else types
    for space in spaces:
        place = getattr(place, space)
    made = getattr(place, last[0].upper() + last[1:] + ("Request" if line.is_method else ""))
    wanted = list(inspect.signature(made.__init__).parameters)[1:]
    return made(**{name: said.get(name) for name in wanted})


# out


def in_layer(answer: bytes, layer: int) -> bytes:
    """An answer or push in the layer of its reader; as it is when it cannot be read, on purpose."""
    if layer >= LAYER:
        return answer
    try:
        parsed = BinaryReader(answer).tgread_object()
    except Exception:  # noqa: BLE001 - an object of a newer layer was put in
        return answer
    return _value(parsed, "Object", layer)


def _value(value: Any, kind: str, layer: int) -> bytes:
    if isinstance(value, list):
        inner = kind[7:-1] if kind.startswith("Vector<") else "Object"
        parts = [part for item in value if (part := _try(item, inner, layer)) is not None]
        return struct.pack("<Ii", _VECTOR, len(parts)) + b"".join(parts)
    if kind == "string" and isinstance(value, types.TextWithEntities):
        value = value.text
    if isinstance(value, TLObject):
        return _object(value, kind, layer)
    if kind in ("Object", "Bool") and isinstance(value, bool):
        return struct.pack("<I", 0x997275B5 if value else 0xBC799737)
    if kind == "true":
        return b""
    if isinstance(value, datetime):
        value = int(value.timestamp())
    if kind in _NUMBERS:
        return struct.pack(_NUMBERS[kind], value if kind == "double" else int(value))
    return bytes(TLObject.serialize_bytes(value or b""))


_NUMBERS = {"int": "<i", "long": "<q", "double": "<d"}


def _try(value: Any, kind: str, layer: int) -> bytes | None:
    try:
        return _value(value, kind, layer)
    except Gone:
        return None


def _object(value: Any, kind: str, layer: int) -> bytes:
    if isinstance(value, types.KeyboardInlineButtonRow):
        value = types.KeyboardButtonRow(value.buttons)
    name, fields = _recast(value)
    line = _line(name, layer)
    if line is None:
        return _as_today(value, layer)
    if not line.number:
        stand_in = _STAND_INS.get(type(value).SUBCLASS_OF_ID)
        if stand_in is None:
            raise Gone(name)
        return bytes(stand_in)
    values = {one: _try(fields[one.name], one.type, layer) for one in line.fields if _fits(fields.get(one.name), one)}
    words = {one.name: 0 for one in line.fields if one.type == "#"}
    for one, part in values.items():
        if one.flags and part is not None:
            words[one.flags] |= 1 << one.bit
    parts = [struct.pack("<I", line.number)]
    for one in line.fields:
        if one.type == "#":
            parts.append(struct.pack("<I", words[one.name]))
        elif one.type != "true" and (not one.flags or words[one.flags] >> one.bit & 1):
            part = values.get(one)
            parts.append(_nothing(one.type) if part is None else part)
    return b"".join(parts)


def _nothing(kind: str) -> bytes:
    """What a field holds that is required in this layer and has no value today."""
    if kind.startswith("Vector<"):
        return struct.pack("<Ii", _VECTOR, 0)
    if kind in _NUMBERS:
        return struct.pack(_NUMBERS[kind], 0)
    if kind in ("string", "bytes"):
        return bytes(4)
    raise Gone(kind)


def _fits(value: Any, one: Field) -> bool:
    if value is None or (value is False and one.type == "true"):
        return False
    return one.type not in _NUMBERS or isinstance(value, int | float | datetime)


def _as_today(value: Any, layer: int) -> bytes:
    """The object's own bytes, with those of what is inside it in the layer."""
    clone = copy.copy(value)
    for name, inner in vars(value).items():
        if isinstance(inner, TLObject):
            part = _try(inner, "Object", layer)
            setattr(clone, name, None if part is None else Raw(part))
        elif isinstance(inner, list) and inner and isinstance(inner[0], TLObject):
            parts = [_try(item, "Object", layer) for item in inner]
            setattr(clone, name, [Raw(part) for part in parts if part is not None])
    return bytes(clone._bytes())


def _recast(value: Any) -> tuple[str, dict[str, Any]]:
    """Name and fields; a button's kind was part of its name until layer 228."""
    fields = vars(value)
    if isinstance(value, types.KeyboardButton | types.KeyboardInlineButton):
        kind = re.sub(r"^(Inline)?ButtonType(Default)?", "", type(value.type).__name__)
        return f"keyboardButton{kind}", {**vars(value.type), **fields}
    module = type(value).__module__.removeprefix("telethon.tl.types").removeprefix("telethon.tl.patched").lstrip(".")
    name = type(value).__name__
    return (f"{module}." if module else "") + name[0].lower() + name[1:], fields


_STAND_INS = {
    types.MessageMediaEmpty.SUBCLASS_OF_ID: types.MessageMediaUnsupported(),
    types.MessageActionEmpty.SUBCLASS_OF_ID: types.MessageActionEmpty(),
}
