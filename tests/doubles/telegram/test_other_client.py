"""A client library that is not Telethon reads everything: the double is held to the documents, not to one client."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest

from tests.doubles.telegram import crypto
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import World

PYTHON = os.environ.get("TELEKEEP_SOAK_PYTHON", sys.executable)
"""The interpreter that has Kurigram: pip install '.[soak]', or one of an environment of its own."""


@pytest.mark.soak(only="needs another client")
@pytest.mark.skipif(
    sys.executable == PYTHON and importlib.util.find_spec("pyrogram") is None, reason="Kurigram is not installed"
)
async def test_kurigram_makes_a_key_logs_in_and_reads_everything(server: Server, world: World) -> None:
    account = world.add_account("+9996611111", "12345", "word")
    alpha = world.add_channel("Alpha", "alpha")
    for number in range(250):
        alpha.post(f"post {number}")
    alpha.post("a file", media=world.media.document(dc=4, size=300_000))
    alpha.delete(30, 40)
    before = alpha.pts
    later = [alpha.post(f"later {number}").id for number in range(3)]
    given = {
        "port": server.port,
        "n": crypto.PUBLIC_KEY.n,
        "e": crypto.PUBLIC_KEY.e,
        "fingerprint": crypto.fingerprint(),
        "phone": account.phone,
        "code": account.code,
        "password": "word",
        "channel": "alpha",
        "pts": before,
    }
    script = Path(__file__).with_name("other_client.py")
    process = await asyncio.create_subprocess_exec(
        PYTHON, script, json.dumps(given), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(110):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-2000:]
    read = json.loads(out)
    expected = {str(i): getattr(alpha.posts[i].message, "message", None) or "" for i in alpha.ids}
    assert read["history"] == expected
    assert read["new"] == later
    assert read["file"] == 300_000
    assert "pad" in server.exchanges or "old" in server.exchanges
