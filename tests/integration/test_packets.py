"""A server that names a length which no packet has is left at once, whatever the transport."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest

from archiver.errors import Unreachable
from archiver.pacing.scheduler import Scheduler
from archiver.telegram import Connection, ServerAddress, Timeouts

QUICK = Timeouts(delays=(), first_delays=(), connect=5.0, call=5.0)


@pytest.mark.parametrize("size", [2**31 - 1, 1 << 30, (64 << 20) + 100])
async def test_a_packet_of_gigabytes_is_not_waited_for(tmp_path: Path, size: int) -> None:
    left: asyncio.Queue[float] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        began = asyncio.get_running_loop().time()
        writer.write(struct.pack("<ii", size, 0) + bytes(1 << 16))
        while await reader.read(1 << 16):
            pass
        left.put_nowait(asyncio.get_running_loop().time() - began)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = ServerAddress(api_id=1, api_hash="hash", dc=2, host="127.0.0.1", port=port)
    connection = Connection(address, tmp_path / "session", Scheduler(0), timeouts=QUICK)
    try:
        with pytest.raises(Unreachable):
            await connection.is_logged_in()
        async with asyncio.timeout(60):
            assert await left.get() < 3
    finally:
        await connection.close()
        server.close()
        await server.wait_closed()
