"""`telekeep similar`: where else the same file or picture was posted, and what that was looked for in."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest

from archiver.mirror.rebuild_search import prepare_search
from archiver.model.media_file import FileKey
from archiver.model.record import Media
from archiver.store.database import Database
from archiver.store.media.picture import PictureHash, put_hashes
from tests.acceptance import warm
from tests.acceptance.desk import ROOT, clean_environment
from tests.acceptance.test_json import expect_valid
from tests.sample import OTHER, build, make_message, photo
from tests.stored_files import store_file

Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]
BASE = 0x8F3A_11C7_52E9_B06D


def shows(message_id: int, id_: int, text: str = "", **more: Any) -> Any:
    return make_message(message_id, text, media=(photo(id=str(id_)),), **more)


async def fill(directory: Path) -> None:
    document = Media(slot=0, kind="document", id="90", mime="application/pdf")
    build(
        directory,
        [
            shows(3, 10, "the copy that was asked about"),
            shows(1, 10, "the same file, earlier"),
            shows(4, 11, "the same bytes"),
            shows(5, 12, "six bits away"),
            shows(6, 13, "seven bits away"),
            make_message(7, "a paper", media=(document,)),
            shows(8, 14, "never stored"),
            shows(9, 15, "flat"),
            make_message(11, "no file"),
            make_message(12, "not in the export", media=(Media(slot=0, kind="photo"),)),
        ],
        top_id=20,
    )
    build(directory, [shows(2, 16, "\x1b[31mone bit away", channel_id=1002)], channel=OTHER)
    async with await Database.open(directory) as database:
        await prepare_search(database)
        for key in ("photo/10", "photo/11"):
            await store_file(database, key, b"the same")
        hashes = {10: BASE, 11: BASE, 12: BASE ^ 0b111111, 13: BASE ^ 0b1111111, 16: BASE ^ 1 << 63}
        made = [PictureHash(key=FileKey(f"photo/{id_}"), source="file", hash=one) for id_, one in hashes.items()]
        made[-1] = PictureHash(key=FileKey("photo/16"), source="preview", hash=BASE ^ 1 << 63)
        flat = PictureHash(key=FileKey("photo/15"), source="file", hash=None, reason="nearly one colour")
        await database.write(put_hashes, [*made, flat], now=1)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("similar")
    asyncio.run(fill(directory))
    return directory


@pytest.fixture
def run(archive: Path) -> Run:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return warm.run(*arguments, cwd=ROOT, env=clean_environment(TELEKEEP_ARCHIVE__DIR=str(archive)))

    return run


def test_others_are_listed_the_earliest_first_with_the_kind_of_match(run: Run) -> None:
    done = run("similar", "NightBridge/3")
    assert done.returncode == 0, done.stderr
    assert [line.split("\t")[1:3] for line in done.stdout.splitlines()] == [
        ["NightBridge/1", "same file"],
        ["jisr_news/2", "1 bit away, by its tiny preview"],
        ["NightBridge/4", "same bytes"],
        ["NightBridge/5", "6 bits away"],
    ]
    assert "\x1b" not in done.stdout
    assert "4 other posts, 2 of them earlier." in done.stderr
    assert "the same bytes among 2 known files" in done.stderr
    assert "similar pictures among 5 of 7 pictures (1 not hashed yet, 1 that cannot be compared)." in done.stderr
    assert "`telekeep media hash`" in done.stderr


def test_the_distance_and_the_number_are_chosen(run: Run) -> None:
    nearer = run("similar", "NightBridge/3", "--bits", "0")
    assert [line.split("\t")[1] for line in nearer.stdout.splitlines()] == ["NightBridge/1", "NightBridge/4"]
    further = run("similar", "NightBridge/3", "--bits", "7", "-n", "1")
    assert len(further.stdout.splitlines()) == 1
    assert "5 other posts, 2 of them earlier, the first 1 shown (-n 0 shows all)." in further.stderr
    assert run("similar", "NightBridge/3", "--bits", "8").returncode == 2


def test_its_json_is_as_documented(run: Run) -> None:
    whole = orjson.loads(run("similar", "NightBridge/3", "--json").stdout)
    expect_valid("similar", whole)
    assert [post["match"] for post in whole["posts"]] == [
        "same file",
        "similar picture",
        "same bytes",
        "similar picture",
    ]
    assert [post["bits"] for post in whole["posts"]] == [None, 1, None, 6]
    assert whole["files"][0]["hash"] == f"{BASE:016x}"
    lines = run("similar", "NightBridge/3", "--jsonl").stdout.splitlines()
    assert [orjson.loads(line) for line in lines] == whole["posts"]
    for line in lines:
        expect_valid("similar", orjson.loads(line), line=True)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "NightBridge/8",
            "similar pictures were not searched for. `telekeep media fetch NightBridge/8` fetches the photo.",
        ),
        ("NightBridge/9", "the photo has no hash (nearly one colour): similar pictures were not searched for."),
        ("NightBridge/7", "no other post found. Compared: the same file among all archived messages"),
        ("NightBridge/11", "the message has no file to compare."),
        ("NightBridge/12", "the file of the message's photo is not known, so there is nothing to compare."),
    ],
)
def test_none_says_over_what(run: Run, address: str, said: str) -> None:
    done = run("similar", address)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in " ".join(done.stderr.split())


def test_a_message_that_is_not_archived_is_an_error(run: Run) -> None:
    done = run("similar", "NightBridge/15")
    assert done.returncode == 2
    assert "is not fetched yet" in done.stderr
