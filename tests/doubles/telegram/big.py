"""A channel of any size, each message made from its id and the seed when somebody reads it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from telethon.tl import types as tl

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.post import at
from tests.doubles.telegram.words import LANGUAGES, SITES, TAGS
from tests.doubles.telegram.world import World

_START = 1_546_300_800  # 2019-01-01
_END = 1_643_673_600  # 2022-02-01
_FIRST_FILE = 4_000_000_000_000_000
_GONE = 0.05
_SERVICE = 0.06
_FORWARD = 0.06
_ALBUM_EVERY, _ALBUM_SIZE = 50, 4
_KINDS = ("photo",) * 10 + ("video",) * 4 + ("document",) * 2 + ("webpage",) * 3 + ("voice", "poll")


def add_big(world: World, count: int, *, seed: int = 1, username: str = "big") -> Channel:
    """`count` messages that exist, and the gaps of the deleted ones."""
    channel = world.add_channel(f"Big {count}", username, about="Synthetic.", date=_START, created=False)
    channel.subscribers = 250_000
    origin = world.add_channel("Big Source", f"{username}_source", date=_START, created=False)
    maker = Maker(channel, origin, seed)
    ids = list(_ids(count, random.Random(seed)))
    last = ids[-1] if ids else 1
    channel.grow(ids, lambda i: _START + (_END - _START) * i // (last + 1), maker.message)
    return channel


def _ids(count: int, chance: random.Random) -> Iterator[int]:
    message_id = 0
    for _ in range(count):
        message_id += 1
        while message_id > 1 and chance.random() < _GONE:
            message_id += 1
        yield message_id


class Maker:
    """The same message for the same id, however often it is built."""

    def __init__(self, channel: Channel, origin: Channel, seed: int) -> None:
        self._channel = channel
        self._origin = origin
        self._seed = seed
        self._peer = channel.peer

    def message(self, message_id: int) -> Any:
        chance = random.Random(self._seed * 1_000_003 + message_id)
        date = at(self._channel.posts[message_id].date)
        album = message_id % _ALBUM_EVERY in range(10, 10 + _ALBUM_SIZE)
        if message_id == 1:
            return self._service(message_id, date, tl.MessageActionChannelCreate(self._channel.title))
        if not album and chance.random() < _SERVICE:
            return self._service(message_id, date, _action(chance))
        media = self._media("photo" if album else chance.choice(_KINDS), message_id, chance)
        if not album and chance.random() > 0.2:
            media = None
        text, entities = ("", None) if album and message_id % _ALBUM_EVERY != 10 else _text(chance)
        views = chance.randrange(200, 90_000)
        return tl.Message(
            id=message_id,
            peer_id=self._peer,
            date=date,
            message=text,
            post=True,
            media=media,
            entities=entities,
            fwd_from=self._forward(chance, date) if not album and chance.random() < _FORWARD else None,
            reply_to=tl.MessageReplyHeader(reply_to_msg_id=max(1, message_id - 3)) if chance.random() < 0.05 else None,
            views=views,
            forwards=views // 40,
            grouped_id=12_900_000_000_000_000 + message_id // _ALBUM_EVERY if album else None,
            edit_date=at(self._channel.posts[message_id].date + 600) if chance.random() < 0.08 else None,
            reactions=_reactions(chance, views) if chance.random() < 0.3 else None,
        )

    def _service(self, message_id: int, date: Any, action: Any) -> Any:
        pinned = isinstance(action, tl.MessageActionPinMessage)
        header = tl.MessageReplyHeader(reply_to_msg_id=max(1, message_id - 2)) if pinned else None
        return tl.MessageService(
            id=message_id, peer_id=self._peer, date=date, action=action, post=True, reply_to=header
        )

    def _forward(self, chance: random.Random, date: Any) -> Any:
        if chance.random() < 0.3:
            return tl.MessageFwdHeader(date=date, from_name="A reader")
        return tl.MessageFwdHeader(date=date, from_id=self._origin.peer, channel_post=chance.randrange(1, 9_000))

    def _media(self, kind: str, message_id: int, chance: random.Random) -> Any:
        build = self._channel.world.media
        file_id = _FIRST_FILE + self._channel.id * 1_000_000 + message_id
        if kind == "photo":
            return build.photo(file_id=file_id)
        if kind == "video":
            return build.video(chance.randrange(5, 300), size=120_000, file_id=file_id)
        if kind == "document":
            return build.document(f"report-{message_id}.pdf", size=60_000, file_id=file_id)
        if kind == "voice":
            return build.voice(chance.randrange(3, 90), file_id=file_id)
        if kind == "poll":
            answers = {"yes": chance.randrange(900), "no": chance.randrange(900), "unclear": 11}
            return build.poll("Is the place right?", answers, poll_id=file_id)
        url = f"{SITES[0]}{message_id}"
        return build.webpage(url, f"Report {message_id}", "What is known so far.", file_id=file_id, page_id=file_id)


def _text(chance: random.Random) -> tuple[str, list[Any] | None]:
    words = chance.choices(chance.choice(LANGUAGES), k=chance.randrange(18, 40))
    text = " ".join(words)
    entities: list[Any] = []
    if chance.random() < 0.4:
        entities.append(tl.MessageEntityBold(0, len(words[0]) + 1 + len(words[1])))
    if chance.random() < 0.3:
        tag = chance.choice(TAGS)
        entities.append(tl.MessageEntityHashtag(len(text) + 1, len(tag)))
        text += f" {tag}"
    if chance.random() < 0.2:
        url = f"{chance.choice(SITES)}{chance.randrange(10_000)}"
        entities.append(tl.MessageEntityUrl(len(text) + 1, len(url)))
        text += f"\n{url}"
    return text, entities or None


def _action(chance: random.Random) -> Any:
    if chance.random() < 0.8:
        return tl.MessageActionPinMessage()
    return tl.MessageActionChatEditTitle(f"Big, edition {chance.randrange(100)}")


def _reactions(chance: random.Random, views: int) -> Any:
    counts = sorted((chance.randrange(1, 2 + views // 50) for _ in range(2)), reverse=True)
    return tl.MessageReactions(
        [tl.ReactionCount(tl.ReactionEmoji(e), n) for e, n in zip(("👍", "🔥"), counts, strict=True)]
    )
