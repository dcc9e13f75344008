"""Vectors of TL objects as bytes: each object with its own, as far as they can be read, and past what cannot.

TL says how many objects a vector has, never how long one is. An object of a newer layer therefore hides what stands
behind it; but from a wrong beginning there hardly ever come so many objects and vectors of the right kinds, so that the
right one can be found by trying.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import types
from telethon.tl.alltlobjects import tlobjects

from archiver.errors import ServerFault, UnreadableObject

_VECTOR = 0x1CB5C415
_BEHIND_UPDATES = (types.Channel.SUBCLASS_OF_ID, types.User.SUBCLASS_OF_ID)
_UPDATE = types.UpdateChannel.SUBCLASS_OF_ID
_UPDATES = frozenset(number for number, cls in tlobjects.items() if cls.SUBCLASS_OF_ID == _UPDATE)
_MOST_TRIED = 200
_FAR = 1 << 20
"""How many updates, and how many bytes, are tried at most: the server says how many there are, and may lie."""
BEHIND_MESSAGES = (_UPDATE, *_BEHIND_UPDATES)


@dataclass(slots=True)
class Objects:
    """A vector as far as it could be read: objects with their bytes, then what stopped it."""

    read: list[tuple[Any, bytes]] = field(default_factory=list)
    unreadable: UnreadableObject | None = None
    """The first object that could not be read; its `raw` runs to the end of the answer."""
    left: int = 0
    """How many objects there are from the unreadable one on."""


NAMELESS = (Objects(), Objects())
"""What is known of chats and users where their vectors could not be found."""


def read_vector(reader: BinaryReader) -> Objects:
    """The vector at the reader's place. Raises UnreadableObject where there is none."""
    if reader.read_int(signed=False) != _VECTOR:
        raise UnreadableObject(_VECTOR, reader.stream)
    return _read_some(reader, reader.read_int())


def _read_some(reader: BinaryReader, count: int) -> Objects:
    objects = Objects()
    for done in range(count):
        objects.left = count - done
        start = reader.tell_position()
        try:
            item = reader.tgread_object()
        except TypeNotFoundError as exc:
            objects.unreadable = UnreadableObject(exc.invalid_constructor_id, reader.stream[start:])
            return objects
        except ServerFault:
            raise
        except Exception:  # noqa: BLE001  # a known constructor with another layer's fields fails in any way
            constructor = int.from_bytes(reader.stream[start : start + 4], "little")
            objects.unreadable = UnreadableObject(constructor, reader.stream[start:])
            return objects
        objects.read.append((item, reader.stream[start : reader.tell_position()]))
    return objects


def read_past(body: bytes, updates: Objects) -> tuple[Objects, ...] | None:
    """Add the updates behind one that cannot be read, as many as can be found; the vectors behind them."""
    assert updates.unreadable is not None
    for left in range(min(updates.left - 1, _MOST_TRIED), 0, -1):
        found = find_rest(body, updates.unreadable, _BEHIND_UPDATES, before=left)
        if found:
            updates.read += found[0].read
            return found[1:]
    return find_rest(body, updates.unreadable, _BEHIND_UPDATES)


def find_rest(
    body: bytes, unreadable: UnreadableObject, kinds: tuple[int, ...], *, before: int = 0
) -> tuple[Objects, ...] | None:
    """The vectors behind an object that cannot be read, by what they are to hold; None where none fit.

    `before`: so many updates stand before them, and come first in the result. TL does not say how long an object is,
    and what is behind the last vector is padding. But from a wrong beginning there hardly ever come so many vectors of
    the right kinds, with a channel among the last but one.
    """
    start = len(body) - len(unreadable.raw) + 4
    for at in range(start, min(start + _FAR, len(body) - 3), 4):
        constructor = int.from_bytes(body[at : at + 4], "little")
        if constructor != _VECTOR if not before else constructor not in _UPDATES:
            continue
        if found := _try_at(body, at, kinds, before):
            return found
    return None


def _try_at(body: bytes, at: int, kinds: tuple[int, ...], before: int) -> tuple[Objects, ...] | None:
    reader = BinaryReader(body)
    reader.set_position(at)
    try:
        first = [_read_some(reader, before)] if before else []
        found = (*first, *(read_vector(reader) for _ in kinds))
    except Exception:  # noqa: BLE001  # a wrong beginning fails in any way
        return None
    fits = found[-2].read and all(map(_holds, found, (_UPDATE, *kinds) if before else kinds))
    return found if fits else None


def _holds(objects: Objects, kind: int) -> bool:
    return objects.unreadable is None and all(kind == item.SUBCLASS_OF_ID for item, _ in objects.read)


def lost(before: Objects) -> Objects:
    """A vector that could not be found behind an unreadable object."""
    return Objects(unreadable=before.unreadable)


def read_rest(reader: BinaryReader, before: Objects, vectors: int) -> list[list[Any]]:
    """The vectors behind the messages, as far as they can be read: they hold names only, so a loss is bearable."""
    rest: list[list[Any]] = [[] for _ in range(vectors)]
    if before.unreadable:
        return rest
    for index in range(vectors):
        try:
            objects = read_vector(reader)
        except Exception:  # noqa: BLE001  # see above: names only
            return rest
        rest[index] = [item for item, _ in objects.read]
        if objects.unreadable:
            return rest
    return rest
