"""`telekeep media annotate` and `telekeep media hash`: what programs make of stored files, found and shown apart."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest

from archiver.lock import hold_hooks
from archiver.mirror.rebuild_search import prepare_search
from archiver.model.record import Media
from archiver.store.database import Database
from tests.acceptance import warm
from tests.acceptance.desk import ROOT, clean_environment, until
from tests.acceptance.test_json import expect_valid
from tests.sample import OTHER, build, make_message, photo
from tests.stored_files import store_file

Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]
VOICE = Media(slot=0, kind="voice", id="10", mime="audio/ogg")


async def fill(directory: Path) -> None:
    build(
        directory,
        [
            make_message(1, "a recording", media=(VOICE,)),
            make_message(2, "a sign", media=(photo(id="20"),)),
            make_message(3, "forwarded", media=(VOICE,)),
        ],
    )
    async with await Database.open(directory) as database:
        await prepare_search(database)
        await store_file(database, "document/10", b"the convoy left at nine")
        await store_file(database, "photo/20", b"\xff\xd8 no picture")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    directory = tmp_path / "my archive; rm -rf *"
    directory.mkdir(mode=0o700)
    asyncio.run(fill(directory))
    return directory


@pytest.fixture
def run(archive: Path) -> Run:
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = {"TELEKEEP_ARCHIVE__DIR": str(archive)} | environment
        return warm.run(*arguments, cwd=ROOT, env=clean_environment(**settings))

    return run


def program(tmp_path: Path, body: str) -> str:
    path = tmp_path / "a program"
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def hook(*command: str) -> dict[str, str]:
    return {"TELEKEEP_MEDIA__HOOKS__TRANSCRIBE": json.dumps(command)}


def shown(run: Run, address: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(run("show", address, "--json").stdout)
    expect_valid("show", found)
    return found


def test_a_recording_is_transcribed_found_and_shown_apart(run: Run, tmp_path: Path) -> None:
    done = run("media", "annotate", **hook(program(tmp_path, 'test "$#" = 1 && cat "$1"'), "{path}"))
    assert done.returncode == 0, done.stderr
    assert "transcribe: 1 stored file with a text." in done.stderr
    row = shown(run, "NightBridge/1")
    [made] = row["annotations"]
    assert (made["hook"], made["text"], made["program"]) == ("transcribe", "the convoy left at nine", "a program")
    assert row["text"] == "a recording"
    assert shown(run, "NightBridge/2")["annotations"] is None
    found = run("search", "convoys in:annotations", "--sort", "oldest", "--jsonl").stdout.splitlines()
    assert [orjson.loads(line)["message_id"] for line in found] == [1, 3]
    lines = run("search", "convoys in:annotations", "--sort", "oldest").stdout.splitlines()
    assert [line.split("\t")[3] for line in lines] == [
        f"{text} [voice] [transcript by a program: the convoy left at nine]" for text in ("a recording", "forwarded")
    ]
    without = run("search", "convoys")
    assert without.returncode == 1
    assert "in transcripts and texts in pictures: 2 found; add in:annotations" in without.stderr
    exported = run("export", "--format", "jsonl", "-o", "-", "--query", "convoy in:annotations").stdout.splitlines()
    assert [orjson.loads(line)["annotations"][0]["text"] for line in exported] == ["the convoy left at nine"] * 2
    copy = tmp_path / "copy"
    run("export", "--format", "sqlite", "-o", str(copy / "archive.db"))
    there = {"TELEKEEP_ARCHIVE__DIR": str(copy)}
    found = run("search", "convoys in:annotations", "--sort", "oldest", "--jsonl", **there).stdout.splitlines()
    assert [orjson.loads(line)["annotations"][0]["program"] for line in found] == ["a program"] * 2
    assert run("verify", **there).returncode == 0


def test_failures_are_counted_and_tried_again_on_request(run: Run, tmp_path: Path) -> None:
    failing = hook(program(tmp_path, "echo no model >&2; exit 9"), "{path}") | {"TELEKEEP_MEDIA__HOOKS__ATTEMPTS": "1"}
    done = run("media", "annotate", **failing)
    assert done.returncode == 3
    assert "1 file failed: transcribe: exit status 9: no model." in done.stderr
    assert "1 given up (--retry)" in done.stderr
    working = hook(program(tmp_path, "echo text"), "{path}") | {"TELEKEEP_MEDIA__HOOKS__ATTEMPTS": "1"}
    assert "0 stored files with a text, 1 given up" in run("media", "annotate", **working).stderr
    assert "1 stored file with a text." in run("media", "annotate", "--retry", **working).stderr


def test_silent_and_missing_files_are_counted_apart(run: Run, tmp_path: Path, archive: Path) -> None:
    silent = hook(program(tmp_path, "exit 0"), "{path}")
    voice = next(path for path in (archive / "media").rglob("*") if path.is_file() and b"convoy" in path.read_bytes())
    voice.rename(tmp_path / "voice")
    lost = run("media", "annotate", **silent)
    assert "transcribe: 0 stored files with a text, 1 missing (`telekeep verify --media` names them)." in lost.stderr
    assert lost.returncode == 3
    (tmp_path / "voice").rename(voice)
    done = run("media", "annotate", **silent)
    assert (done.returncode, "transcribe: 0 stored files with a text, 1 without." in done.stderr) == (0, True)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "no program is set to transcribe or read files. Set media.hooks.transcribe or media.hooks.ocr"),
        (hook("no-such-program", "{path}"), "[media.hooks] transcribe: there is no program no-such-program."),
        ({"TELEKEEP_MEDIA__HOOKS__OCR": "tesseract {path} -"}, "write it as a list"),
    ],
)
def test_what_is_wrong_is_one_line(run: Run, environment: dict[str, str], said: str) -> None:
    done = run("media", "annotate", **environment)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupt_ends_the_program_and_keeps_what_was_made(archive: Path, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    body = f"echo $$ > '{note}'; exec sleep 600"
    environment = clean_environment(TELEKEEP_ARCHIVE__DIR=str(archive), **hook(program(tmp_path, body), "{path}"))
    command = [sys.executable, "-m", "archiver", "media", "annotate"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        until(lambda: note.exists() and note.read_text(encoding="utf-8").strip(), what="the program")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"the texts made so far are kept" in err
    assert not Path(f"/proc/{note.read_text(encoding='utf-8').strip()}/cmdline").exists()


def test_pictures_are_hashed_and_compared(run: Run, archive: Path) -> None:
    pytest.importorskip("imagehash", reason="needs the extra [media]")
    from tests.pictures import PASSED_ON, encode, photograph

    async def more() -> None:
        build(archive, [make_message(9, channel_id=1002, media=(photo(id="30"),))], channel=OTHER)
        async with await Database.open(archive) as database:
            await store_file(database, "photo/30", PASSED_ON["compressed again"](photograph(4)))
            await database.write(lambda conn: conn.execute("DELETE FROM file WHERE file_key = 'photo/20'"))
            await store_file(database, "photo/20", encode(photograph(4), quality=95))

    asyncio.run(more())
    done = run("media", "hash")
    assert done.returncode == 0, done.stderr
    assert "2 pictures hashed; 2 of 2 archived pictures can be compared now." in done.stderr
    found = run("similar", "NightBridge/2", "--json")
    assert [(post["channel"], post["match"]) for post in orjson.loads(found.stdout)["posts"]] == [
        ("jisr_news", "similar picture")
    ]


def test_verify_finds_an_annotation_that_cannot_be_found(run: Run, archive: Path, tmp_path: Path) -> None:
    run("media", "annotate", **hook(program(tmp_path, 'cat "$1"'), "{path}"))
    assert run("verify").returncode == 0
    with closing(sqlite3.connect(archive / "archive.db", isolation_level=None)) as conn:
        conn.execute("UPDATE annotation SET text = 'the convoy left at ten'")
    done = run("verify")
    assert done.returncode == 6
    assert "annotations cannot be found by all their words" in done.stdout
    run("repair", "search")
    assert run("verify").returncode == 0


def test_two_never_run_programs_at_once(run: Run, archive: Path, tmp_path: Path) -> None:
    with hold_hooks(archive, command="media annotate"):
        done = run("media", "annotate", **hook(program(tmp_path, "echo text"), "{path}"))
    assert done.returncode == 2
    assert "[media.hooks] is in use by `telekeep media annotate`" in done.stderr
