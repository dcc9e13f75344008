"""Who finds which channel, and with which access hash."""

from __future__ import annotations

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions as fn
from telethon.tl import types as tl

from tests.doubles.telegram.ask import history, peer_of
from tests.doubles.telegram.conftest import client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World


async def test_a_public_name_gives_the_channel_and_this_accounts_hash(
    client: TelegramClient, world: World, account: Account
) -> None:
    alpha = world.add_channel("Alpha", "Alpha_One")
    found = await client(fn.contacts.ResolveUsernameRequest("alpha_one"))
    assert found.peer.channel_id == alpha.id
    assert found.chats[0].access_hash == world.access_hash(account, alpha)
    assert found.chats[0].left
    with pytest.raises(errors.UsernameNotOccupiedError):
        await client(fn.contacts.ResolveUsernameRequest("nobody_here"))
    with pytest.raises(errors.UsernameInvalidError):
        await client(fn.contacts.ResolveUsernameRequest("_!"))


async def test_another_accounts_hash_is_no_good(server: Server, world: World, account: Account) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    other = world.add_account("+9996622222")
    assert world.access_hash(account, alpha) != world.access_hash(other, alpha)
    async with client_of(server, account) as one, client_of(server, other) as two:
        assert (await one(history(peer_of(alpha, account)))).count == 1
        assert (await two(history(peer_of(alpha, other)))).count == 1
        with pytest.raises(errors.ChannelInvalidError):
            await two(history(peer_of(alpha, account)))
        with pytest.raises(errors.ChannelInvalidError):
            await two(fn.channels.GetChannelsRequest([tl.InputChannel(alpha.id, 1)]))
        with pytest.raises(errors.ChannelInvalidError):
            await two(fn.channels.GetChannelsRequest([tl.InputChannel(12345, 1)]))


async def test_a_private_channel_is_for_its_members(client: TelegramClient, world: World, account: Account) -> None:
    gamma = world.add_channel("Gamma", "gamma")
    gamma.private = True
    with pytest.raises(errors.ChannelPrivateError):
        await client(history(peer_of(gamma, account)))
    answer = await client(fn.channels.GetChannelsRequest([peer_of(gamma, account)]))
    assert isinstance(answer.chats[0], tl.ChannelForbidden)
    gamma.members.add(account.id)
    assert (await client(history(peer_of(gamma, account)))).count == 1


async def test_a_channel_can_refuse_everybody(client: TelegramClient, world: World, account: Account) -> None:
    gone = world.add_channel("Gone", "gone")
    gone.refuse = (403, "CHANNEL_PUBLIC_GROUP_NA")
    with pytest.raises(errors.ChannelPublicGroupNaError):
        await client(history(peer_of(gone, account)))


async def test_the_budget_of_names_ends_in_a_long_flood_wait(client: TelegramClient, world: World) -> None:
    world.add_channel("Alpha", "alpha")
    world.resolve_budget = 2
    for _ in range(2):
        await client(fn.contacts.ResolveUsernameRequest("alpha"))
    with pytest.raises(errors.FloodWaitError) as caught:
        await client(fn.contacts.ResolveUsernameRequest("alpha"))
    assert 80_000 < caught.value.seconds <= 86_400


async def test_names_move_between_channels(client: TelegramClient, world: World, account: Account) -> None:
    old = world.add_channel("Old", "the_name")
    old.rename("old_name")
    with pytest.raises(errors.UsernameNotOccupiedError):
        await client(fn.contacts.ResolveUsernameRequest("the_name"))
    new = world.add_channel("New", "the_name")
    assert (await client(fn.contacts.ResolveUsernameRequest("the_name"))).chats[0].id == new.id
    world.set_username(new, "old_name")  # a takeover
    chats = (await client(fn.channels.GetChannelsRequest([peer_of(old, account), peer_of(new, account)]))).chats
    assert [c.username for c in chats] == [None, "old_name"]


async def test_several_names_stand_in_usernames(client: TelegramClient, world: World, account: Account) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    world.add_username(alpha, "collectible")
    (chat,) = (await client(fn.channels.GetChannelsRequest([peer_of(alpha, account)]))).chats
    assert chat.username is None
    assert [u.username for u in chat.usernames] == ["alpha", "collectible"]
    assert (await client(fn.contacts.ResolveUsernameRequest("collectible"))).chats[0].id == alpha.id


