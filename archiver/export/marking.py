"""What formats for reading say about a message besides its row: what is known only from imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from archiver.export.stream import Item
from archiver.model.imported import IMPORTED
from archiver.model.row import StoredMessage
from archiver.store.database import Connection, Reader, read
from archiver.store.imports.claimed import Claims, list_sole_claims
from archiver.store.messages.readable import MAYBE_DAMAGE, is_damage

IMPORTED_KEY: Final = "imported"
"""An additional key in rows for reading, for a message that telekeep never read on Telegram."""
CLAIMED_KEY: Final = "claimed"
"""An additional key if imports have other contents of it: a `Claims`, whose `beside` may be empty."""
_Key = tuple[int, int]


async def read_claims(conn: Connection, chunk: Sequence[Item]) -> dict[_Key, Claims]:
    """What only imports say about the messages that have earlier or other contents."""
    keys = [(message.channel_id, message.message_id) for message, _ in chunk if message.revisions]
    return await read(conn, _list_readable, keys) if keys else {}


def list_marks(message: StoredMessage, claims: Mapping[_Key, Claims], *, names_file: bool = True) -> dict[str, Any]:
    """The additional keys of a row. `names_file`: whether the import may be named."""
    found = claims.get((message.channel_id, message.message_id))
    return mark(found, is_import=message.layer == IMPORTED, names_file=names_file)


def mark(claims: Claims | None, *, is_import: bool, names_file: bool = True) -> dict[str, Any]:
    """The additional keys of a row. `is_import`: telekeep never read the message; `names_file`: it may be named."""
    made: dict[str, Any] = {IMPORTED_KEY: True} if is_import else {}
    if claims is not None and claims.contents:
        made[CLAIMED_KEY] = claims if names_file else claims._replace(beside="")
    return made


def _list_readable(conn: Reader, keys: Sequence[_Key]) -> dict[_Key, Claims]:
    """The claims on these messages; in a damaged archive, on the readable ones."""
    try:
        return list_sole_claims(conn, keys)
    except MAYBE_DAMAGE as exc:
        if not is_damage(exc):
            raise
    if len(keys) == 1:
        return {}
    half = len(keys) // 2
    return _list_readable(conn, keys[:half]) | _list_readable(conn, keys[half:])
