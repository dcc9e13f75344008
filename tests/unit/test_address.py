from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archiver.address import ChannelRef, names_message, parse_address, parse_channel, parse_message
from archiver.errors import UsageError

BRIDGE = ChannelRef(name="NightBridge", public=True)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("@NightBridge", BRIDGE),
        ("https://t.me/NightBridge", BRIDGE),
        ("http://t.me/NightBridge/", BRIDGE),
        ("t.me/NightBridge", BRIDGE),
        ("T.ME/NightBridge", BRIDGE),
        ("telegram.me/NightBridge", BRIDGE),
        ("https://telegram.dog/NightBridge?boost", BRIDGE),
        ("t.me/s/NightBridge?before=100", BRIDGE),
        ("nightbridge.t.me", ChannelRef(name="nightbridge", public=True)),
        ("tg://resolve?domain=NightBridge", BRIDGE),
        (" NightBridge ", ChannelRef(name="NightBridge")),
        ("bridge-2", ChannelRef(name="bridge-2")),
        ("جسر", ChannelRef(name="جسر")),
        ("1234567890", ChannelRef(channel_id=1234567890)),
        ("-1001234567890", ChannelRef(channel_id=1234567890)),
        ("-1001001", ChannelRef(channel_id=1001)),
        ("-1000000001001", ChannelRef(channel_id=1001)),
        ("https://t.me/c/1234567890", ChannelRef(channel_id=1234567890)),
    ],
)
def test_channel_is_read_in_every_form(typed: str, expected: ChannelRef) -> None:
    assert parse_channel(typed) == expected
    assert parse_address(typed) == (expected, None, None)


@pytest.mark.parametrize(
    ("typed", "channel", "message_id"),
    [
        ("NightBridge/77", ChannelRef(name="NightBridge"), 77),
        ("@NightBridge/77", BRIDGE, 77),
        ("1001/77", ChannelRef(channel_id=1001), 77),
        ("1001:77", ChannelRef(channel_id=1001), 77),
        ("-1001234567890/77", ChannelRef(channel_id=1234567890), 77),
        ("https://t.me/NightBridge/77", BRIDGE, 77),
        ("https://t.me/NightBridge/77?single&comment=3", BRIDGE, 77),
        ("https://t.me/s/NightBridge/77", BRIDGE, 77),
        ("https://t.me/NightBridge/5/77", BRIDGE, 77),
        ("t.me/c/1234567890/77", ChannelRef(channel_id=1234567890), 77),
        ("t.me/c/1234567890/5/77", ChannelRef(channel_id=1234567890), 77),
        ("tg://resolve?domain=NightBridge&post=77", BRIDGE, 77),
        ("tg://privatepost?channel=1234567890&post=77", ChannelRef(channel_id=1234567890), 77),
    ],
)
def test_message_is_read_in_every_form(typed: str, channel: ChannelRef, message_id: int) -> None:
    found = parse_message(typed)
    assert (found.channel, found.message_id) == (channel, message_id)
    assert names_message(typed)
    assert parse_address(typed).channel == channel
    with pytest.raises(UsageError) as refused:  # a message is never taken for its channel
        parse_channel(typed)
    assert str(refused.value) == (
        f"this is a message, not a channel. Its channel is {channel};"
        f" `telekeep show {channel}/{message_id}` shows the message."
    )


@pytest.mark.parametrize(
    "typed", ["https://t.me/+AbCdEf123", "t.me/joinchat/AbCdEf", "tg://join?invite=AbC", "+AbCdEf123"]
)
def test_invite_links_are_refused_with_the_reason(typed: str) -> None:
    with pytest.raises(UsageError, match="private"):
        parse_channel(typed)


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            "@",
            "@1abcd",
            "t.me",
            "https://t.me/",
            "t.me/addstickers/x",
            "t.me/proxy?server=1",
            "-123456",
            "0",
            "a b",
        ),
        *("https://example.com/NightBridge", "tg://settings", "9" * 20, "a/b", "http://[/x"),
    ],
)
def test_anything_but_a_channel_is_rejected(typed: str) -> None:
    with pytest.raises(UsageError):
        parse_channel(typed)


@pytest.mark.parametrize(
    "typed", ["NightBridge", "NightBridge/", "NightBridge/0", "NightBridge/9999999999", "t.me/c/5"]
)
def test_anything_but_a_message_is_rejected(typed: str) -> None:
    with pytest.raises(UsageError):
        parse_message(typed)


@given(st.text() | st.from_regex(r"(https?://)?(t\.me|tg:)[/a-z0-9?=&\[\]:+-]*", fullmatch=True))
@example("tg://[")
@example("https://t.me/[::1")
@example("\n/1")
def test_anything_typed_is_read_or_refused_clearly(typed: str) -> None:
    for parse in (parse_channel, parse_message):
        with suppress(UsageError):
            found = parse(typed)
            channel = getattr(found, "channel", found)
            assert (channel.channel_id is None) != (channel.name is None)


@given(st.integers(1, 10**12 - 1), st.integers(1, 2**31 - 1))
def test_ids_survive_every_form(channel_id: int, message_id: int) -> None:
    for typed in (
        f"{channel_id}/{message_id}",
        f"-{10**12 + channel_id}/{message_id}",
        f"t.me/c/{channel_id}/{message_id}",
    ):
        found = parse_message(typed)
        assert (found.channel.channel_id, found.message_id) == (channel_id, message_id)
