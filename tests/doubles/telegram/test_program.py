"""The server as a program: its one line, its key, its truth, its control lines, its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient, errors
from telethon.crypto import rsa
from telethon.sessions import MemorySession
from telethon.tl import functions as fn
from telethon.tl import types as tl

from tests.doubles.telegram.__main__ import build, options
from tests.doubles.telegram.ask import difference, walk
from tests.doubles.telegram.truth import media_kind

ROOT = Path(__file__).parents[3]
Program = asyncio.subprocess.Process


@contextlib.asynccontextmanager
async def program(*args: str) -> AsyncIterator[tuple[Program, int]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.doubles.telegram",
        *args,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        assert line.startswith("listening on 127.0.0.1:")
        yield process, int(line.rpartition(":")[2])
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        assert process.stdin is not None
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def order(process: Program, **order: Any) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order).encode() + b"\n")
    return json.loads(await asyncio.wait_for(process.stdout.readline(), 10))


@contextlib.asynccontextmanager
async def logged_in(
    port: int, pem: Path, session: MemorySession | None = None, **options: Any
) -> AsyncIterator[TelegramClient]:
    rsa.add_key(pem.read_text(), old=False)
    if session is None:
        session = MemorySession()
    session.set_dc(2, "127.0.0.1", port)
    settings = {"receive_updates": False, "flood_sleep_threshold": 0, "request_retries": 1}
    client = TelegramClient(session, 7, "h", **settings | options)
    await client.connect()
    try:
        if not await client.is_user_authorized():
            await client.send_code_request("+9996613579")
            await client.sign_in("+9996613579", "13579")
        yield client
    finally:
        await client.disconnect()


async def test_the_demo_is_mirrored_id_by_id(tmp_path: Path) -> None:
    pem, rows, state = tmp_path / "keys" / "server.pem", tmp_path / "truth.jsonl", tmp_path / "state.json"
    who = ("--phone", "+9996613579", "--code", "13579", "--api-id", "7", "--api-hash", "h", "--state", str(state))
    session = MemorySession()
    async with program("--public-key", str(pem), "--world", "demo", "--truth", str(rows), *who) as (process, port):
        assert pem.read_text().startswith("-----BEGIN RSA PUBLIC KEY-----")
        async with logged_in(port, pem, session) as client:
            truth = [json.loads(line) for line in rows.read_text("utf-8").splitlines()]
            names = {r["channel"] for r in truth}
            assert names == {"nahrain_desk", "zarechye_news", "atlas_desk"}
            for name in names:
                await _compare(client, name, [r for r in truth if r["channel"] == name])
            answer = await order(process, do="calls")
            assert answer["forbidden"] == answer["violations"] == []
            assert answer["calls"]["messages.getHistory"] > 12
    async with program("--port", str(port), "--public-key", str(pem), *who), logged_in(port, pem, session) as client:
        assert await client.is_user_authorized()


async def _compare(client: TelegramClient, name: str, rows: list[dict[str, Any]]) -> None:
    chat = (await client(fn.contacts.ResolveUsernameRequest(name))).chats[0]
    found, _ = await walk(client, tl.InputPeerChannel(chat.id, chat.access_hash))
    expected = {r["id"]: r for r in rows if not r.get("deleted")}
    assert sorted(found) == sorted(expected)
    for message_id, message in found.items():
        row = expected[message_id]
        assert (message.message or "") == row["text"]
        assert int(message.date.timestamp()) == row["date"]
        assert media_kind(message.media) == row["media"]
        assert len(message.entities or []) == len(row["entities"])


async def test_control_lines_change_the_world(tmp_path: Path) -> None:
    pem = tmp_path / "server.pem"
    who = ("--phone", "+9996613579", "--code", "13579")
    async with program("--public-key", str(pem), "--world", "small", *who) as (process, port):
        async with logged_in(port, pem) as client:
            chat = (await client(fn.contacts.ResolveUsernameRequest("alpha"))).chats[0]
            peer = tl.InputPeerChannel(chat.id, chat.access_hash)
            _, pts = await walk(client, peer)
            said = await order(process, do="post", channel="alpha", text="خبر", media="photo")
            assert (said["ok"], said["pts"]) == (True, pts + 1)
            await order(process, do="edit", channel="alpha", id=said["id"], text="خبر مصحح")
            await order(process, do="delete", channel="alpha", ids=[3])
            answer = await client(difference(peer, pts))
            assert answer.new_messages[0].message == "خبر مصحح"
            assert answer.new_messages[0].photo
            assert answer.other_updates[-1].messages == [3]
            await order(process, do="fault", spec="updates.getChannelDifference:flood(9)x1")
            with pytest.raises(errors.FloodWaitError):
                await client(difference(peer, pts))
        assert not (await order(process, do="explode"))["ok"]
        assert not (await order(process, do="post", channel="nowhere", text="x"))["ok"]
        shown = await order(process, do="channels")
        assert [c["username"] for c in shown["channels"]] == ["alpha", "beta", "gamma"]


async def test_a_world_from_a_file_and_the_end_of_stdin(tmp_path: Path) -> None:
    file, pem = tmp_path / "world.json", tmp_path / "server.pem"
    file.write_text(
        json.dumps(
            {
                "channels": [
                    {
                        "title": "File",
                        "username": "from_file",
                        "date": 1_600_000_000,
                        "messages": [
                            {"text": "one", "date": 1_600_000_001},
                            {"text": "two", "date": 1_600_000_002, "media": "voice"},
                            {"edit": 2, "text": "one!", "date": 1_600_000_003},
                            {"delete": [3]},
                        ],
                    }
                ]
            }
        )
    )
    who = ("--phone", "+9996613579", "--code", "13579")
    async with program(
        "--public-key", str(pem), "--world", str(file), "--world", "big:300", *who, "--channels", "one,two"
    ) as (process, port):
        assert process.stdin is not None
        process.stdin.close()
        async with logged_in(port, pem) as client:
            for name, count in (("from_file", 2), ("big", 300), ("two", 1)):
                chat = (await client(fn.contacts.ResolveUsernameRequest(name))).chats[0]
                found, _ = await walk(client, tl.InputPeerChannel(chat.id, chat.access_hash))
                assert len(found) == count


async def test_the_switches_of_the_command_line(tmp_path: Path) -> None:
    pem = tmp_path / "server.pem"
    who = ("--phone", "+9996613579", "--code", "13579", "--account", "+9996622222:33333")
    more = (
        "--many",
        "20",
        "--every-edit",
        "--proxy",
        "socks5:u:p w",
        "--proxy",
        "http",
        "--proxy",
        f"mtproxy:{'ab' * 16}",
    )
    async with program("--public-key", str(pem), *who, *more) as (process, port):
        ways = (await order(process, do="proxies"))["proxies"]
        assert [w["url"].rpartition(":")[0] for w in ways] == [
            "socks5://u:p%20w@127.0.0.1",
            "http://127.0.0.1",
            "mtproxy://127.0.0.1",
        ]
        assert ways[2]["url"].endswith(f"/dd{'ab' * 16}")
        socks5 = {"proxy_type": "socks5", "addr": "127.0.0.1", "username": "u", "password": "p w"}
        socks5["port"] = int(ways[0]["url"].rpartition(":")[2])
        async with logged_in(port, pem, auto_reconnect=False, proxy=socks5) as client:
            chat = (await client(fn.contacts.ResolveUsernameRequest("many_007"))).chats[0]
            peer = tl.InputPeerChannel(chat.id, chat.access_hash)
            _, pts = await walk(client, peer)
            for text in ("one", "two"):
                await order(process, do="edit", channel="many_007", id=2, text=text)
            told = (await client(difference(peer, pts))).other_updates
            assert [u.message.message for u in told] == ["one", "two"]
            assert [w["carried"] for w in (await order(process, do="proxies"))["proxies"]] == [1, 0, 0]
            assert (await order(process, do="ban_account", account="+9996622222"))["ok"]
            assert (await order(process, do="proxy", number=0, on=False))["ok"]
            assert not (await order(process, do="proxy", number=3))["ok"]
            with pytest.raises((ConnectionError, EOFError)):
                await asyncio.wait_for(client.disconnected, 5)


def test_an_account_that_is_there_gets_the_code_and_the_password_of_the_command_line() -> None:
    world = build(
        options(["--account", "+9996612345:55555:word", "--account", "9996622222:33333", "--home", "9996622222:4"])
    )
    first, second = world.accounts.values()
    assert (first.phone, first.code, second.phone, second.code, second.home_dc) == (
        "9996612345",
        "55555",
        "9996622222",
        "33333",
        4,
    )
    assert first.password is not None
    assert first.password.hint == "a word"
    assert second.password is None
