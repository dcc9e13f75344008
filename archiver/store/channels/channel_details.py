"""Table `channel`: what status reports show beyond `Mirrored`, and counts. Reading only."""

from __future__ import annotations

from typing import NamedTuple

from archiver.ids import ChannelId
from archiver.store.database import Reader


class ChannelStatus(NamedTuple):
    """More columns of `channel`. Times are unix seconds."""

    state_since: int | None
    last_error: str | None
    """Why it is waiting to be retried."""
    server_count_at: int | None
    about: str | None
    participants: int | None
    usernames: str = "[]"
    """All active names, as a JSON list."""
    created: int | None = None
    noforwards: int = 0
    restriction: str | None = None
    """Where the server blocks the whole channel: a JSON list of {platform, reason, text}."""
    flags: str = "[]"
    """JSON list: verified, scam, fake, restricted..."""


def list_statuses(conn: Reader) -> dict[int, ChannelStatus]:
    """The status of every channel by id, removed ones included."""
    query = f"SELECT channel_id, {', '.join(ChannelStatus._fields)} FROM channel"
    cursor = conn.execute(query)
    return {row[0]: ChannelStatus._make(row[1:]) for row in cursor}


def find_restriction(conn: Reader, channel_id: ChannelId) -> str | None:
    """Where the server blocks the whole channel, as a JSON list of {platform, reason, text}; None: nowhere."""
    row = conn.execute("SELECT restriction FROM channel WHERE channel_id = ?", (channel_id,)).fetchone()
    return row[0] if row else None


def count_stubs(conn: Reader, channel_id: ChannelId, *, since: int | None = None, until: int | None = None) -> int:
    """Count the channel's stubs: held messages that no version so far can read.

    With bounds (unix seconds): those that may belong to [since, until). A stub's date is a guess; 1970 means no guess.
    """
    query = (
        "SELECT count(*) FROM message WHERE channel_id = ? AND kind = 'stub'"
        " AND (date = 0 OR date >= coalesce(?, date) AND date < coalesce(?, date + 1))"
    )
    row = conn.execute(query, (channel_id, since, until)).fetchone()
    return int(row[0]) if row else 0


def list_unnamed_public(conn: Reader) -> frozenset[int]:
    """Channels known only from exports, without an @name, that their newest exports do not call private."""
    query = """
        SELECT channel_id FROM channel WHERE imported_only AND pts IS NULL AND username IS NULL AND coalesce(
            (SELECT chat_type FROM import_source AS said WHERE said.channel_id = channel.channel_id
             AND chat_type IS NOT NULL ORDER BY import_id DESC LIMIT 1), '') NOT LIKE 'private%'
    """
    return frozenset(int(row[0]) for row in conn.execute(query))
