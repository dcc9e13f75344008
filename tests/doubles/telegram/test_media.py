"""Every kind of media travels, and its files can be had by the rules of api/files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions as fn
from telethon.tl import types as tl

from tests.doubles.telegram.ask import history, peer_of
from tests.doubles.telegram.conftest import client_of
from tests.doubles.telegram.media import Media
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.truth import media_kind
from tests.doubles.telegram.world import Account, World

KINDS: dict[str, Callable[[Media], Any]] = {
    "photo": lambda m: m.photo(),
    "document": lambda m: m.document(),
    "video": lambda m: m.video(),
    "round": lambda m: m.round(),
    "voice": lambda m: m.voice(),
    "audio": lambda m: m.audio(),
    "gif": lambda m: m.gif(),
    "sticker": lambda m: m.sticker(),
    "webpage": lambda m: m.webpage("https://example.org/a", "Title", "Words"),
    "poll": lambda m: m.poll("Why?", {"because": 1}),
    "geo": lambda m: m.geo(),
    "geo_live": lambda m: m.geo_live(),
    "venue": lambda m: m.venue(),
    "contact": lambda m: m.contact(),
    "dice": lambda m: m.dice(),
    "game": lambda m: m.game(),
    "invoice": lambda m: m.invoice(),
    "story": lambda m: m.story(1_500_001_013),
    "giveaway": lambda m: m.giveaway(1_500_001_013),
    "giveaway_results": lambda m: m.giveaway_results(1_500_001_013, 2),
    "paid_media": lambda m: m.paid(),
    "todo": lambda m: m.todo(),
    "unsupported": lambda m: m.unsupported(),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_media_arrives(kind: str, client: TelegramClient, world: World, account: Account) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(f"with {kind}", media=KINDS[kind](world.media))
    (message,) = (await client(history(peer_of(alpha, account), limit=1))).messages
    assert media_kind(message.media) == kind


@pytest.mark.parametrize("kind", ["photo", "document", "video", "voice", "sticker"])
async def test_a_file_has_the_size_that_its_message_says(
    kind: str, client: TelegramClient, world: World, account: Account
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=KINDS[kind](world.media))
    (message,) = (await client(history(peer_of(alpha, account), limit=1))).messages
    data = await client.download_media(message, bytes)
    assert len(data) == message.file.size
    assert data == await client.download_media(message, bytes)
    if kind == "photo":
        assert data.startswith(b"\xff\xd8")
        assert data.endswith(b"\xff\xd9")


async def test_a_file_may_live_in_another_data_center(
    client: TelegramClient, server: Server, world: World, account: Account
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.document("far.pdf", size=20_000, dc=4))
    (message,) = (await client(history(peer_of(alpha, account), limit=1))).messages
    location = _location(message.document)
    with pytest.raises(errors.FileMigrateError) as caught:
        await client(fn.upload.GetFileRequest(location, offset=0, limit=4096))
    assert caught.value.new_dc == 4
    assert len(await client.download_media(message, bytes)) == 20_000
    assert [c.method for c in server.calls if c.method.startswith("auth.")] == [
        "auth.exportAuthorization",
        "auth.importAuthorization",
    ]


def _location(document: tl.Document, **changed: Any) -> tl.InputDocumentFileLocation:
    fields = {"id": document.id, "access_hash": document.access_hash, "thumb_size": ""}
    return tl.InputDocumentFileLocation(**fields | {"file_reference": document.file_reference} | changed)


async def test_references_expire_and_belong_to_an_account(server: Server, world: World, account: Account) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.document(size=9_000))
    other = world.add_account("+9996622222")
    async with client_of(server, account) as one, client_of(server, other) as two:

        async def shown() -> tl.Document:
            return (await one(history(peer_of(alpha, account), limit=1))).messages[0].document

        old = await shown()
        get = fn.upload.GetFileRequest(_location(old), offset=0, limit=4096)
        assert len((await one(get)).bytes) == 4096
        with pytest.raises(errors.FileReferenceInvalidError):
            await two(get)
        world.files.expire()
        with pytest.raises(errors.FileReferenceExpiredError):
            await one(get)
        new = await shown()
        assert new.file_reference != old.file_reference
        assert (await one(fn.upload.GetFileRequest(_location(new), offset=8192, limit=4096))).bytes
        with pytest.raises(errors.FileReferenceEmptyError):
            await one(fn.upload.GetFileRequest(_location(new, file_reference=b""), offset=0, limit=4096))
        with pytest.raises(errors.FileIdInvalidError):
            await one(fn.upload.GetFileRequest(_location(new, access_hash=1), offset=0, limit=4096))


MIB = 1 << 20


@pytest.mark.parametrize(
    ("part", "good"),
    [
        ({"offset": 0, "limit": 4096}, True),
        ({"offset": 0, "limit": MIB}, True),
        ({"offset": 2 * MIB, "limit": MIB}, True),
        ({"offset": 1024, "limit": 1024, "precise": True}, True),
        ({"offset": 1024, "limit": 4096}, False),
        ({"offset": 0, "limit": 3 * 4096}, False),
        ({"offset": 0, "limit": 2 * MIB}, False),
        ({"offset": MIB - 4096, "limit": 8192}, False),
        ({"offset": 512, "limit": 1024, "precise": True}, False),
    ],
)
async def test_parts_are_aligned(
    part: dict[str, Any], good: bool, client: TelegramClient, world: World, account: Account
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.big_video())
    document = (await client(history(peer_of(alpha, account), limit=1))).messages[0].document
    get = fn.upload.GetFileRequest(_location(document), **part)
    if good:
        assert len((await client(get)).bytes) == part["limit"]
    else:
        with pytest.raises(errors.BadRequestError):
            await client(get)


async def test_parts_make_the_whole(client: TelegramClient, world: World, account: Account) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.big_video())
    message = (await client(history(peer_of(alpha, account), limit=1))).messages[0]
    whole = b"".join([part async for part in client.iter_download(message, request_size=512 * 1024)])
    assert len(whole) == message.file.size
    last = fn.upload.GetFileRequest(_location(message.document), offset=3 * MIB, limit=MIB)
    assert (await client(last)).bytes == whole[3 * MIB :]
