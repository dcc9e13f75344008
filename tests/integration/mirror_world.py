"""A channel as the tests of the mirror have it."""

from __future__ import annotations

import pytest

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.world import World


@pytest.fixture
def channel(world: World) -> Channel:
    """450 ids with gaps, albums, media, forwards and service messages."""
    channel = world.add_channel("Alpha", "alpha")
    for number in range(400):
        channel.post(f"message {number}", views=number)
    channel.album([world.media.photo(), world.media.photo()], "an album")
    for media in (world.media.photo(), world.media.poll("Which?", {"one": 3, "two": 0}), world.media.geo()):
        channel.post("with media", media=media)
    channel.set_title("Alpha news")
    channel.post("an answer", reply_to=5)
    channel.delete(*range(20, 60), 399, 401)
    return channel


def numbered_channel(world: World, count: int) -> Channel:
    """A channel whose posts only say their number."""
    channel = world.add_channel("Alpha", "alpha")
    for number in range(count):
        channel.post(f"message {number}")
    return channel
