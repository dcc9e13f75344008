"""What ordinary clients ask for is answered by the documents."""

from __future__ import annotations

import pytest
from telethon import TelegramClient
from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.world import Account, World


@pytest.fixture
def channel(world: World) -> Channel:
    made = world.add_channel("Alpha", "alpha")
    for number in range(150):
        made.post(f"post {number}" if number % 3 else f"a bridge {number}")
    return made


@pytest.mark.parametrize(("asked", "given"), [(1, 1), (5, 5), (64, 64), (1000, 64)])
async def test_as_many_future_salts_as_asked_for_come(client: TelegramClient, asked: int, given: int) -> None:
    salts = (await client._sender.send(fn.GetFutureSaltsRequest(asked))).salts
    assert len(salts) == len({salt.salt for salt in salts}) == given
    assert [s.valid_since for s in salts] == sorted({s.valid_since for s in salts})


async def test_a_search_finds_what_has_the_words(client: TelegramClient, channel: Channel) -> None:
    found = [m async for m in client.iter_messages("alpha", search="bridge")]
    assert [m.id for m in found] == [i for i in reversed(channel.ids) if "bridge" in _text(channel, i)]


def _text(channel: Channel, message_id: int) -> str:
    return getattr(channel.posts[message_id].message, "message", "") or ""


async def test_dialogs_are_the_channels_that_were_joined(
    client: TelegramClient, channel: Channel, account: Account, world: World
) -> None:
    world.add_channel("Beta", "beta").members.add(account.id)
    assert [d.title async for d in client.iter_dialogs()] == ["Beta"]
    channel.members.add(account.id)
    assert {d.title async for d in client.iter_dialogs()} == {"Alpha", "Beta"}


async def test_what_a_client_asks_at_its_start_is_answered(client: TelegramClient) -> None:
    for request in (
        fn.help.GetNearestDcRequest(),
        fn.langpack.GetLangPackRequest("tdesktop", "en"),
        fn.langpack.GetLanguagesRequest("tdesktop"),
        fn.account.GetNotifySettingsRequest(types.InputNotifyUsers()),
        fn.contacts.GetContactsRequest(0),
        fn.help.GetTermsOfServiceUpdateRequest(),
        fn.users.GetFullUserRequest(types.InputUserSelf()),
        fn.messages.GetPinnedDialogsRequest(0),
        fn.help.GetCdnConfigRequest(),
    ):
        assert await client(request) is not None
