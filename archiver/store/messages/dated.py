"""The messages of one or many channels by date, channel and id, with a chunk in memory at a time.

The order comes from the index by dates alone: first the places of some thousand messages, then the messages there. So
many channels cost no more than one, whichever of them wrote when.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TypeAlias, TypeVar

import orjson

from archiver.ids import ChannelId
from archiver.model.row import StoredMedia, StoredMessage
from archiver.store.database import Connection, Reader, read
from archiver.store.messages.readable import Lose, Place, are_there, has_no_zeros, read_each
from archiver.store.messages.rows import MEDIA, MESSAGE, HeldMessage, attach

Held = TypeVar("Held", bound=list[HeldMessage])
Encode: TypeAlias = Callable[[Sequence[HeldMessage]], bytes]

CHUNK = 1024
"""Each costs two switches between threads."""
_LETTERS = 1 << 18
"""Characters of text of a chunk, after which the next one is smaller."""
_MOST = 16_384
"""Places that are looked up together; a chunk at first, for those who want only the beginning."""
_DAY = 86_400
_BEFORE_ALL, _AFTER_ALL = -(2**63), 2**63 - 1
_ORDER = "ORDER BY date, channel_id, message_id"


async def iter_dated(
    conn: Connection,
    channels: Sequence[ChannelId],
    *,
    since: int | None = None,
    until: int | None = None,
    chunk: int = CHUNK,
    lose: Lose | None = None,
) -> AsyncGenerator[list[HeldMessage], None]:
    """Yield the channels' messages dated within [since, until); only within `snapshot` are all of one state.

    `lose` is called with messages that are unreadable because the file is damaged; None: that is an error.
    """
    walk = _Walk(channels, since, until, chunk)
    async with aclosing(_iter_read(conn, walk, partial(read_each, read=list_at, lose=lose), chunk)) as chunks:
        async for held in chunks:
            yield held


async def iter_encoded(
    conn: Connection,
    channels: Sequence[ChannelId],
    encode: Encode,
    *,
    since: int | None = None,
    until: int | None = None,
    lose: Lose | None = None,
) -> AsyncGenerator[Encoded, None]:
    """Encode the messages in the thread that reads them, while they are in the processor's cache."""
    walk = _Walk(channels, since, until, CHUNK)
    async with aclosing(_iter_read(conn, walk, partial(_encode_at, encode=encode, lose=lose), CHUNK)) as chunks:
        async for one in chunks:
            yield one


class Encoded(list[HeldMessage]):
    """Messages with their encoded form."""

    data: bytes = b""


async def _iter_read(
    conn: Connection, walk: _Walk, read_places: Callable[[Reader, Sequence[Place]], Held], chunk: int
) -> AsyncGenerator[Held, None]:
    step = chunk
    while not walk.is_done:
        places = await read(conn, walk.list_next)
        while places:
            held = await read(conn, read_places, places[:step])
            places = places[step:]
            step = _next_step(step, held, chunk)
            yield held


def _encode_at(conn: Reader, places: Sequence[Place], *, encode: Encode, lose: Lose | None) -> Encoded:
    """Encode the messages at these places. Damage is looked for in the bytes of all, and only then in each message."""
    encoded = _encode_sound(conn, places, encode)
    if encoded is None:
        encoded = Encoded(read_each(conn, places, read=list_at, lose=lose))
        encoded.data = encode(encoded)
    return encoded


def _encode_sound(conn: Reader, places: Sequence[Place], encode: Encode) -> Encoded | None:
    """These messages encoded; None if any of them may be damaged."""
    try:
        encoded = Encoded(list_at(conn, places))
        encoded.data = encode(encoded)
    except Exception:  # noqa: BLE001 - damaged values may do anything; reading one by one shows which they are
        return None
    return encoded if are_there(places, encoded) and has_no_zeros(encoded.data) else None


