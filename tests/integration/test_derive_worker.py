"""The service, when idle, hashes pictures and runs hooks; what goes wrong there stops nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from archiver.clock import Clock
from archiver.media.annotate import Annotator, HookRules
from archiver.media.run_hook import HookLimits
from archiver.mirror.rebuild_search import prepare_search
from archiver.model.hooks import Hook
from archiver.model.record import Media
from archiver.service.derive_worker import DeriveWorker, deriving
from archiver.store.database import Database
from archiver.store.media.annotation import count_annotations
from archiver.store.media.picture import count_pictures
from tests.sample import build, make_message, photo
from tests.stored_files import store_file

FAST = 400.0
"""IDLE passes in a twentieth of a second."""
RULES = HookRules(limits=HookLimits(seconds=20, output=1000), attempts=2)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    voice = Media(slot=0, kind="voice", id="10", mime="audio/ogg")
    build(tmp_path, [make_message(1, media=(voice,)), make_message(2, media=(photo(id="20"),))])
    async with await Database.open(tmp_path) as database:
        await prepare_search(database)
        await store_file(database, "document/10", b"voice")
        yield database


def worker(database: Database, *command: str, is_busy: Callable[[], bool] = lambda: False) -> DeriveWorker:
    hook = Hook(name="transcribe", command=command)
    annotator = Annotator(database, [hook], RULES) if command else None
    return DeriveWorker(database, annotator, is_busy=is_busy, clock=Clock(speed=FAST))


async def until_annotated(database: Database) -> None:
    async with asyncio.timeout(30):
        while not (await database.read(count_annotations, "transcribe", attempts=2)).done:  # noqa: ASYNC110 - in a file
            await asyncio.sleep(0.02)


async def test_what_is_stored_is_annotated_when_the_service_is_idle(database: Database) -> None:
    async with deriving(worker(database, "cat", "{path}")):
        await until_annotated(database)
    [text] = await database.read(lambda conn: conn.execute("SELECT text FROM annotation").fetchall())
    assert tuple(text) == ("voice",)


async def test_nothing_is_derived_while_histories_are_read(database: Database) -> None:
    asked = asyncio.Event()
    busy = [True]

    def is_busy() -> bool:
        asked.set()
        return busy[0]

    async with deriving(worker(database, "cat", "{path}", is_busy=is_busy)):
        for _ in range(3):
            asked.clear()
            async with asyncio.timeout(30):
                await asked.wait()
        assert (await database.read(count_annotations, "transcribe", attempts=2)).done == 0
        busy[0] = False
        await until_annotated(database)


async def test_a_missing_program_is_told_once(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    deriver = worker(database, "no-such-program", "{path}")
    await deriver._is_due()
    assert await deriver._is_due()
    for _ in range(2):
        await deriver._derive(asyncio.Event())
    told = [one.getMessage() for one in caplog.records if "no-such-program" in one.getMessage()]
    assert told == ["[media.hooks] transcribe: there is no program no-such-program"]


async def test_once_all_is_done_nothing_is_due_until_something_arrives(database: Database) -> None:
    deriver = worker(database)
    assert not await deriver._is_due(), "files may still be arriving"
    assert await deriver._is_due()
    await deriver._derive(asyncio.Event())
    assert not await deriver._is_due()
    await store_file(database, "photo/20", b"a picture")
    assert not await deriver._is_due()
    assert await deriver._is_due()


async def test_pictures_are_hashed(database: Database) -> None:
    pytest.importorskip("imagehash", reason="needs the extra [media]")
    from tests.pictures import encode, photograph

    await store_file(database, "photo/20", encode(photograph(1)))
    async with deriving(worker(database)), asyncio.timeout(60):
        while not (await database.read(count_pictures)).hashed:  # noqa: ASYNC110 - in a file
            await asyncio.sleep(0.02)
    assert (await database.read(count_pictures)).hashed == 1


async def test_a_stop_ends_a_hook_at_once(database: Database, tmp_path: Path) -> None:
    note = tmp_path / "running"
    async with deriving(worker(database, "sh", "-c", f"touch '{note}'; exec sleep 600", "{path}")):
        async with asyncio.timeout(30):
            while not note.exists():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.01)
    counts = await database.read(count_annotations, "transcribe", attempts=2)
    assert (counts.done, counts.failed) == (0, 0), "its limit was waited for"
