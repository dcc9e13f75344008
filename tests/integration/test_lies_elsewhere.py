"""The lies of `test_lies` where a channel has a window, where it is read within a takeout, and both: by hand only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import Rig, held, mirror_of, true
from tests.integration.test_lies import DIFFERENCE, DIFFERENCES, HISTORY, PAGES, _try_sync, lying
from tests.integration.test_takeout import reader_of
from tests.tiers import SOAK

if not SOAK:
    pytest.skip("several minutes: TELEKEEP_SOAK=1", allow_module_level=True)

BEGAN = 1_600_000_000
START = BEGAN + 60 * 300
_ONCE = "every id shifted down"  # with whole contents under other ids once, only an audit can tell


@pytest.fixture
def channel(world: World) -> Channel:
    channel = world.add_channel("Alpha", "alpha", date=BEGAN)
    for number in range(900):
        channel.post(f"message {number}", views=number, date=BEGAN + 60 * number)
    channel.delete(*range(20, 60), *range(600, 720), 898)
    return channel


@asynccontextmanager
async def rig_of(server: Server, account: Account, directory: Path, *, takeout: bool) -> AsyncIterator[Rig]:
    if not takeout:
        async with mirror_of(server, account, directory) as rig:
            yield rig
        return
    async with reader_of(server, account, directory) as reader:
        await reader.takeout.open()
        yield reader.rig


def wanted(rows: dict[int, dict[str, Any]], start: int | None) -> dict[int, dict[str, Any]]:
    return {i: row for i, row in rows.items() if row["date"] >= (start or 0)}


@pytest.mark.parametrize("times", [1, 2, 1000])
@pytest.mark.parametrize(("start", "takeout"), [(START, False), (None, True), (START, True)])
@pytest.mark.parametrize("name", PAGES)
async def test_lies_about_the_first_history_end_in_the_truth(
    server: Server,
    account: Account,
    channel: Channel,
    tmp_path: Path,
    *,
    name: str,
    start: int | None,
    takeout: bool,
    times: int,
) -> None:
    if name == _ONCE and times <= 2:
        return
    async with rig_of(server, account, tmp_path, takeout=takeout) as rig:
        await rig.add(channel, window_start=start)
        with lying(server, HISTORY, PAGES[name], skip=1 if times == 1 else 0, times=times):
            ended = await _try_sync(rig, channel)
        if ended == (True, 0):
            assert wanted(held(tmp_path, channel), start) == wanted(true(channel), start), "said to be complete"
    async with rig_of(server, account, tmp_path, takeout=takeout) as rig:
        assert await _try_sync(rig, channel) == (True, 0)
        assert wanted(held(tmp_path, channel), start) == wanted(true(channel), start)


@pytest.mark.parametrize("times", [1, 1000])
@pytest.mark.parametrize("name", DIFFERENCES)
async def test_lies_about_what_happened_in_a_window_end_in_the_truth(
    server: Server, account: Account, channel: Channel, tmp_path: Path, *, name: str, times: int
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=START)
        await rig.sync(channel)
        for number in range(5):
            channel.post(f"news {number}", date=BEGAN + 60 * 1_000)
        channel.edit(890, text="edited")
        channel.edit(100, text="edited below the window")
        channel.delete(895, 400)
        with lying(server, DIFFERENCE, DIFFERENCES[name](channel), times=times):
            ended = await _try_sync(rig, channel)
        if ended == (True, 0):
            assert held(tmp_path, channel) == wanted(true(channel), START), "said to be complete"
    channel.post("later", date=BEGAN + 60 * 2_000)
    async with mirror_of(server, account, tmp_path) as rig:
        assert await _try_sync(rig, channel) == (True, 0)
        assert held(tmp_path, channel) == wanted(true(channel), START)
