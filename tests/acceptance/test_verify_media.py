"""`telekeep verify --media`: stored files are read again, a share at a time, and what is lost is said and recorded."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archiver.mirror.rebuild_search import prepare_search
from archiver.model.media_file import blob_path
from archiver.store.database import Database
from tests.acceptance.desk import Desk, until
from tests.sample import build, make_message, photo
from tests.stored_files import store_file

COUNT = 12


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve posts with a picture each, all of them stored; the first two show the same one."""
    archive = tmp_path_factory.mktemp("stored") / "archive"
    build(archive, [make_message(at, f"post {at}", media=(picture(max(at, 2)),)) for at in range(1, COUNT + 1)])
    asyncio.run(store(archive))
    return archive


@pytest.fixture
def desk(stored: Path, tmp_path: Path) -> Desk:
    """A copy of it."""
    desk = Desk(tmp_path / "desk")
    shutil.copytree(stored, desk.archive)
    return desk


def picture(number: int) -> Any:
    return dataclasses.replace(photo(), id=str(number))


async def store(archive: Path) -> None:
    async with await Database.open(archive) as database:
        await prepare_search(database)
        for at in range(2, COUNT + 1):
            await store_file(database, f"photo/{at}", f"picture {at}".encode() * 100)


def hashes(desk: Desk) -> list[str]:
    return [row[0] for row in query(desk, "SELECT sha256 FROM blob ORDER BY sha256")]


