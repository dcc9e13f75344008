"""Kills at every step between a file's last byte and its row: the next start has it whole and leaves no orphan."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.media.blob_store import BlobStore
from archiver.media.handover import Handover
from archiver.media.prune import find_orphans
from archiver.media.recover import recover
from archiver.mirror.rebuild_search import prepare_search
from archiver.model.media_file import FileKey
from archiver.store.database import Database
from archiver.store.media import file as files
from tests.sample import build, make_message, photo

KEY = FileKey("photo/5368324170671202286")
DATA = b"every byte of it" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()
STEPS = ("note", "sync file", "rename", "sync bucket", "sync partial", "settle", "settled", "clear")
KEEP = """
import asyncio, os, signal, sys
from pathlib import Path
from archiver.media.blob_store import BlobStore
from archiver.media.handover import Handed, Handover
from archiver.media.partial import DATA, partial_name
from archiver.store.database import Database
from archiver.store.media.file import settle_downloaded

archive, last, key, sha256 = Path(sys.argv[1]), *sys.argv[2:]

def step(name):
    if name == last:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    store = BlobStore(archive, step=step)
    handover = Handover(store)
    name = partial_name(key) + DATA
    size = os.stat(store.partial / name).st_size
    async with await Database.open(archive) as database:
        step("note")
        turn = handover.note(Handed(key, sha256, size))
        store.adopt(name, sha256=sha256, size=size)
        step("settle")
        await database.write(settle_downloaded, key, sha256=sha256, size=size, now=50)
        step("settled")
        handover.settled(turn)
        step("clear")

asyncio.run(main())
"""


def kill_at(archive: Path, step: str) -> int:
    """Keep the file in another process, which is killed before this step; its exit status."""
    return subprocess.run([sys.executable, "-c", KEEP, str(archive), step, KEY, SHA256], check=False).returncode


@pytest.mark.parametrize(("step", "before"), [*((step, "not downloaded") for step in STEPS), ("settle", "offloaded")])
async def test_a_kill_leaves_no_wrong_byte_and_no_orphan(tmp_path: Path, step: str, before: str) -> None:
    build(tmp_path, [make_message(1, "a", media=(photo(),)), make_message(2, "b", media=(photo(),))])
    store = BlobStore(tmp_path)
    store.prepare()
    async with await Database.open(tmp_path) as database:
        await prepare_search(database)
        if before == "offloaded":  # asked for again
            await database.write(files.settle_downloaded, KEY, sha256=SHA256, size=len(DATA), now=10)
            await database.write(files.set_blob_state, SHA256, "offloaded", now=20)
    (store.partial / "photo_5368324170671202286.data").write_bytes(DATA)
    assert kill_at(tmp_path, step) == -9
    async with await Database.open(tmp_path) as database:
        await recover(database, store, Handover(store), now=99)
        found = await database.read(files.find_file, KEY)
        slots = await database.connection.execute_fetchall("SELECT DISTINCT status, sha256 FROM media")
        assert await find_orphans(database.connection, store) == []
        assert [name for name in store.list_partial() if not name.endswith(".list")] == []
        if step == "note":  # nothing told of the data yet: they are fetched again
            assert (found.status, list(store.list_blobs())) == (before, [])
        else:
            assert (found.status, found.sha256, [tuple(row) for row in slots]) == (
                "downloaded",
                SHA256,
                [("downloaded", SHA256)],
            )
            assert store.path(SHA256).read_bytes() == DATA
            assert list(store.list_blobs()) == [SHA256]
