"""The control lines about files, and the worlds of files."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient, errors

from tests.doubles.telegram.ask import history, peer_of
from tests.doubles.telegram.conftest import Order
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.doubles.telegram.worlds import load


async def newest(client: TelegramClient, world: World, account: Account, name: str = "alpha") -> Any:
    return (await client(history(peer_of(world.channel(name), account), limit=1))).messages[0]


async def test_the_same_file_is_posted_in_many_channels_and_its_truth_is_told(
    order: Order, client: TelegramClient, world: World, account: Account, tmp_path: Path
) -> None:
    for name in ("alpha", "beta", "gamma"):
        world.add_channel(name.capitalize(), name)
    about = {"media": "photo", "size": 100_000, "dc": 4, "scene": "quay", "crop": 0.01}
    posted = order("post_files", channels=["alpha", "beta", "gamma"], count=2, **about)["posted"]
    assert len(posted) == 6
    assert len({key for _, _, key in posted}) == 2
    ids = [(await newest(client, world, account, name)).photo.id for name in ("alpha", "beta", "gamma")]
    assert len(set(ids)) == 1
    data = await client.download_media(await newest(client, world, account), bytes)
    assert order("files", path=str(tmp_path / "files.jsonl"))["count"] == 2
    rows = [json.loads(line) for line in (tmp_path / "files.jsonl").read_text("ascii").splitlines()]
    (row,) = [row for row in rows if row["key"] == f"photo/{ids[0]}"]
    assert (row["size"], row["sha256"], row["dc"]) == (100_000, sha256(data).hexdigest(), 4)


async def test_an_edit_may_bring_another_file_and_media_may_destroy_itself(
    order: Order, client: TelegramClient, world: World, account: Account
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    order("noforwards", channel="alpha")
    order("post_files", channel="alpha", media="video", ttl=60, count=1)
    before = await newest(client, world, account)
    assert (before.media.ttl_seconds, before.noforwards) == (60, True)
    assert order("edit_file", channel="alpha", id=alpha.top, media="photo", ttl=5)["ok"]
    after = await newest(client, world, account)
    assert (after.media.ttl_seconds, after.photo is not None) == (5, True)


async def test_orders_spoil_files_and_count_what_was_fetched(
    order: Order, server: Server, client: TelegramClient, account: Account, tmp_path: Path
) -> None:
    world = server.world
    world.add_channel("Alpha", "alpha")
    ((_, _, key),) = order("post_files", channel="alpha", media="document", size=3000)["posted"]
    message = await newest(client, world, account)
    assert order("file_fault", action="short(1000)x1", file=key)["rules"] == 1
    assert [len(await client.download_media(message, bytes)) for _ in range(2)] == [1000, 3000]
    told = order("traffic")
    assert (told["parts"], told["files"], told["repeated"]) == (2, 1, [[key, "", 0, 2]])
    assert told["connections"][2] == 1
    order("parts", path=str(tmp_path / "parts"))
    assert [json.loads(line)["key"] for line in (tmp_path / "parts").read_text("ascii").splitlines()] == [key, key]
    order("file_gone", file=key, name="LOCATION_INVALID")
    with pytest.raises(errors.LocationInvalidError):
        await client.download_media(message, bytes)
    order("file_gone", file=key, on=False)
    order("references", stale=key)
    with pytest.raises(errors.FileReferenceExpiredError):
        await client.download_media(await newest(client, world, account), bytes)
    order("references", stale=key, on=False, lifetime=60, expired_as="FILE_REFERENCE_0_EXPIRED")
    server.clock = 120
    with pytest.raises(errors.BadRequestError, match="FILE_REFERENCE_0_EXPIRED"):
        await client.download_media(message, bytes)
    order("file_move", file=key, dc=4)
    assert len(await client.download_media(await newest(client, world, account), bytes)) == 3000
    told = order("traffic", small=[1, 30], most_connections=5, account_rate=1e6, forget=True)
    assert (told["parts"], server.traffic.account_rate, server.traffic.most_connections) == (0, 1e6, 5)
    assert not order("traffic", speed=1)["ok"]
    assert not order("file_gone", file="photo/1")["ok"]


def test_worlds_of_files(world: World) -> None:
    load(world, "photos:200:50000@4", 1)
    load(world, "files:1,0.5@4", 1)
    photos = [file for file in world.files if file.kind == "photo"]
    assert {(file.sizes[file.largest][2], file.dc) for file in photos} == {(50_000, 4)}
    assert len({world.files.sha256(file) for file in photos}) == 200
    documents = [file for file in world.files if file.kind == "document"]
    assert [(file.sizes[""][2], file.dc) for file in documents] == [(1 << 20, 2), (1 << 19, 4)]