def query(desk: Desk, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:
    with closing(sqlite3.connect(desk.archive / "archive.db")) as conn, conn:
        return conn.execute(sql, values).fetchall()


def place(desk: Desk, sha256: str) -> Path:
    return desk.archive / blob_path(sha256)


def verified(desk: Desk, *options: str, status: int = 0) -> Mapping[str, Any]:
    done = desk.run("verify", "--quick", "--media", "--json", *options)
    assert done.status == status, done
    found: Mapping[str, Any] = json.loads(done.out)
    return found


def shown_by(desk: Desk, sha256: str) -> int:
    [(message_id,)] = query(desk, "SELECT max(message_id) FROM media WHERE sha256 = ?", sha256)
    return int(message_id)


def test_without_media_a_verification_says_that_files_were_not_read(desk: Desk) -> None:
    place(desk, hashes(desk)[0]).unlink()
    done = desk.do("verify", "--quick")
    assert f"stored files were not read ({COUNT - 1} files, 10.2 kB); --media reads them again." in done.err
    assert json.loads(desk.do("verify", "--quick", "--json").out)["media"]["files"] == 0


def test_intact_files_are_counted_with_their_bytes(desk: Desk) -> None:
    done = desk.do("verify", "--quick", "--media")
    assert done.out == f"{COUNT} payloads\tok\n{COUNT - 1} files\tok\n"
    assert f"stored files: {COUNT - 1} of {COUNT - 1}, 10.2 kB of 10.2 kB, were read again." in done.err
    assert verified(desk)["media"]["missing"] == 0


def test_lost_and_damaged_files_are_named_recorded_and_found_until_they_are_back(desk: Desk, tmp_path: Path) -> None:
    lost, damaged, replaced, cut = hashes(desk)[:4]
    kept = {one: place(desk, one).read_bytes() for one in (lost, damaged, replaced, cut)}
    place(desk, lost).unlink()
    place(desk, damaged).write_bytes(kept[damaged][:-1] + b"!")
    (tmp_path / "elsewhere").write_bytes(kept[replaced])
    place(desk, replaced).unlink()
    place(desk, replaced).symlink_to(tmp_path / "elsewhere")
    place(desk, cut).write_bytes(kept[cut][:-1])
    done = desk.run("verify", "--quick", "--media")
    assert done.status == 6
    assert sorted(done.out.splitlines()) == sorted(
        f"{blob_path(one)}\t{wrong}; shown by {desk_name(desk)}/{shown_by(desk, one)}{more(desk, one)}"
        for one, wrong in {
            lost: "is missing",
            damaged: "is damaged: it has a different SHA-256",
            replaced: "is missing: a link or another kind of file is in its place",
            cut: f"is damaged: it has {len(kept[cut]) - 1:,} bytes instead of {len(kept[cut]):,}",
        }.items()
    )
    assert "4 faults" in done.err
    assert f"stored files: {COUNT - 4} of {COUNT - 1}, " in done.err
    assert "were read again; not read: 2 missing, 1 of another size." in done.err
    assert f"4 faults ({COUNT} payloads and {COUNT - 1} files were checked); the first: media/" in done.err
    assert "`telekeep media retry`, then `telekeep media fetch`." in done.err
    assert dict(query(desk, "SELECT sha256, state FROM blob WHERE state <> 'present'")) == {
        lost: "missing", damaged: "damaged", replaced: "missing", cut: "damaged"
    }  # fmt: skip
    [slot] = json.loads(desk.do("search", f"sha256:{damaged}", "--json", "-n", "1").out)[0]["media"]
    assert (slot["status"], slot["path"], slot["reason"]) == ("failed", None, "the stored copy is damaged")
    place(desk, replaced).unlink()
    for one, content in kept.items():
        place(desk, one).write_bytes(content)
    assert verified(desk)["media"]["damaged"] == 0
    assert desk.do("search", "has:file", "--count").out.strip() == str(COUNT)


def desk_name(desk: Desk) -> str:
    [(name,)] = query(desk, "SELECT username FROM channel")
    return str(name)


def more(desk: Desk, sha256: str) -> str:
    [(count,)] = query(desk, "SELECT count(*) FROM media WHERE sha256 = ?", sha256)
    return " and others" if count > 1 else ""


def test_shares_cover_all_files_in_turn(desk: Desk) -> None:
    seen: list[set[str]] = []
    for _ in range(3):
        before = dict(query(desk, "SELECT sha256, verified_at FROM blob"))
        media = verified(desk, "--sample", "34%")["media"]
        after = dict(query(desk, "SELECT sha256, verified_at FROM blob"))
        seen.append({one for one, at in after.items() if at != before[one]})
        assert media["files"] == 4
        assert 0.34 <= media["bytes"] / media["of_bytes"] < 0.45
    assert seen[0] | seen[1] | seen[2] == set(hashes(desk))
    assert not seen[0] & seen[1]


def test_a_file_that_no_message_has_is_named_and_is_no_fault(desk: Desk) -> None:
    stray = place(desk, "ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"from somewhere else")
    (desk.archive / "media" / "notes.txt").write_text("ours")
    moved = hashes(desk)[0]
    query(desk, "UPDATE blob SET state = 'offloaded' WHERE sha256 = ?", moved)
    media = verified(desk)["media"]
    assert (media["extra"], media["returned"], media["files"]) == (
        [blob_path("ab" * 32)],
        [blob_path(moved)],
        COUNT - 2,
    )
    done = desk.do("verify", "--quick", "--media")
    assert f"1 file in media/ without a message: {blob_path('ab' * 32)}." in done.err
    assert "1 file in media/ recorded as moved away, so not read" in done.err


def test_a_disk_that_is_not_there_is_not_twelve_lost_files(desk: Desk) -> None:
    shutil.rmtree(desk.archive / "media")
    done = desk.run("verify", "--quick", "--media")
    assert done.status == 6
    assert f"has none of the {COUNT - 1} stored files. Nothing was recorded. Mount its disk, or restore it" in done.err
    assert query(desk, "SELECT DISTINCT state FROM blob") == [("present",)]


def test_what_was_read_before_an_interrupt_is_recorded(desk: Desk) -> None:
    huge = "ff" * 32
    place(desk, huge).parent.mkdir(exist_ok=True)
    with place(desk, huge).open("wb") as file:
        file.truncate(200 << 30)  # without a block on disk: it takes minutes to read
    far = 1 << 34
    query(desk, "INSERT INTO blob VALUES (?, ?, ?, ?, 'present')", huge, 200 << 30, 1, far)
    query(desk, "UPDATE blob SET verified_at = stored_at")
    query(desk, "UPDATE blob SET verified_at = ?, stored_at = ? WHERE sha256 = ?", far, far, huge)
    running = desk.start("verify", "--quick", "--media", "--progress", "json")
    heard: list[bytes] = []

    def reading() -> bool:
        assert running.stderr is not None
        heard.append(running.stderr.readline())
        return f'"files":{COUNT - 1}'.encode() in heard[-1]

    until(reading)
    running.send_signal(signal.SIGINT)
    done = desk.end(running)
    assert done.status == 130
    assert "stopped; the files read so far are recorded; the next run starts with the others," in done.err
    rows = query(desk, "SELECT count(*) FROM blob WHERE verified_at > stored_at AND sha256 <> ?", huge)
    assert rows == [(COUNT - 1,)]
    assert query(desk, "SELECT state, verified_at FROM blob WHERE sha256 = ?", huge) == [("present", far)]


def test_an_archive_that_cannot_be_written_to_is_checked_and_says_so(desk: Desk) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    (desk.archive / "archive.db").chmod(0o400)
    done = desk.do("verify", "--quick", "--media")
    assert "the result was not recorded" in done.err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--sample", "5%"), "--sample needs --media. Write --media --sample 5%."),
        (("--media", "--sample", "5"), "--sample '5' is not a share of the stored files. Write --sample 5%."),
        (("--media", "--sample", "0%"), "is not a share"),
        (("--media", "--sample", "101%"), "is not a share"),
        (("--media", "."), "--quick, --deep and --media are for the archive"),
    ],
)
def test_wrong_options_are_refused(desk: Desk, options: tuple[str, ...], why: str) -> None:
    done = desk.run("verify", *options)
    assert done.status == 2
    assert why in done.err
