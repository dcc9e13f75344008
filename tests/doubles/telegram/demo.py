"""Three invented desks and about 1,200 messages, 2021-11-01 to 2022-01-31, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from telethon.tl import types as tl

from tests.doubles.telegram import demo_specials
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.demo_texts import ARABIC, CONVOY_ARABIC, CONVOY_MIXED, CONVOY_RUSSIAN, MIXED, RUSSIAN, Desk
from tests.doubles.telegram.rich import rich
from tests.doubles.telegram.world import World

BAGHDAD = timezone(timedelta(hours=3))
_FIRST = int(datetime(2021, 11, 1, 6, tzinfo=UTC).timestamp())
_LAST = int(datetime(2022, 1, 31, 18, tzinfo=UTC).timestamp())
_ORDINARY = 380  # messages of a desk, before stories, albums and oddities
Moment = tuple[int, Callable[[int], object]]


def baghdad(month: int, day: int, hour: int, minute: int) -> int:
    year = 2022 if month == 1 else 2021
    return int(datetime(year, month, day, hour, minute, tzinfo=BAGHDAD).timestamp())


def demo(world: World, seed: int) -> None:
    """Everything happens in the order of its date, so that a forward finds its origin."""
    chance = random.Random(seed)
    arabic = world.add_channel(
        "مكتب أخبار النهرين", "nahrain_desk", about="مكتب أخبار متخيل. أخبار تجريبية.", date=_FIRST
    )
    russian = world.add_channel(
        "Новости Заречья", "zarechye_news", about="Вымышленные новости вымышленного района.", date=_FIRST + 60
    )
    mixed = world.add_channel(
        "Atlas Inquiry Desk", "atlas_desk", about="An invented desk. Un bureau inventé.", date=_FIRST + 120
    )
    for channel, subscribers in ((arabic, 48_210), (russian, 17_034), (mixed, 6_377)):
        channel.subscribers = subscribers
    moments: list[Moment] = []
    for channel, desk in ((arabic, ARABIC), (russian, RUSSIAN), (mixed, MIXED)):
        moments += _ordinary(channel, desk, chance)
    moments += _convoy(arabic, russian, mixed)
    moments += demo_specials.moments(world, arabic, russian, mixed, baghdad)
    for date, act in sorted(moments, key=lambda m: m[0]):
        act(date)
    for channel in (arabic, russian, mixed):
        _afterwards(channel, chance)


def _ordinary(channel: Channel, desk: Desk, chance: random.Random) -> list[Moment]:
    dates = sorted(chance.randrange(_FIRST + 600, _LAST) for _ in range(_ORDINARY))
    return [(date, lambda date: _report(channel, desk, date, chance)) for date in dates]


def _report(channel: Channel, desk: Desk, date: int, chance: random.Random) -> None:
    """One ordinary message: text, now and then with something attached, answered or forwarded."""
    opening, event = chance.choice(desk.openings), chance.choice(desk.events)
    body = f": {chance.choice(desk.places)} — {event}. {chance.choice(desk.details)}"
    tag = chance.choice(desk.tags)
    content = rich(("bold", opening), body, "\n", ("hashtag", tag)) if chance.random() < 0.5 else rich(opening + body)
    views = chance.randrange(300, channel.subscribers)
    roll = chance.random()
    if roll < 0.05 and len(channel.ids) > 10:
        others = [c for c in channel.world.channels.values() if c is not channel and len(c.ids) > 10]
        origin = chance.choice(others)
        channel.forward(origin, _some_post(origin, chance), date=date, views=views, forwards=views // 50)
        return
    reply = _some_post(channel, chance) if roll > 0.93 and len(channel.ids) > 10 else None
    channel.post(
        **content,
        date=date,
        media=_attachment(channel, chance),
        reply_to=reply,
        views=views,
        forwards=views // 50,
        post_author="N. Demo" if chance.random() < 0.1 else None,
    )
    if chance.random() < 0.3:
        channel.react(channel.top, {"👍": chance.randrange(1, 90), "😢": chance.randrange(1, 30)})


def _some_post(channel: Channel, chance: random.Random) -> int:
    recent = [i for i in channel.ids[-60:] if not channel.posts[i].is_service]
    return chance.choice(recent or [channel.ids[-1]])


def _attachment(channel: Channel, chance: random.Random) -> object:
    media = channel.world.media
    roll = chance.random()
    if roll < 0.13:
        return media.photo(1280, chance.choice((720, 853, 960)), size=chance.randrange(20_000, 60_000))
    if roll < 0.17:
        return media.video(chance.randrange(6, 90), size=chance.randrange(60_000, 160_000))
    if roll < 0.19:
        return media.voice(chance.randrange(3, 60), size=chance.randrange(9_000, 30_000))
    if roll < 0.21:
        return media.document(f"{channel.username}-{channel.last_id}.pdf", size=chance.randrange(20_000, 80_000))
    return None


def _convoy(arabic: Channel, russian: Channel, mixed: Channel) -> list[Moment]:
    """The story that all three desks tell, with reports on both sides of midnight in Baghdad."""
    found: list[Moment] = []
    plan = (
        (arabic, CONVOY_ARABIC, ((15, 23, 59), (16, 0, 1), (16, 5, 12), (16, 9, 40), (16, 13, 31), (16, 23, 59))),
        (arabic, CONVOY_ARABIC[6:], ((17, 0, 1), (17, 11, 20))),
        (russian, CONVOY_RUSSIAN, ((16, 0, 1), (16, 8, 15), (16, 10, 2), (16, 23, 59), (17, 0, 1), (17, 12, 44))),
        (mixed, CONVOY_MIXED, ((15, 23, 59), (16, 0, 1), (16, 9, 50), (16, 14, 5), (16, 23, 59), (17, 0, 1))),
    )
    for channel, texts, times in plan:
        for text, (day, hour, minute) in zip(texts, times, strict=False):
            act = _telling(channel, text, media=minute % 10 == 0)
            found.append((baghdad(12, day, hour, minute), act))
    return found


def _telling(channel: Channel, text: str, *, media: bool) -> Callable[[int], object]:
    def act(date: int) -> object:
        photo = channel.world.media.photo() if media else None
        return channel.post(text, date=date, media=photo, views=9_000, forwards=310)

    return act


def _afterwards(channel: Channel, chance: random.Random) -> None:
    """What was changed and taken away later: edits within a day, deletions at any time."""
    plain = [i for i in channel.ids if not channel.posts[i].is_service and channel.posts[i].message.message]
    ordinary = [i for i in plain if channel.posts[i].message.grouped_id is None]
    changed = chance.sample(ordinary[5:-30], 24)
    for message_id in sorted(changed[:12]):
        post = channel.posts[message_id]
        channel.edit(message_id, text=f"{post.message.message} (✎)", date=post.date + chance.randrange(60, 86_400))
    unpinned = [i for i in changed[12:] if not channel.posts[i].message.pinned]
    channel.delete(*sorted(unpinned))
    if isinstance(channel.posts[channel.ids[-1]].message, tl.MessageService):
        channel.post("—", date=_LAST)
