"""Hooks on an archive: which files they get, what is recorded, and when they try again."""

from __future__ import annotations

import asyncio
import shlex
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from archiver.ids import ChannelId
from archiver.media.annotate import Annotated, Annotator, HookRules
from archiver.media.run_hook import HookLimits
from archiver.mirror.rebuild_search import prepare_search
from archiver.model.hooks import Hook, choose_suffix, retry_after
from archiver.model.record import Media
from archiver.store.database import Database
from archiver.store.media.annotation import count_annotations, list_annotations
from tests.sample import OTHER, build, make_message, photo
from tests.stored_files import store_file

RULES = HookRules(limits=HookLimits(seconds=20, output=1000), attempts=2)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Two voice notes of which one is in both channels, a song that is not stored, a picture and a document."""
    voice = Media(slot=0, kind="voice", id="10", mime="audio/ogg")
    other = Media(slot=0, kind="audio", id="11", mime="audio/mpeg")
    absent = Media(slot=0, kind="audio", id="12", mime="audio/mpeg")
    document = Media(slot=0, kind="document", id="30", mime="application/pdf")
    build(
        tmp_path,
        [
            make_message(1, media=(voice,)),
            make_message(2, media=(other,)),
            make_message(3, media=(absent,)),
            make_message(4, media=(photo(id="20"),)),
            make_message(5, media=(document,)),
        ],
    )
    build(tmp_path, [make_message(7, channel_id=1002, media=(voice,))], channel=OTHER)
    async with await Database.open(tmp_path) as database:
        await prepare_search(database)
        await store_file(database, "document/10", b"one", now=100)
        await store_file(database, "document/11", b"two", now=200)
        await store_file(database, "photo/20", b"picture")
        await store_file(database, "document/30", b"%PDF")
        yield database


def hook(tmp_path: Path, body: str, *, name: str = "transcribe", version: str | None = None) -> Hook:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    told = None if version is None else ("echo", version)
    return Hook(name=name, command=(str(program), "{path}"), version=told)


async def annotate(
    database: Database, *hooks: Hook, now: float = 1000, channels: list[int] | None = None
) -> list[Annotated]:
    chosen = None if channels is None else [ChannelId(one) for one in channels]
    annotator = Annotator(database, hooks, RULES, channels=chosen, now=lambda: now)
    return [one async for one in annotator.run(asyncio.Event())]


async def test_each_file_of_a_hooks_kinds_is_seen_once_the_latest_first(database: Database, tmp_path: Path) -> None:
    note = shlex.quote(str(tmp_path / "seen"))
    program = hook(tmp_path, f'echo "$1" >> {note}; printf "text of "; cat "$1"', version="whisper 1.7\nmore")
    assert [one.result.text for one in await annotate(database, program)] == ["text of two", "text of one"]
    assert [Path(line).suffix for line in (tmp_path / "seen").read_text(encoding="utf-8").split()] == [".mp3", ".ogg"]
    assert await annotate(database, program) == []
    assert await database.read(count_annotations, "transcribe", attempts=2) == (2, 0, 0, 0)
    found = await database.read(list_annotations, [one async for one in _hashes(database)])
    [made] = found["7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"]
    assert (made.hook, made.program, made.version, made.text) == ("transcribe", "program", "whisper 1.7", "text of one")
    assert (made.at, made.exit_status) == (1000, 0)


async def _hashes(database: Database) -> AsyncIterator[str]:
    for (sha256,) in await database.connection.execute_fetchall("SELECT sha256 FROM blob"):
        yield str(sha256)


async def test_pictures_go_to_ocr_only(database: Database, tmp_path: Path) -> None:
    program = hook(tmp_path, 'cat "$1"', name="ocr")
    assert [one.result.text for one in await annotate(database, program)] == ["picture"]


async def test_a_channel_can_be_chosen(database: Database, tmp_path: Path) -> None:
    program = hook(tmp_path, 'cat "$1"')
    assert [one.result.text for one in await annotate(database, program, channels=[1002])] == ["one"]


async def test_a_failure_is_tried_again_later_and_then_given_up(database: Database, tmp_path: Path) -> None:
    program = hook(tmp_path, "echo no model >&2; exit 1")
    assert len(await annotate(database, program, now=1000)) == 2
    assert await database.read(count_annotations, "transcribe", attempts=2) == (0, 2, 0, 0)
    assert await annotate(database, program, now=1000 + retry_after(1) - 1) == []
    again = await annotate(database, program, now=1000 + retry_after(1))
    assert [one.result.reason for one in again] == ["exit status 1: no model"] * 2
    assert await database.read(count_annotations, "transcribe", attempts=2) == (0, 0, 2, 0)
    assert await annotate(database, program, now=10**9) == []


async def test_a_success_after_a_failure_is_kept(database: Database, tmp_path: Path) -> None:
    await annotate(database, hook(tmp_path, "exit 1"), now=1000)
    assert len(await annotate(database, hook(tmp_path, "echo text"), now=10**6)) == 2
    assert await database.read(count_annotations, "transcribe", attempts=2) == (2, 0, 0, 0)


async def test_silence_is_a_result(database: Database, tmp_path: Path) -> None:
    assert [one.result.text for one in await annotate(database, hook(tmp_path, "exit 0"))] == ["", ""]
    assert await database.read(count_annotations, "transcribe", attempts=2) == (2, 0, 0, 2)
    here = await database.read(count_annotations, "transcribe", attempts=2, channels=[ChannelId(1002)])
    assert here == (1, 0, 0, 1)
    assert await annotate(database, hook(tmp_path, "exit 0")) == []


async def test_a_missing_program_fails_no_file(database: Database) -> None:
    missing = Hook(name="transcribe", command=("telekeep-no-such-program", "{path}"))
    annotator = Annotator(database, [missing], RULES)
    assert [one async for one in annotator.run(asyncio.Event())] == []
    assert annotator.absent == {"transcribe": "there is no program telekeep-no-such-program"}
    assert await database.read(count_annotations, "transcribe", attempts=2) == (0, 0, 0, 0)


async def test_a_file_that_is_not_there_waits(database: Database, tmp_path: Path) -> None:
    for path in (database.path.parent / "media").rglob("*"):
        if path.is_file():
            path.unlink()
            path.symlink_to("/dev/null")  # a link is no copy either
    assert await annotate(database, hook(tmp_path, "echo text")) == []
    assert await database.read(count_annotations, "transcribe", attempts=2) == (0, 0, 0, 0)


async def test_a_stop_ends_the_program_and_records_nothing(database: Database, tmp_path: Path) -> None:
    note = tmp_path / "running"
    annotator = Annotator(database, [hook(tmp_path, f"touch {shlex.quote(str(note))}; exec sleep 600")], RULES)
    stop = asyncio.Event()

    async def collect() -> list[Annotated]:
        return [one async for one in annotator.run(stop)]

    async with asyncio.timeout(20):
        running = asyncio.create_task(collect())
        while not note.exists():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
        stop.set()
        assert await running == []
    assert await database.read(count_annotations, "transcribe", attempts=2) == (0, 0, 0, 0)


def test_the_suffix_is_ours_whatever_the_server_says() -> None:
    assert choose_suffix("voice", "audio/ogg; codecs=opus") == ".ogg"
    assert choose_suffix("voice", "../../etc/passwd") == ".ogg"
    assert choose_suffix("document", None) == ""


def test_waits_grow_to_a_day() -> None:
    assert [retry_after(attempts) for attempts in range(1, 6)] == [3600, 14400, 57600, 86400, 86400]
