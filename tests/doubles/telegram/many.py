"""A world of very many small channels: many_001, many_002, ..."""

from __future__ import annotations

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.world import World

_START = 1_639_600_000  # 2021-12-15
_POSTS = 3


def add_many(world: World, count: int) -> list[Channel]:
    """So many public channels with a few posts each."""
    digits = max(3, len(str(count)))
    return [_channel(world, f"many_{number:0{digits}}", _START + number) for number in range(1, count + 1)]


def _channel(world: World, name: str, date: int) -> Channel:
    channel = world.add_channel(f"The {name} desk", name, date=date)
    for number in range(1, _POSTS + 1):
        channel.post(f"{name}, report {number}", date=date + number * 3600, views=number)
    return channel
