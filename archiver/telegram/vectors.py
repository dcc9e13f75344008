"""Vectors of TL objects, each with its bytes, read as far as possible and past unreadable objects.

TL gives the number of objects in a vector, never their length. An object of a newer layer therefore hides what follows
it. But a wrong offset hardly ever yields that many objects and vectors of the right types, so the right offset can be
found by trial.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import types
from telethon.tl.alltlobjects import tlobjects

from archiver.convert.quick_draft import draft_post
from archiver.convert.quick_reader import QuickReader
from archiver.convert.quick_string import VECTOR
from archiver.errors import ServerFault, UnreadableObject

_AFTER_UPDATES = (types.Channel.SUBCLASS_OF_ID, types.User.SUBCLASS_OF_ID)
_UPDATE = types.UpdateChannel.SUBCLASS_OF_ID
_UPDATES = frozenset(number for number, cls in tlobjects.items() if cls.SUBCLASS_OF_ID == _UPDATE)
_MAX_UPDATES = 200
_MAX_BYTES = 1 << 20
"""Maximum number of updates and bytes to try: the count comes from the server and may be wrong."""
AFTER_MESSAGES = (_UPDATE, *_AFTER_UPDATES)


@dataclass(slots=True)
class Objects:
    """A vector as far as it could be read: objects with their bytes, then the unreadable one."""

    read: list[tuple[Any, bytes]] = field(default_factory=list)
    unreadable: UnreadableObject | None = None
    """The first object that could not be read; its `raw` runs to the end of the answer."""
    left: int = 0
    """Number of objects from the unreadable one on."""


NAMELESS = (Objects(), Objects())
"""Chats and users if their vectors could not be found."""


def read_vector(reader: BinaryReader, *, drafts: bool = False) -> Objects:
    """Read the vector at the reader's position. Raises UnreadableObject if there is none.

    `drafts`: usual posts become a `PostDraft` instead of Telethon's object.
    """
    if reader.read_int(signed=False) != VECTOR:
        raise UnreadableObject(VECTOR, reader.stream)
    return _read_some(reader, reader.read_int(), drafts=drafts)


def _read_some(reader: BinaryReader, count: int, *, drafts: bool = False) -> Objects:
    objects = Objects()
    for done in range(count):
        objects.left = count - done
        start = reader.tell_position()
        if drafts and (draft := draft_post(reader.stream, start)) is not None:
            reader.set_position(draft.end)
            objects.read.append((draft, reader.stream[start : draft.end]))
            continue
        try:
            item = reader.tgread_object()
        except TypeNotFoundError as exc:
            objects.unreadable = UnreadableObject(exc.invalid_constructor_id, reader.stream[start:])
            return objects
        except ServerFault:
            raise
        except Exception:  # noqa: BLE001  # a known constructor with another layer's fields may fail in any way
            constructor = int.from_bytes(reader.stream[start : start + 4], "little")
            objects.unreadable = UnreadableObject(constructor, reader.stream[start:])
            return objects
        objects.read.append((item, reader.stream[start : reader.tell_position()]))
    return objects


def read_past(body: bytes, updates: Objects) -> tuple[Objects, ...] | None:
    """Append the updates that can be found after an unreadable one to `updates`; return the vectors after them."""
    assert updates.unreadable is not None
    for left in range(min(updates.left - 1, _MAX_UPDATES), 0, -1):
        found = find_rest(body, updates.unreadable, _AFTER_UPDATES, before=left)
        if found:
            updates.read += found[0].read
            return found[1:]
    return find_rest(body, updates.unreadable, _AFTER_UPDATES)


def find_rest(
    body: bytes, unreadable: UnreadableObject, kinds: tuple[int, ...], *, before: int = 0
) -> tuple[Objects, ...] | None:
    """The vectors of these kinds after an unreadable object; None if no offset fits.

    `before`: number of updates in front of them, which come first in the result. The bytes after the last vector are
    padding. A wrong offset hardly ever yields that many vectors of the right kinds, with a channel in the last but one.
    """
    start = len(body) - len(unreadable.raw) + 4
    for at in range(start, min(start + _MAX_BYTES, len(body) - 3), 4):
        constructor = int.from_bytes(body[at : at + 4], "little")
        if constructor != VECTOR if not before else constructor not in _UPDATES:
            continue
        if found := _try_at(body, at, kinds, before):
            return found
    return None


def _try_at(body: bytes, at: int, kinds: tuple[int, ...], before: int) -> tuple[Objects, ...] | None:
    reader = QuickReader(body, at)
    try:
        first = [_read_some(reader, before)] if before else []
        found = (*first, *(read_vector(reader) for _ in kinds))
    except Exception:  # noqa: BLE001  # a wrong offset may fail in any way
        return None
    fits = found[-2].read and all(map(_holds, found, (_UPDATE, *kinds) if before else kinds))
    return found if fits else None


def _holds(objects: Objects, kind: int) -> bool:
    return objects.unreadable is None and all(kind == item.SUBCLASS_OF_ID for item, _ in objects.read)


def lost(before: Objects) -> Objects:
    """A vector that could not be found after an unreadable object."""
    return Objects(unreadable=before.unreadable)


def read_rest(reader: BinaryReader, before: Objects, vectors: int) -> list[list[Any]]:
    """The vectors after the messages, as far as they can be read: they only contain names, so a loss is acceptable."""
    rest: list[list[Any]] = [[] for _ in range(vectors)]
    if before.unreadable:
        return rest
    for index in range(vectors):
        try:
            objects = read_vector(reader)
        except Exception:  # noqa: BLE001  # only names are lost
            return rest
        rest[index] = [item for item, _ in objects.read]
        if objects.unreadable:
            return rest
    return rest
