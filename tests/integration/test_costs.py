"""What a server may cost: an answer that unpacks to hundreds of megabytes is refused and costs its call only."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from telethon.tl import types
from telethon.tl.core import MessageContainer

from archiver.errors import ServerFault
from archiver.telegram import TelegramSource, Timeouts
from tests.doubles.telegram import faults
from tests.doubles.telegram.bomb import bomb
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import connection_of

MEGABYTES = 600
MAX_PACKET_MB = 300
HISTORY, STATUS = "messages.getHistory", Path("/proc/self/status")
PATIENCE = Timeouts(delays=(0.02, 0.02), connect=5, call=10, call_max=10, forever=True)


class Peak:
    """The highest memory of this process since it was made, in MB."""

    def __init__(self) -> None:
        if not STATUS.exists():
            pytest.skip("the kernel does not tell the peak of a process's memory")
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self._before = self._read()

    @staticmethod
    def _read() -> int:
        lines = dict(line.split(":", 1) for line in STATUS.read_text(encoding="ascii").splitlines())
        return int(lines["VmHWM"].split()[0]) // 1024

    @property
    def growth(self) -> int:
        return self._read() - self._before


@pytest.fixture
def channel(world: World) -> Channel:
    made = world.add_channel("Alpha", "alpha")
    made.post("one")
    return made


@pytest.fixture
async def source(server: Server, account: Account, tmp_path: Path) -> AsyncIterator[TelegramSource]:
    connection = connection_of(server, account, tmp_path, timeouts=PATIENCE)
    yield TelegramSource(connection)
    await connection.close()


@pytest.mark.parametrize("how", ["once", "nested", "inside"])
async def test_an_answer_that_unpacks_to_hundreds_of_megabytes_is_refused(
    how: str, server: Server, account: Account, channel: Channel, source: TelegramSource
) -> None:
    key = channel.id, server.world.access_hash(account, channel)
    await source.get_history(*key, offset_id=0)
    bomb(MEGABYTES, how)
    server.faults.add(HISTORY, faults.bomb(MEGABYTES, how))
    peak = Peak()
    others = asyncio.gather(*(source.get_difference(*key, pts=1) for _ in range(5)))
    with pytest.raises(ServerFault, match="inside" if how == "inside" else "64 MB"):
        await source.get_history(*key, offset_id=0)
    assert peak.growth < MAX_PACKET_MB
    assert [d.pts for d in await others] == [channel.pts] * 5
    server.faults.clear()
    assert (await source.get_history(*key, offset_id=0)).count == 2
    assert server.accepted == 1


async def test_packed_pushes_are_passed_over(
    server: Server, account: Account, channel: Channel, source: TelegramSource
) -> None:
    key = channel.id, server.world.access_hash(account, channel)
    bomb(MEGABYTES, "once")
    server.faults.add(HISTORY, faults.bomb(MEGABYTES, "beside"))
    peak = Peak()
    for _ in range(3):
        assert (await source.get_history(*key, offset_id=0)).count == 2
    assert peak.growth < MAX_PACKET_MB


async def test_one_packet_of_many_packed_answers_has_one_limit(
    server: Server, account: Account, channel: Channel, source: TelegramSource
) -> None:
    key = channel.id, server.world.access_hash(account, channel)
    await source.get_history(*key, offset_id=0)
    (conn,) = server.connections
    packed = bomb(40, "once")
    parts = [struct.pack("<qii", conn._next_msg_id(3), 1, len(packed)) + packed for _ in range(30)]
    peak = Peak()
    conn.send(struct.pack("<Ii", MessageContainer.CONSTRUCTOR_ID, len(parts)) + b"".join(parts))
    assert (await source.get_history(*key, offset_id=0)).count == 2
    assert peak.growth < MAX_PACKET_MB


async def test_a_container_of_many_small_answers_takes_no_time(
    server: Server, account: Account, channel: Channel, source: TelegramSource
) -> None:
    """Telethon copies what is left of the packet for each of them."""
    key = channel.id, server.world.access_hash(account, channel)
    await source.get_history(*key, offset_id=0)
    (conn,) = server.connections
    result = struct.pack("<Iq", 0xF35C6D01, 4) + types.auth.LoggedOut()._bytes()
    parts = [struct.pack("<qii", conn._next_msg_id(1), 1, len(result)) + result for _ in range(60_000)]
    begun = time.process_time()
    peak = Peak()
    conn.send(struct.pack("<Ii", MessageContainer.CONSTRUCTOR_ID, len(parts)) + b"".join(parts))
    assert (await source.get_history(*key, offset_id=0)).count == 2
    assert peak.growth < MAX_PACKET_MB
    assert time.process_time() - begun < 8
