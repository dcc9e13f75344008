"""One client library that is not Telethon, Kurigram, reads the loopback server: python other_client.py JSON.

Run as a process of its own with {port, n, e, fingerprint, phone, code, password, channel}; prints what it read as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from typing import Any

import pyrogram
from pyrogram.connection.transport import TCPAbridged
from pyrogram.crypto import rsa
from pyrogram.raw import functions, types
from pyrogram.session.auth import Auth


class LoopbackOnly(TCPAbridged):  # type: ignore[misc]  # Kurigram is not installed where types are checked
    """A client that lost its way must not reach Telegram itself."""

    async def connect(self, address: tuple[str, int]) -> None:
        assert address[0] == "127.0.0.1", address
        await super().connect(address)


async def read(given: dict[str, Any]) -> dict[str, Any]:
    rsa.server_public_keys[given["fingerprint"]] = rsa.PublicKey(given["n"], given["e"])
    with tempfile.TemporaryDirectory() as directory:
        client = pyrogram.Client("soak", 1, "hash", workdir=directory, no_updates=True, protocol_factory=LoopbackOnly)
        storage = client.storage
        await storage.open()
        key = await Auth(client, 2, "127.0.0.1", given["port"], False).create()
        known = {"dc_id": 2, "api_id": 1, "date": 0, "test_mode": False, "user_id": 0, "is_bot": False}
        for name, value in (known | {"auth_key": key, "server_address": "127.0.0.1", "port": given["port"]}).items():
            await getattr(storage, name)(value)
        await client.connect()
        try:
            return await asyncio.wait_for(_read(client, given), 90)
        finally:
            await client.disconnect()


async def _read(client: pyrogram.Client, given: dict[str, Any]) -> dict[str, Any]:
    sent = await client.send_code(given["phone"])
    try:
        await client.sign_in(given["phone"], sent.phone_code_hash, given["code"])
    except pyrogram.errors.SessionPasswordNeeded:
        await client.check_password(given["password"])
    history = [m async for m in client.get_chat_history(given["channel"])]
    peer = await client.resolve_peer(given["channel"])
    channel = types.InputChannel(channel_id=peer.channel_id, access_hash=peer.access_hash)
    difference = await client.invoke(
        functions.updates.GetChannelDifference(
            channel=channel, filter=types.ChannelMessagesFilterEmpty(), pts=given["pts"], limit=100
        )
    )
    media = next(m for m in history if m.document)
    file = await client.download_media(media, in_memory=True)
    return {
        "history": {m.id: m.text or m.caption or "" for m in history},
        "new": [m.id for m in difference.new_messages],
        "file": len(file.getbuffer()),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(read(json.loads(sys.argv[1])))))  # noqa: T201
