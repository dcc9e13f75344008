"""Addresses as they come out of documents, chats and address bars; and what is none."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.address import ChannelRef, echo, parse_address, parse_channel, parse_message
from archiver.errors import UsageError
from archiver.model.row import ChannelName, permalink

BRIDGE = ChannelRef(name="NightBridge", public=True)
PLAIN = ChannelRef(name="NightBridge")
BY_ID = ChannelRef(channel_id=1234567890)


@pytest.mark.parametrize(
    ("typed", "channel", "message_id"),
    [
        ("“@NightBridge”,", BRIDGE, None),
        ("«NightBridge»", PLAIN, None),
        ("<https://t.me/NightBridge/77>", BRIDGE, 77),
        ("(https://t.me/NightBridge/77).", BRIDGE, 77),
        ("`@NightBridge`…", BRIDGE, None),
        ("• @NightBridge", BRIDGE, None),
        ("12) @NightBridge/77", BRIDGE, 77),
        ("\u200b@Night\u200bBridge\u200e\ufeff", BRIDGE, None),
        ("\u00a0\u2066NightBridge\u2069 ", PLAIN, None),
        ("＠ＮｉｇｈｔＢｒｉｄｇｅ／７７", BRIDGE, 77),
        ("−1001234567890", BY_ID, None),
        ("hxxps://t[.]me/NightBridge/77", BRIDGE, 77),
        ("t(dot)me/NightBridge", BRIDGE, None),
        ("https%3A%2F%2Ft.me%2FNightBridge%2F77", BRIDGE, 77),
        ("HTTP://WWW.T.ME:443//s//NightBridge//77/", BRIDGE, 77),
        ("https:/t.me/@NightBridge", BRIDGE, None),
        ("//t.me/NightBridge", BRIDGE, None),
        ("https://t.me/NightBridge/77?comment=45", BRIDGE, 77),
        ("https://t.me/NightBridge/77?thread=5", BRIDGE, 77),
        ("https://t.me/s/NightBridge?q=x", BRIDGE, None),
        ("https://telegram.dog/NightBridge#77", BRIDGE, None),
        ("t.me/c/1234567890?boost", BY_ID, None),
        ("TG:RESOLVE?DOMAIN=NightBridge&amp;POST=77", BRIDGE, 77),
        ("tg://openmessage?chat_id=1234567890&message_id=77", BY_ID, 77),
        ("https://web.telegram.org/k/#@NightBridge", BRIDGE, None),
        ("https://web.telegram.org/k/#-1234567890", BY_ID, None),
        ("https://web.telegram.org/a/#-1001234567890_77", BY_ID, 77),
        ("web.telegram.org/#/im?p=c1234567890_9876543210", BY_ID, None),
        ("https://web.telegram.org/#/im?p=@NightBridge", BRIDGE, None),
        ("https://web.telegram.org/k/#?tgaddr=tg%3A%2F%2Fresolve%3Fdomain%3DNightBridge%26post%3D77", BRIDGE, 77),
    ],
)
def test_text_around_an_address_is_ignored(typed: str, channel: ChannelRef, message_id: int | None) -> None:
    assert parse_address(typed).channel == channel
    if message_id is None:
        with pytest.raises(UsageError, match="names no message"):
            parse_message(typed)
    else:
        assert parse_message(typed).message_id == message_id


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("t.me/addstickers/x", "this is a sticker set, not a channel"),
        ("https://t.me/addlist/x", "a folder of chats"),
        ("tg://proxy?server=x", "a proxy"),
        ("t.me/socks?server=x", "a proxy"),
        ("tg://settings/devices", "a page of the app"),
        ("t.me/giftcode/x", "a gift code"),
        ("t.me/$abc", "an invoice"),
        ("t.me/boost/NightBridge", "Use the channel itself: @NightBridge."),
        ("tg://boost?channel=1234567890", "Use the channel itself: 1234567890."),
        ("t.me/share/url?url=https%3A%2F%2Ft.me%2FNightBridge%2F77", "Did you mean @NightBridge/77?"),
        ("tg://msg_url?url=t.me/NightBridge", "a link for sharing, not a channel. Did you mean @NightBridge?"),
        ("https://web.archive.org/web/2022/https://t.me/NightBridge/77", "Did you mean @NightBridge/77?"),
        ("https://tgstat.com/channel/@NightBridge", "another site, not a channel. Did you mean @NightBridge?"),
        ("ftp://t.me/NightBridge", "another site"),
        ("[Bridge](https://t.me/NightBridge)", "Did you mean @NightBridge?"),
        ("@NightBridge, @others", "Did you mean @NightBridge or @others?"),
        ("https://t.me/\nNightBridge", "Did you mean @NightBridge?"),
        ("Night Bridge", "A title cannot be looked up"),
        ("tg://user?id=5", "a person"),
        ("https://web.telegram.org/a/#5", "a person"),
        ("https://web.telegram.org/a/#-12345", "a basic group"),
        ("https://web.telegram.org/#/im?p=g12345", "a basic group"),
        ("-12345", "a basic group"),
        ("desk@example.org", "an e-mail address"),
        ("desk@t.me", "an e-mail address"),
        ("+49 (170) 1234-567", "a phone number"),
        ("t.me/+491701234567", "a phone number"),
        ("tg://resolve?phone=491701234567", "a phone number"),
        ("t.me/+AbCdEf123", "an invite link"),
        ("tg:join?invite=AbC", "an invite link"),
        ("https://telegram.org/faq", "Telegram's own site"),
        ("@nіghtbridge", "cyrillic small letter"),
        ("@@@", "is not a valid username"),
        ("  “” ", "a channel is missing"),
        ("x" * 3000, "too long"),
    ],
)
def test_anything_but_a_channel_is_named(typed: str, said: str) -> None:
    for parse in (parse_channel, parse_message):
        with pytest.raises(UsageError) as caught:
            parse(typed)
        assert said in str(caught.value)


@pytest.mark.parametrize(("typed", "said"), [("t.me/NightBridge/s/5", "a story"), ("t.me/NightBridge/app", "an app")])
def test_other_parts_of_a_channel_are_neither_messages_nor_the_channel(typed: str, said: str) -> None:
    assert parse_address(typed).channel == BRIDGE
    with pytest.raises(UsageError, match=f"this is {said}.* not a channel. Did you mean @NightBridge?"):
        parse_channel(typed)
    with pytest.raises(UsageError, match=f"only {said}"):
        parse_message(typed)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("+49 170 1234567", "+…67"),
        ("t.me/+491701234567", "t.me/+…67"),
        ("tg://resolve?phone=%2B49&x=+491701234567", "tg://resolve?phone=%2B49&x=+…67"),
        ("https://t.me/login/12345", "https://t.me/login…"),
        ("tg://proxy?server=x&secret=ee00", "tg://proxy…"),
        ("a\n\tb\u202e", "a b"),
        ("", "''"),
        ("x" * 200, "x" * 99 + "…"),
        ("-1001234567890", "-1001234567890"),
    ],
)
def test_echo_repeats_no_secret(typed: str, shown: str) -> None:
    assert echo(typed) == shown


names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,30}[A-Za-z0-9]", fullmatch=True)
ids = st.integers(1, 997_852_516_352)
around = st.sampled_from(["{}", " {} ", "<{}>", "“{}”,", "({}).", "\u200b{}\u200e", "*{}*", "{}/", "{}?single", "{};"])


@given(ids, st.none() | names, st.none() | names, st.integers(1, 2**31 - 1), around)
def test_every_permalink_leads_back(
    channel_id: int, username: str | None, alias: str | None, message_id: int, frame: str
) -> None:
    link = permalink(ChannelName(channel_id, username, alias, "title"), message_id)
    found = parse_message(frame.format(link))
    assert found.message_id == message_id
    assert found.channel == (ChannelRef(name=username, public=True) if username else ChannelRef(channel_id=channel_id))


@given(st.sampled_from(["t.me/", "tg://", "https://t.me/", "@", "-100", "web.telegram.org/", "", "+"]), st.text())
def test_any_text_is_parsed_or_rejected_cleanly(start: str, rest: str) -> None:
    for parse in (parse_channel, parse_message):
        with suppress(UsageError):
            found = parse(start + rest)
            channel = getattr(found, "channel", found)
            assert parse_channel(str(channel)) == channel
    assert "\n" not in echo(start + rest)


@pytest.mark.parametrize("typed", ["nahrain/abc", "@nahrain_desk/x-1", "nahrain/о12"])
def test_a_wrong_message_id_is_named_instead_of_the_channel(typed: str) -> None:
    with pytest.raises(UsageError, match="is not a message id"):
        parse_message(typed)
