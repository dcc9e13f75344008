"""What Telegram Desktop's JSON says about a chat, before or after its messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import ne
from pathlib import Path
from typing import Any, Final

from archiver.ids import ChannelId
from archiver.imports.json_input.json_faults import BrokenJson, EndsEarly
from archiver.imports.json_input.json_pieces import JsonPieces
from archiver.imports.json_input.mend_json import UnreadableJson, read_json
from archiver.imports.source import Chat, Entry
from archiver.imports.sources.desktop_fields import MARKED, number, words

_REFUSED: Final = {
    "personal_chat": "a personal chat",
    "bot_chat": "a chat with a bot",
    "private_group": "a basic group",
    "saved_messages": "saved messages",
    "replies": "the chat of replies",
    "verification_codes": "the chat of verification codes",
}
_LAST: Final = re.compile(
    rb'\]\s{0,9},\s{0,99}("name"\s{0,9}:\s{0,9}(?:null|"(?:[^"\\]|\\.){0,600}")\s{0,9},\s{0,99}"type"\s{0,9}:\s{0,9}"[a-z_]{3,30}")\s{0,99}\}\s{0,9}\Z'
)
_NO_KIND: Final = "a chat of an unknown kind"
_NEW_KIND: Final = "a chat of a kind that telekeep does not know"
UNKNOWN: Final = (_NO_KIND, _NEW_KIND)
"""What chats are called whose kind may be damaged."""
_CHANNELS: Final = {"public_channel": False, "private_channel": False}
_GROUPS: Final = {"public_supergroup": True, "private_supergroup": True}
_MEGAGROUP: Final = {**_CHANNELS, **_GROUPS}
_OLD_CHANNEL: Final = range(2 << 32, 3 << 32)
"""Channel ids as written by versions before 2.8."""


KINDS: Final = (*_REFUSED, *_MEGAGROUP)


@dataclass(slots=True)
class ChatFrame:
    """What is known about a chat when its messages begin."""

    fields: dict[str, Any] = field(default_factory=dict)
    in_account: bool = False
    has_messages: bool = False

    @property
    def is_channel(self) -> bool:
        """Whether it is a channel, not a group."""
        return words(self.fields.get("type")) in _CHANNELS


def describe_chat(
    frame: ChatFrame, own: Mapping[str, Any], read: Callable[[ChannelId], Iterator[Entry]], *, is_old: bool
) -> Chat:
    """The chat. `own`: what telekeep wrote about it; `is_old`: dates have no unix times."""
    found, kind = number(frame.fields.get("id")), words(frame.fields.get("type"))
    if found is not None and is_old and found in _OLD_CHANNEL and (kind is None or kind in _MEGAGROUP):
        found &= (1 << 32) - 1
    if found is not None and found < -MARKED:
        found = -found - MARKED
    refused = _REFUSED.get(kind or "")
    if kind not in _MEGAGROUP and refused is None and kind is not None:
        refused = _NEW_KIND
    if kind is None and frame.in_account:
        refused = _NO_KIND
    return Chat(
        channel_id=ChannelId(found) if found is not None and found > 0 else None,
        title=words(frame.fields.get("name")),
        username=words(own.get("username")) if own.get("username") else None,
        megagroup=_MEGAGROUP.get(kind or ""),
        type=kind if kind in _MEGAGROUP else None,
        of_several=frame.in_account,
        refused=refused,
        read=read,
    )


def find_meant(word: object, meant: Iterable[str]) -> str | None:
    """Which of these differs from a word in one character, as after damage to a byte."""
    near = (one for one in meant if isinstance(word, str) and len(one) == len(word))
    return next((one for one in near if sum(map(ne, one, str(word))) == 1), None)


def late_fields(path: Path, at: int) -> dict[str, Any]:
    """The chat's `id` and `type` if they follow its messages, as in files with sorted keys."""
    found: dict[str, Any] = {}
    with path.open("rb") as file:
        file.seek(at)
        pieces = JsonPieces(file)
        try:
            pieces.skip()
            for key in pieces.rest_of_keys():
                if key in ("name", "type", "id"):
                    found[key] = pieces.value().content
                elif find_meant(key, ("type",)):
                    found.setdefault("type", pieces.value().content)
                else:
                    pieces.skip()
        except (EndsEarly, BrokenJson):
            return {}
    # After damage these may be the keys of a message.
    return found if found.get("type") in KINDS or find_meant(found.get("type"), KINDS) else {}


def last_fields(tail: bytes) -> dict[str, Any]:
    """The name and type that end a file with sorted keys, if what is before them is damaged."""
    found = _LAST.search(tail)
    try:
        return read_json(b"{%b}" % found[1]).value if found is not None else {}
    except UnreadableJson:
        return {}
