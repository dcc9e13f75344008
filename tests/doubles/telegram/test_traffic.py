"""Downloading: references that end, rates, floods by the window, wrong parts, and the account of who fetched what."""

from __future__ import annotations

import asyncio
import time
from hashlib import sha256
from typing import Any

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions as fn
from telethon.tl import types as tl

from tests.doubles.telegram import faults, file_bytes, file_faults
from tests.doubles.telegram.ask import history, peer_of
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.conftest import client_of
from tests.doubles.telegram.files import File
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World

MIB = 1 << 20


@pytest.fixture
def alpha(world: World) -> Channel:
    return world.add_channel("Alpha", "alpha")


class Reader:
    """A client that reads the files of a channel's newest message."""

    def __init__(self, client: TelegramClient, channel: Channel, account: Account) -> None:
        self.client, self.channel, self.account = client, channel, account

    async def message(self) -> Any:
        return (await self.client(history(peer_of(self.channel, self.account), limit=1))).messages[0]

    async def location(self) -> Any:
        message = await self.message()
        if message.photo:
            photo = message.photo
            return tl.InputPhotoFileLocation(photo.id, photo.access_hash, photo.file_reference, photo.sizes[-1].type)
        document = message.document
        return tl.InputDocumentFileLocation(document.id, document.access_hash, document.file_reference, "")

    async def part(self, location: Any, offset: int = 0, limit: int = MIB, **kw: Any) -> bytes:
        return bytes((await self.client(fn.upload.GetFileRequest(location, offset, limit, **kw))).bytes)


@pytest.fixture
def reader(client: TelegramClient, alpha: Channel, account: Account) -> Reader:
    return Reader(client, alpha, account)


def file_of(world: World) -> File:
    return list(world.files)[-1]


def test_any_part_of_a_file_of_four_gigabytes_is_made_faster_than_it_could_be_encrypted() -> None:
    file = File(7, "video/mp4", {"": (0, 0, 4 << 30)})
    started = time.process_time()
    parts = [file.read("", offset << 20, MIB) for offset in range(0, 4096, 64)]
    assert time.process_time() - started < 64 * 0.003
    assert {len(part) for part in parts} == {MIB}
    assert len({sha256(part).digest() for part in parts}) == 64
    assert file.read("", 64 * MIB - 5_000, 10_000)[5_000:] == parts[1][:5_000]
    assert file.read("", (4 << 30) - 10, MIB) == file.read("", (4 << 30) - MIB, MIB)[-10:]
    assert file.read("", 4 << 30, MIB) == b""


async def test_what_arrives_is_what_the_world_says_it_is(
    reader: Reader, world: World, alpha: Channel, client: TelegramClient
) -> None:
    alpha.post(media=world.media.document(size=5 * MIB + 321, dc=4))
    data = await client.download_media(await reader.message(), bytes)
    assert sha256(data).digest() == world.files.sha256(file_of(world))
    assert file_bytes.digest(iter([data])) == world.files.sha256(file_of(world))


async def test_photos_and_documents_have_ids_of_their_own(
    reader: Reader, world: World, alpha: Channel, client: TelegramClient
) -> None:
    alpha.post(media=world.media.document(size=9_000, file_id=77))
    document = await client.download_media(await reader.message(), bytes)
    alpha.post(media=world.media.photo(size=48_000, file_id=77))
    photo = await client.download_media(await reader.message(), bytes)
    assert (len(document), len(photo)) == (9_000, 48_000)


async def test_a_reference_is_good_for_its_time(reader: Reader, world: World, alpha: Channel) -> None:
    alpha.post(media=world.media.document(size=MIB))
    world.files.lifetime = 60
    world.files.expired_as = "FILE_REFERENCE_0_EXPIRED"
    old = await reader.location()
    assert len(await reader.part(old)) == MIB
    world.clock.ahead = 61
    with pytest.raises(errors.BadRequestError, match="FILE_REFERENCE_0_EXPIRED"):
        await reader.part(old)
    assert len(await reader.part(await reader.location())) == MIB


async def test_references_of_one_account_expire_alone(
    reader: Reader, server: Server, world: World, account: Account, alpha: Channel
) -> None:
    alpha.post(media=world.media.document(size=9_000))
    other = world.add_account("+9996622222")
    async with client_of(server, other) as client:
        two = Reader(client, alpha, other)
        mine, theirs = await reader.location(), await two.location()
        world.files.expire(account.id)
        assert len(await two.part(theirs)) == 9_000
        with pytest.raises(errors.FileReferenceExpiredError):
            await reader.part(mine)
        assert len(await reader.part(await reader.location())) == 9_000


async def test_a_stale_file_is_refused_with_every_reference_and_a_gone_one_says_so(
    reader: Reader, world: World, alpha: Channel
) -> None:
    alpha.post(media=world.media.document(size=9_000))
    world.files.stale.add(file_of(world).key)
    with pytest.raises(errors.FileReferenceExpiredError):
        await reader.part(await reader.location())
    world.files.gone[file_of(world).key] = "LOCATION_INVALID"
    with pytest.raises(errors.LocationInvalidError):
        await reader.part(await reader.location())


async def test_a_file_may_move_to_another_data_centre(reader: Reader, world: World, alpha: Channel) -> None:
    alpha.post(media=world.media.document(size=9_000))
    location = await reader.location()
    assert await reader.part(location)
    world.files.move(file_of(world), 5)
    with pytest.raises(errors.FileMigrateError) as caught:
        await reader.part(location)
    assert caught.value.new_dc == 5


