"""Whatever happens in a channel and on the line, and wherever we crash: in the end the mirror equals the world."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from telethon import TelegramClient

from archiver.errors import Error
from archiver.store.channels.channel import find_channel
from archiver.store.channels.coverage import list_coverage
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.test_properties import happen
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import LeapingClock, held, mirror_of, query, true
from tests.tiers import examples

EVENTS = ["post", "post", "post", "album", "edit", "edit", "delete", "delete 3", "pin", "title", "react"]
LINE = {
    "drop": faults.drop(),
    "half": faults.half(60),
    "dup": faults.dup(),
    "failure": faults.rpc(500, "RPC_CALL_FAIL"),
    "flood": faults.flood(7),
    "container": faults.unknown_ctor("container"),
}
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(EVENTS), st.integers(0, 1_000)),
        st.tuples(st.just("burst"), st.integers(1, 250)),
        st.tuples(st.just("sync"), st.sampled_from(["", *LINE])),
        st.tuples(st.just("crash"), st.integers(1, 120)),
    ),
    max_size=25,
)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.sampled_from([None, 3, 40]))
@example(
    [("burst", 250), ("sync", ""), ("burst", 120), ("edit", 5), ("delete 3", 9), ("crash", 40), ("sync", "half")], 40
)
def test_in_the_end_the_mirror_equals_the_world(steps: list[tuple[str, int | str]], slice_size: int | None) -> None:
    folder = Path(tempfile.mkdtemp(prefix="telekeep-test-"))
    try:
        asyncio.run(assert_life_is_mirrored(folder, steps, slice_size))
    finally:
        shutil.rmtree(folder)
        TelegramClient._config = None


async def assert_life_is_mirrored(folder: Path, steps: list[tuple[str, int | str]], slice_size: int | None) -> None:
    world = World()
    account = world.add_account()
    channel = world.add_channel("Alpha", "alpha")
    channel.slice_size = slice_size
    async with Server(world) as server:
        await _sync(server, account, folder, channel)
        for kind, detail in steps:
            if kind == "burst":
                for number in range(int(detail)):
                    channel.post(f"burst {number}")
            elif kind == "sync":
                if detail:
                    server.faults.add("*", LINE[str(detail)], times=1, skip=3)
                await _sync(server, account, folder, channel)
            elif kind == "crash":
                await _sync(server, account, folder, channel, crash_after=int(detail))
                server.faults.until.clear()  # this rig keeps no flood waits over a crash; the service's does
            else:
                happen(channel, (kind, int(detail)))
        await _sync(server, account, folder, channel)
        await _sync(server, account, folder, channel)
        assert server.violations == []
        assert server.forbidden == []
    assert held(folder, channel) == true(channel)
    assert {
        row[0] for row in query(folder, "SELECT message_id FROM message WHERE missing_since IS NOT NULL")
    }.isdisjoint(channel.ids)
    assert query(folder, "PRAGMA integrity_check") == [("ok",)]


async def _sync(
    server: Server, account: Account, folder: Path, channel: Channel, *, crash_after: int | None = None
) -> None:
    async with mirror_of(server, account, folder, clock=LeapingClock(server)) as rig:
        if await rig.database.read(find_channel, channel.id) is None:
            await rig.add(channel)
        task = asyncio.create_task(rig.sync(channel))
        if crash_after is not None:
            for _ in range(crash_after):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            return
        try:
            await task
        except Error:
            await rig.sync(channel)  # what a user does: run it again
        row = await rig.database.read(find_channel, channel.id)
        assert row is not None
        covered = await rig.database.read(list_coverage, channel.id, row.generation)
        assert covered in ([(1, row.top_id)], [])
