"""Names in stored records: an answer contains them next to the message, so no payload has them. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import orjson

from archiver.convert.peers import Peers, bare_peer

_Names: TypeAlias = tuple[str | None, str | None]
_Key: TypeAlias = tuple[object, object]


class StoredNames(Peers):
    """Provides the names stored in a message's sender, forward header, reply and bot, for those peers only."""

    __slots__ = ("_known", "_texts")

    def __init__(self, *texts: object) -> None:
        super().__init__()
        self._texts = texts
        self._known: dict[_Key, _Names] | None = None

    def names(self, peer: Any) -> _Names:
        """Name and username as stored; None if not stored."""
        if self._known is None:
            self._known = {}
            for text in self._texts:
                if isinstance(text, str):
                    self._known.update(_read(text))
        bare = bare_peer(peer)
        return self._known.get((bare["type"], bare["id"]), (None, None))


@lru_cache(maxsize=4096)
def _read(text: str) -> dict[_Key, _Names]:
    try:
        value = orjson.loads(text)
    except ValueError:
        return {}
    if not isinstance(value, dict):
        return {}
    found = {}
    bot = value.get("via_bot")
    for one, peer in ((value, value), (value, value.get("from_id")), (bot, bot), *_of_reply(value.get("reply_from"))):
        if isinstance(peer, dict) and isinstance(peer.get("type"), str) and isinstance(peer.get("id"), int):
            found[peer["type"], peer["id"]] = (_text(one.get("name")), _text(one.get("username")))
    return found


def _of_reply(header: Any) -> tuple[tuple[Any, Any], ...]:
    return ((header, header.get("from_id")),) if isinstance(header, dict) else ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
