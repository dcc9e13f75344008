"""What a sync says at its end: how much of a channel was compared with what the server counts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.view.sync_progress import describe_end
from archiver.mirror.comparison import Comparison
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.importing import chat, entry, import_into, write_json
from tests.integration import lies
from tests.integration.mirror_world import numbered_channel
from tests.integration.rig import held, mirror_of, true

START, STEP = 1_600_000_000, 60
HISTORY = "messages.getHistory"


@pytest.fixture
def channel(world: World) -> Channel:
    channel = world.add_channel("Alpha", "alpha", date=START)
    for number in range(700):
        channel.post(f"message {number}", date=START + STEP * number)
    channel.delete(*range(400, 430))
    return channel


def vanish(channel: Channel, *message_ids: int) -> None:
    """Delete messages without any event."""
    pts, told = channel.pts, len(channel.log)
    channel.delete(*message_ids)
    channel.pts = pts
    del channel.log[told:]


@pytest.mark.parametrize("base", [0, 1], ids=["from 0", "from 1"])
@pytest.mark.parametrize("since", [350, -10], ids=["within", "before all"])
async def test_within_a_window_the_count_is_compared(
    server: Server, account: Account, channel: Channel, tmp_path: Path, *, since: int, base: int
) -> None:
    def moved(place: int | None) -> int | None:
        return None if place is None else place + base

    server.faults.add(HISTORY, faults.lie(lies.field(offset_id_offset=moved)))
    start = START + STEP * since
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=start)
        assert await rig.compare(channel) == (True, 0)
        vanish(channel, 500)
        assert await rig.compare(channel) == (True, 0)
        asked = len(server.called(HISTORY))
        assert await rig.compare(channel) == (True, 0)
        assert len(server.called(HISTORY)) - asked <= 3
    assert held(tmp_path, channel) == {i: row for i, row in true(channel).items() if row["date"] >= start}


async def test_what_an_import_claims_is_not_counted_within_a_window(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    claims = [entry(number, f"claimed {number}") for number in (100, 410, 5_000)]
    path = write_json(tmp_path / "result.json", chat(claims, id=channel.id, name="Alpha"))
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=START + STEP * 350)
        assert await rig.compare(channel) == (True, 0)
        await asyncio.to_thread(import_into, tmp_path, path)
        asked = len(server.called(HISTORY))
        for _ in range(2):
            assert await rig.compare(channel) == (True, 0)
        assert len(server.called(HISTORY)) - asked <= 8


async def test_a_count_that_differs_within_a_window_is_told(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    def more(place: int | None) -> int | None:
        return place + 3 if place else place

    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=START + STEP * 350)
        server.faults.add(HISTORY, faults.lie(lies.field(offset_id_offset=more)))
        assert await rig.compare(channel) == (True, 3)


async def test_a_count_that_the_server_does_not_tell_is_not_compared(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=START + STEP * 350)
        server.faults.add(HISTORY, faults.lie(lies.field(offset_id_offset=None)))
        assert await rig.compare(channel) == (True, None)


async def test_a_count_that_the_server_calls_inexact_is_not_compared(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        server.faults.add(HISTORY, faults.lie(lies.field(inexact=True)))
        assert await rig.compare(channel) == (True, None)


async def test_a_channel_that_never_comes_to_rest_is_not_said_to_be_compared(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    def busy(answer: Any) -> Any:
        channel.post("one more")
        return answer

    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        server.faults.add("updates.getChannelDifference", faults.lie(busy))
        assert await rig.compare(channel) == (False, None)


async def test_a_count_that_differs_in_a_channel_too_long_to_be_read_again_is_accepted_too(
    server: Server, account: Account, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.mirror.reread.MOST_PAGES", 5)
    channel = numbered_channel(world, 2_300)
    channel.miscount = 2
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        for _ in range(2):
            assert await rig.compare(channel) == (True, 2)
        asked = len(server.called(HISTORY))
        assert await rig.compare(channel) == (True, 2)
        assert len(server.called(HISTORY)) - asked < 3


@pytest.mark.parametrize(
    ("found", "window_start", "said"),
    [
        (Comparison(settled=True, surplus=0), None, "up to date"),
        (Comparison(settled=True, surplus=0), 1_704_067_200, "up to date since 1 Jan 2024"),
        (Comparison(settled=True, surplus=2), None, "everything the server shows is archived"),
        (
            Comparison(settled=True, surplus=None),
            1_704_067_260,
            "everything the server shows since 1 Jan 2024 00:01 UTC is archived; its count cannot be compared",
        ),
        (
            Comparison(settled=False, surplus=None),
            None,
            "archived as far as it was read; it kept changing, so the next sync compares it",
        ),
    ],
)
def test_no_more_is_said_than_was_compared(found: Comparison, window_start: int | None, said: str) -> None:
    assert describe_end(found, window_start) == said