def _next_step(step: int, held: Sequence[HeldMessage], most: int) -> int:
    """How many messages to read next: fewer where texts are long, so that a chunk takes some MB at most."""
    letters = sum([len(message.text) for message, _ in held])
    if letters > _LETTERS:
        return max(1, step // 2)
    return min(most, 2 * step) if 4 * letters < _LETTERS else step


class _Walk:
    """Looks up where the next messages are."""

    def __init__(self, channels: Sequence[ChannelId], since: int | None, until: int | None, first: int) -> None:
        self._channels = orjson.dumps(list(channels)).decode()
        self._only = channels[0] if len(channels) == 1 else None
        self._from = _BEFORE_ALL if since is None else since
        self._until = _AFTER_ALL if until is None else until
        self._after = (_BEFORE_ALL, _BEFORE_ALL, _BEFORE_ALL)
        self._limit = first
        self._width = _DAY
        """Of the next look, in seconds: what is in it is sorted."""
        self.is_done = not channels

    def list_next(self, conn: Reader) -> list[Place]:
        """Places of the next messages; there may be more even if the list is empty."""
        if self._only is not None:
            return self._look(conn, "channel_id = ?", self._only, self._until)
        listed = "channel_id IN (SELECT value FROM json_each(?))"
        if self._after[0] == _BEFORE_ALL and not self._bound(conn):
            return []
        end = min(self._from + self._width, self._until)
        return self._look(conn, listed, self._channels, end)

    def _bound(self, conn: Reader) -> bool:
        """Bring the bounds to the first and last date; whether there is any."""
        query = (
            "SELECT min((SELECT date FROM message WHERE channel_id = value AND date >= ?2 ORDER BY date LIMIT 1)),"
            " max((SELECT date FROM message WHERE channel_id = value AND date < ?3 ORDER BY date DESC LIMIT 1))"
            " FROM json_each(?1)"
        )
        first, last = conn.execute(query, (self._channels, self._from, self._until)).fetchone()
        self.is_done = first is None or last is None
        if not self.is_done:
            self._from, self._until = first, last + 1
            self._after = (first, _BEFORE_ALL, _BEFORE_ALL)
        return not self.is_done

    def _look(self, conn: Reader, listed: str, of: object, end: int) -> list[Place]:
        found = conn.execute(
            f"SELECT rowid, date, channel_id, message_id FROM message WHERE {listed} AND date >= ? AND date < ?"
            f" AND (date, channel_id, message_id) > (?, ?, ?) {_ORDER} LIMIT ?",
            (of, self._from, end, *self._after, self._limit),
        ).fetchall()
        if len(found) == self._limit:
            self._after = found[-1][1:]
            self._width = max(1, self._after[0] - self._from)
            self._from = self._after[0]
        else:
            self._from, self._after = end, (end, _BEFORE_ALL, _BEFORE_ALL)
            self._width *= 2 if 2 * len(found) > self._limit else 4
            self.is_done = end >= self._until
        self._limit = min(2 * self._limit, _MOST)
        return found


def find_places(conn: Reader, keys: Sequence[tuple[int, int]]) -> list[Place]:
    """The places of the messages with these channels and ids, in this order, without their dates."""
    found = {row[2:]: tuple(row) for row in conn.execute(_PLACES, (orjson.dumps(keys).decode(),))}
    return [found[key] for key in keys if key in found]


def list_at(conn: Reader, places: Sequence[Place]) -> list[HeldMessage]:
    """The messages at these places, in their order; fewer only if the file is damaged."""
    numbers = [place[0] for place in places]
    new = tuple.__new__  # a NamedTuple's own takes three times as long
    held = [new(StoredMessage, row) for row in conn.execute(_AT, (orjson.dumps(numbers).decode(),))]
    if len(held) != len(numbers):
        return []
    having = [number for number, message in zip(numbers, held, strict=True) if message.media_kind is not None]
    media: dict[tuple[int, int], list[StoredMedia]] = {}
    if having:
        for row in conn.execute(_MEDIA_AT, (orjson.dumps(having).decode(),)):
            media.setdefault(row[:2], []).append(new(StoredMedia, row[2:]))
    return attach(conn, [(one, media.get((one.channel_id, one.message_id), _NOTHING)) for one in held])


_NOTHING: list[StoredMedia] = []
_AT = f"SELECT {MESSAGE}, NULL FROM json_each(?) AS k CROSS JOIN message ON message.rowid = k.value"
_PLACES = (
    "SELECT m.rowid, 0, m.channel_id, m.message_id FROM json_each(?) AS k CROSS JOIN message AS m"
    " ON m.channel_id = k.value ->> 0 AND m.message_id = k.value ->> 1"
)
_MEDIA_AT = (
    f"SELECT x.channel_id, x.message_id, {', '.join(f'x.{name}' for name in MEDIA.split(', '))}, NULL"
    " FROM json_each(?) AS k CROSS JOIN message AS m ON m.rowid = k.value"
    " CROSS JOIN media AS x ON x.channel_id = m.channel_id AND x.message_id = m.message_id"
)
"""The outermost loop is over the list, whose order therefore stays."""