async def test_hashes_of_a_file_are_true(reader: Reader, world: World, alpha: Channel, client: TelegramClient) -> None:
    alpha.post(media=world.media.document(size=MIB + 5_000))
    location = await reader.location()
    hashes = await client(fn.upload.GetFileHashesRequest(location, offset=0))
    assert [(h.offset, h.limit) for h in hashes[-2:]] == [(917_504, 131_072), (MIB, 5_000)]
    part = await reader.part(location)
    assert [sha256(part[h.offset : h.offset + h.limit]).digest() for h in hashes[:8]] == [h.hash for h in hashes[:8]]


async def test_who_names_a_cdn_is_sent_there(reader: Reader, server: Server, world: World, alpha: Channel) -> None:
    alpha.post(media=world.media.document(size=9_000))
    request = fn.upload.GetFileRequest(await reader.location(), 0, MIB, cdn_supported=True)
    assert isinstance(await reader.client(request), tl.upload.FileCdnRedirect)
    assert server.traffic.cdn_asked == 1


@pytest.mark.parametrize(
    ("fault", "size"),
    [
        (file_faults.short(4096), 4096),
        (file_faults.hollow(), 0),
        (file_faults.long(100), MIB + 100),
        (file_faults.flip(), MIB),
        (file_faults.shift(), MIB),
        (file_faults.swap(), MIB),
    ],
)
async def test_a_part_may_be_wrong_in_every_way(
    fault: faults.Action, size: int, reader: Reader, server: Server, alpha: Channel
) -> None:
    world = alpha.world
    alpha.post(media=world.media.document(size=3 * MIB))
    location = await reader.location()
    server.faults.add("upload.getFile", fault, predicate=file_faults.of(file_of(world), part=1), times=1)
    first, wrong, right = [await reader.part(location, offset) for offset in (0, MIB, MIB)]
    assert len(wrong) == size
    assert wrong != right
    assert first == file_of(world).read("", 0, MIB)
    assert right == file_of(world).read("", MIB, MIB)


async def test_small_files_flood_by_calls_and_large_ones_by_bytes(
    reader: Reader, server: Server, world: World, alpha: Channel
) -> None:
    server.traffic.small(calls=2, seconds=30)
    server.traffic.large(2 * MIB, seconds=30)
    alpha.post(media=world.media.document(size=9_000))
    small = await reader.location()
    assert [len(await reader.part(small)) for _ in range(2)] == [9_000, 9_000]
    with pytest.raises(errors.FloodWaitError) as flooded:
        await reader.part(small)
    assert 28 <= flooded.value.seconds <= 30
    world.clock.ahead = 40
    alpha.post(media=world.media.document(size=5 * MIB))
    large = await reader.location()
    assert [len(await reader.part(large, offset)) for offset in (0, MIB)] == [MIB, MIB]
    with pytest.raises(errors.FloodPremiumWaitError):
        await reader.part(large, 2 * MIB)
    assert not server.violations
    await asyncio.sleep(0.6)
    with pytest.raises(errors.FloodPremiumWaitError):
        await reader.part(large, 2 * MIB)
    assert [v.method for v in server.violations] == ["upload.getFile"]


async def test_parts_that_were_under_way_when_a_flood_was_told_are_refused_without_blame(
    reader: Reader, server: Server, world: World, alpha: Channel
) -> None:
    alpha.post(media=world.media.document(size=8 * MIB))
    location = await reader.location()
    server.faults.add("upload.getFile", faults.premium_flood(3), times=1)
    calls = [reader.part(location, offset * MIB) for offset in range(8)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(answer, errors.FloodPremiumWaitError) for answer in answers)
    assert not server.violations


@pytest.mark.parametrize("whose", ["connection_rate", "account_rate"])
async def test_bytes_come_at_a_rate(whose: str, reader: Reader, server: Server, world: World, alpha: Channel) -> None:
    alpha.post(media=world.media.document(size=4 * MIB))
    location = await reader.location()
    setattr(server.traffic, whose, 8 * MIB)
    started = time.monotonic()
    await asyncio.gather(*(reader.part(location, offset * MIB) for offset in range(4)))
    assert time.monotonic() - started >= 0.49


async def test_an_account_has_so_many_connections_and_no_more(server: Server, account: Account, world: World) -> None:
    server.traffic.most_connections = 2
    async with client_of(server, account) as one, client_of(server, account) as two:
        assert await one.get_me()
        assert await two.get_me()
        three = TelegramClient(
            server.client_session(account), 1, "x", connection_retries=0, request_retries=1, auto_reconnect=False
        )
        with pytest.raises(ConnectionError):
            await three.connect()
        await three.disconnect()
        assert server.traffic.closed == 1


async def test_parts_that_were_fetched_twice_are_counted(
    reader: Reader, server: Server, world: World, alpha: Channel
) -> None:
    alpha.post(media=world.media.document(size=3 * MIB))
    location = await reader.location()
    for offset in (0, MIB, MIB, 2 * MIB, 3 * MIB, 3 * MIB):
        await reader.part(location, offset)
    key = file_of(world).key
    assert server.traffic.repeated() == {(key, "", MIB): 2}
    assert dict(server.traffic.sizes()) == {key: 4 * MIB}
    server.traffic.forget()
    assert server.traffic.repeated() == {}