async def test_a_name_that_is_switched_off_stays_the_channels_and_leads_nowhere(
    client: TelegramClient, world: World, account: Account
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    world.add_username(alpha, "collectible")
    world.switch_username(alpha, "alpha", active=False)
    (chat,) = (await client(fn.channels.GetChannelsRequest([peer_of(alpha, account)]))).chats
    assert [(u.username, u.active, u.editable) for u in chat.usernames] == [
        ("alpha", False, True),
        ("collectible", True, False),
    ]
    assert (await client(fn.contacts.ResolveUsernameRequest("Collectible"))).chats[0].id == alpha.id
    with pytest.raises(errors.UsernameNotOccupiedError):
        await client(fn.contacts.ResolveUsernameRequest("alpha"))


async def test_people_and_bots_have_names_too(client: TelegramClient, world: World) -> None:
    person, bot = world.add_user("Mina", username="Mina_reads"), world.add_user("Bot", bot=True, username="a_bot")
    person.usernames = [tl.Username("mina_two", active=True), tl.Username("mina_off")]
    for name, user in (("mina_READS", person), ("mina_two", person), ("a_bot", bot)):
        found = await client(fn.contacts.ResolveUsernameRequest(name))
        assert (found.peer.user_id, bool(found.users[0].bot), found.chats) == (user.id, user is bot, [])
    with pytest.raises(errors.UsernameNotOccupiedError):
        await client(fn.contacts.ResolveUsernameRequest("mina_off"))


async def test_forums_and_gigagroups_say_so(client: TelegramClient, world: World) -> None:
    for name in ("forum", "gigagroup"):
        world.add_channel(name, f"a_{name}", **{name: True})
        (chat,) = (await client(fn.contacts.ResolveUsernameRequest(f"a_{name}"))).chats
        assert (chat.megagroup, chat.broadcast, chat.forum, chat.gigagroup) == (
            True,
            False,
            name == "forum",
            name == "gigagroup",
        )


async def test_full_channel_and_its_linked_group(client: TelegramClient, world: World, account: Account) -> None:
    alpha = world.add_channel("Alpha", "alpha", about="what it is")
    talk = world.add_channel("Talk", megagroup=True)
    alpha.linked_chat_id, alpha.subscribers = talk.id, 4321
    pinned = alpha.post("keep")
    alpha.pin(pinned.id)
    answer = await client(fn.channels.GetFullChannelRequest(peer_of(alpha, account)))
    full = answer.full_chat
    assert (full.about, full.participants_count, full.pinned_msg_id) == ("what it is", 4321, pinned.id)
    assert full.pts == alpha.pts
    assert {c.id for c in answer.chats} == {alpha.id, talk.id}


async def test_a_new_title_is_a_service_message(client: TelegramClient, world: World, account: Account) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.set_title("Alpha, renewed")
    answer = await client(history(peer_of(alpha, account), limit=1))
    assert answer.messages[0].action.title == answer.chats[0].title == "Alpha, renewed"


async def test_invitations(client: TelegramClient, world: World, account: Account) -> None:
    gamma = world.add_channel("Gamma")
    gamma.private, gamma.invite = True, "AbCdEf123"
    invite = await client(fn.messages.CheckChatInviteRequest("AbCdEf123"))
    assert (invite.title, invite.broadcast) == ("Gamma", True)
    gamma.members.add(account.id)
    assert (await client(fn.messages.CheckChatInviteRequest("AbCdEf123"))).chat.id == gamma.id
    with pytest.raises(errors.InviteHashExpiredError):
        await client(fn.messages.CheckChatInviteRequest("nothing"))


async def test_a_forwards_origin_may_be_min_and_is_read_through_its_message(
    client: TelegramClient, world: World, account: Account
) -> None:
    alpha, origin = world.add_channel("Alpha", "alpha"), world.add_channel("Origin", "origin")
    origin.min_for_others = True
    forward = alpha.forward(origin, origin.post("x").id)
    peer = peer_of(alpha, account)
    answer = await client(history(peer, limit=1))
    assert {c.id: c.min for c in answer.chats} == {alpha.id: False, origin.id: True}
    through = tl.InputPeerChannelFromMessage(peer, forward.id, origin.id)
    assert (await client(history(through))).count == 2
    with pytest.raises(errors.ChannelInvalidError):
        await client(history(tl.InputPeerChannelFromMessage(peer, 1, origin.id)))


async def test_what_a_mirror_must_not_do_is_seen(
    client: TelegramClient, server: Server, world: World, account: Account
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    post = alpha.post("x", views=5)
    peer = peer_of(alpha, account)
    await client(fn.messages.GetMessagesViewsRequest(peer, [post.id], increment=False))
    assert server.forbidden == []
    await client(fn.messages.GetMessagesViewsRequest(peer, [post.id], increment=True))
    await client(fn.channels.JoinChannelRequest(peer))
    await client(fn.channels.ReadHistoryRequest(peer, post.id))
    await client(fn.messages.ReadHistoryRequest(peer, post.id))
    assert [c.method for c in server.forbidden] == [
        "messages.getMessagesViews",
        "channels.joinChannel",
        "channels.readHistory",
        "messages.readHistory",
    ]
    assert post.message.views == 6


async def test_an_unknown_method_is_an_error_and_no_more(client: TelegramClient, server: Server) -> None:
    with pytest.raises(errors.MethodInvalidError):
        await client(fn.messages.GetAllDraftsRequest())
    assert await client.is_user_authorized()
    assert server.called("messages.getAllDrafts")
