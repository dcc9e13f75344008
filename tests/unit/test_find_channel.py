from __future__ import annotations

import pytest

from archiver.address import parse_channel
from archiver.compose.named_channel import read_post
from archiver.errors import NotFound, UsageError
from archiver.model.row import ChannelName
from archiver.reading.find_channel import get_named_channel

BRIDGE = ChannelName(1001, "NightBridge", "bridge", "Night Bridge", ("NightBridge", "bridge_news"))
JISR = ChannelName(1002, None, "jisr", "جسر الليل")
DAWN = ChannelName(1005, None, None, "Dawn Desk")
TWIN = ChannelName(1003, "jisr", None, "Twin")


@pytest.mark.parametrize(
    "typed", ["nightbridge", "@NIGHTBRIDGE", "bridge", "@bridge_news", "1001", "-1001001", "t.me/NightBridge"]
)
def test_channel_is_found_by_every_name(typed: str) -> None:
    assert get_named_channel(parse_channel(typed), [BRIDGE, JISR]) is BRIDGE


def test_at_sign_means_the_public_name_only() -> None:
    assert get_named_channel(parse_channel("@jisr"), [BRIDGE, JISR, TWIN]) is TWIN


def test_name_of_two_channels_is_ambiguous_and_says_how_to_choose() -> None:
    with pytest.raises(UsageError, match=r"1002 .* 1003"):
        get_named_channel(parse_channel("jisr"), [BRIDGE, JISR, TWIN])


@pytest.mark.parametrize(
    ("typed", "near"), [("nightbrige", "NightBridge"), ("night", "NightBridge"), ("dawn", r"Dawn Desk \(1005\)")]
)
def test_unknown_name_brings_the_nearest(typed: str, near: str) -> None:
    with pytest.raises(NotFound, match=f"Did you mean .*{near}"):
        get_named_channel(parse_channel(typed), [BRIDGE, JISR, DAWN])


def test_an_unknown_id_is_not_guessed() -> None:
    with pytest.raises(NotFound) as error:
        get_named_channel(parse_channel("1004"), [BRIDGE, JISR])
    assert "Did you mean" not in str(error.value.hint)


def test_empty_archive_says_what_to_run() -> None:
    with pytest.raises(NotFound, match="telekeep add"):
        get_named_channel(parse_channel("bridge"), [])


def test_a_post_is_found_by_the_title_of_its_channel_as_search_finds_the_channel() -> None:
    for typed in ("Dawn Desk/12", "dawn desk/12"):
        post = read_post(typed, [BRIDGE, DAWN])
        assert (post.channel.channel_id, post.message_id) == (1005, 12)
    for typed in ("Dusk Desk/12", "Dawn Desk"):
        with pytest.raises(UsageError, match="no spaces"):
            read_post(typed, [BRIDGE, DAWN])
