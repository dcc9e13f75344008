"""Another archive's channels: their rows, descriptions and states, checked before anything is used."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.model.descriptions import DescribedAt
from archiver.store.merging.foreign import ForeignArchive
from archiver.store.merging.foreign_values import (
    Check,
    Checks,
    checks_of,
    is_count,
    is_flag,
    is_id,
    is_list,
    is_text,
    is_time,
    or_null,
)


class ForeignChannel(NamedTuple):
    """A channel's row in another archive, without what belongs to its accounts. Times are unix seconds."""

    channel_id: ChannelId
    username: str | None
    title: str
    usernames: str
    about: str | None
    megagroup: int
    participants: int | None
    created: int | None
    noforwards: int
    restriction: str | None
    flags: str
    added_at: int
    window_start: int | None
    generation: int
    pts: int | None
    top_id: int
    floor_id: int | None
    server_count: int | None
    server_count_at: int | None
    server_count_pts: int | None
    last_sync_at: int | None
    described_at: int | None
    imported_only: int | None

    @property
    def is_seen(self) -> bool:
        """Whether it, or one that it took over, saw the channel on Telegram; an export may say anything."""
        return not self.imported_only or self.pts is not None

    @property
    def name(self) -> str:
        """As people call it."""
        return self.username or str(self.channel_id)


def list_foreign_channels(archive: ForeignArchive) -> list[ForeignChannel]:
    """Its channels, by id. Raises WrongValueError."""
    columns = archive.select("channel", ForeignChannel._fields)
    found = []
    for row in archive.conn.execute(f"SELECT {columns} FROM channel ORDER BY channel_id"):
        _CHANNEL.expect(row)
        found.append(ForeignChannel._make(row))
    return found


def list_foreign_descriptions(archive: ForeignArchive, channel_id: ChannelId) -> list[DescribedAt]:
    """The descriptions of a channel, by time; those with impossible values are left out."""
    columns = archive.select("channel_revision", DescribedAt._fields)
    query = f"SELECT {columns} FROM channel_revision WHERE channel_id = ? ORDER BY revision LIMIT 100000"
    return [DescribedAt._make(row) for row in archive.conn.execute(query, (channel_id,)) if _DESCRIBED.accept(row)]


def list_foreign_states(archive: ForeignArchive, channel_id: ChannelId) -> list[tuple[int, str, str | None]]:
    """When and how the channel's state changed, in order."""
    if not archive.has("channel_state"):
        return []
    query = "SELECT at, state, reason FROM channel_state WHERE channel_id = ? ORDER BY rowid LIMIT 100000"
    return [row for row in archive.conn.execute(query, (channel_id,)) if _STATE.accept(row)]


def _is_names(value: Any) -> bool:
    try:
        found = orjson.loads(value) if type(value) is str else None
    except orjson.JSONDecodeError:
        return False
    return type(found) is list and all(type(one) is str for one in found)


def _is_date(value: Any) -> bool:
    """Whether it is unix seconds within some millennia, also before 1970."""
    return type(value) is int and abs(value) < 10**11


_time, _count, _text = or_null(is_time), or_null(is_count), or_null(is_text)
_DESCRIPTION: Final[dict[str, Check]] = {
    "title": is_text,
    **dict.fromkeys(("username", "about"), _text),
    **dict.fromkeys(("usernames", "flags"), _is_names),
    "restriction": or_null(is_list),
    "participants": _count,
    "observed_at": is_time,
}
_OF_CHANNEL: Final[dict[str, Check]] = _DESCRIPTION | {
    "channel_id": lambda value: type(value) is int and 0 < value < 2**52,
    **dict.fromkeys(("megagroup", "noforwards"), is_flag),
    "imported_only": or_null(is_flag),
    **dict.fromkeys(("created", "window_start"), or_null(_is_date)),
    "added_at": is_time,
    **dict.fromkeys(("server_count_at", "last_sync_at", "described_at"), _time),
    "generation": is_id,
    "pts": or_null(is_id),
    "top_id": is_count,
    **dict.fromkeys(("floor_id", "server_count", "server_count_pts"), _count),
}
_CHANNEL: Final = checks_of(ForeignChannel._fields, _OF_CHANNEL)
_DESCRIBED: Final = checks_of(DescribedAt._fields, _DESCRIPTION)
_STATE: Final = Checks((("at", is_time), ("state", is_text), ("reason", _text)))
