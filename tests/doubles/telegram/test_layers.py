"""Each layer from 158 on is answered in its own words, and its requests are understood."""

from __future__ import annotations

import struct
import zlib

import pytest
from telethon import TelegramClient, errors
from telethon.extensions import BinaryReader
from telethon.tl import TLObject, types
from telethon.tl import functions as fn
from telethon.tl.core import GzipPacked

from tests.doubles.telegram import demo
from tests.doubles.telegram.ask import history, peer_of
from tests.doubles.telegram.layers import OLDEST, OlderReader, in_layer, read_request
from tests.doubles.telegram.world import Account, World

LAYERS = [OLDEST, 166, 174, 181, 193, 200, 201, 211, 218, 221, 224, 227, 228]


@pytest.fixture(scope="module")
def page() -> bytes:
    """A page of everything that the demonstration world has."""
    world = World()
    demo.demo(world, 0)
    posts = [post for channel in world.channels.values() for post in list(channel.posts.values())[::4]]
    return types.messages.ChannelMessages(1, len(posts), posts, topics=[], chats=[], users=[])._bytes()


@pytest.mark.parametrize("layer", LAYERS)
def test_what_a_message_says_is_the_same_in_every_layer(layer: int, page: bytes) -> None:
    now = BinaryReader(page).tgread_object().messages
    then = OlderReader(in_layer(page, layer)).tgread_object().messages
    assert [m.id for m in then] == [m.id for m in now]
    for old, new in zip(then, now, strict=True):
        for name in ("message", "views", "forwards", "grouped_id", "post_author", "pinned"):
            assert getattr(old, name, None) == getattr(new, name, None)
        assert (old.media is None) == (new.media is None)
        assert len(old.entities or []) == len(new.entities or [])


@pytest.mark.parametrize("layer", LAYERS)
def test_an_older_layer_is_a_subset_of_its_own_words_only(layer: int, page: bytes) -> None:
    """Today's message, for instance, appears in no older layer's page."""
    written = in_layer(page, layer)
    assert (struct.pack("<I", types.Message.CONSTRUCTOR_ID) in written) == (layer >= 226)


def test_a_search_of_layer_158_is_understood() -> None:
    request = read_request(
        struct.pack("<II", 0xA0FDA762, 0)
        + bytes(types.InputPeerSelf())
        + b"\x01q\0\0"
        + bytes(types.InputMessagesFilterEmpty())
        + struct.pack("<iiiiiiiq", 1, 2, 3, 4, 5, 6, 7, 8)
    )
    assert isinstance(request, fn.messages.SearchRequest)
    assert (request.q, request.offset_id, request.limit, request.hash) == ("q", 3, 5, 8)


@pytest.mark.parametrize("bits", [15, 31])
def test_a_packed_request_is_understood_with_either_header(bits: int) -> None:
    packer = zlib.compressobj(wbits=bits)
    packed = packer.compress(bytes(fn.help.GetConfigRequest())) + packer.flush()
    body = struct.pack("<I", GzipPacked.CONSTRUCTOR_ID) + TLObject.serialize_bytes(packed)
    assert isinstance(read_request(body), fn.help.GetConfigRequest)


@pytest.mark.parametrize(
    ("layer", "refusal"), [(1, errors.UpdateAppToLoginError), (500, errors.ConnectionLayerInvalidError)]
)
async def test_a_layer_that_nobody_serves_is_refused(
    layer: int, refusal: type[errors.RPCError], client: TelegramClient, account: Account, world: World
) -> None:
    channel = world.add_channel("Alpha", "alpha")
    with pytest.raises(refusal):
        await client(fn.InvokeWithLayerRequest(layer, history(peer_of(channel, account))))
