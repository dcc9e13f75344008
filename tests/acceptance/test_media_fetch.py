"""`sync --media` and `run`: files whole and once, whenever the process is killed, and never at the posts' expense."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.acceptance.desk import Desk, Telegram, until
from tests.acceptance.running import Ground, ground, service
from tests.tiers import SOAK

KILLS = 50 if SOAK else 6
UNDER_WAY = 32
"""Parts that one killed process may have had under way."""
WORLDS = ("--world", "photos:120:30000", "--world", "files:9,5@4,0.5")


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(tmp_path_factory.mktemp("telegram"), *WORLDS, channels=6) as made:
        yield made


@pytest.fixture
def telegram(field: Ground) -> Iterator[Telegram]:
    field.telegram.order("traffic", forget=True)
    yield field.telegram
    field.telegram.calm()
    field.telegram.order("traffic", connection_rate=0)


@pytest.fixture
def desk(field: Ground, tmp_path: Path) -> Desk:
    desk = field.desk(tmp_path / "desk")
    desk.environment |= {
        "TELEKEEP_MEDIA__DOWNLOAD": "all",
        "TELEKEEP_MEDIA__MAX_SIZE": "100MB",
        "TELEKEEP_MEDIA__MIN_FREE": "1MB",
        "TELEKEEP_MEDIA__THUMBNAILS": "false",
    }
    return desk


def truth(telegram: Telegram) -> dict[str, str]:
    """The SHA-256 of every file of the server."""
    path = telegram.directory / "files.jsonl"
    telegram.order("files", path=str(path))
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return {row["key"]: row["sha256"] for row in rows}


def repeated(telegram: Telegram) -> int:
    """How many answers with bytes brought what an earlier one had brought."""
    return sum(times - 1 for *_, times in telegram.order("traffic")["repeated"])


def stored(desk: Desk) -> dict[str, str]:
    return dict(desk.query("SELECT file_key, sha256 FROM file WHERE status = 'downloaded'"))


def expect_whole(desk: Desk, telegram: Telegram, keys: set[str]) -> None:
    """These files are there with their true bytes, and nothing else is."""
    true, held = truth(telegram), stored(desk)
    assert held == {key: true[key] for key in keys}
    on_disk: dict[str, Any] = {}
    for path in (desk.archive / "media").glob("??/*"):
        digest = path.parent.name + path.name
        on_disk[digest] = sha256(path.read_bytes()).hexdigest()
        assert path.stat().st_mode & 0o777 == 0o600
    assert all(name == digest for name, digest in on_disk.items())
    assert set(on_disk) == set(held.values()) == {row[0] for row in desk.query("SELECT sha256 FROM blob")}
    assert not list((desk.archive / "media" / "partial").iterdir())


def test_kills_leave_no_wrong_byte_no_orphan_and_fetch_again_only_what_was_under_way(
    desk: Desk, telegram: Telegram
) -> None:
    chance = random.Random(5)
    desk.do("add", "@photos", "@files")
    desk.do("sync")
    wanted = {
        row[0]
        for row in desk.query(
            "SELECT DISTINCT CASE kind WHEN 'photo' THEN 'photo/' ELSE 'document/' END || id FROM media"
        )
    }
    telegram.order("traffic", connection_rate=3e6)
    kills = 0
    for _ in range(KILLS):
        process = desk.start("sync", "--media")
        began = len(stored(desk))
        media = desk.archive / "media"
        until(lambda: process.poll() is not None or (media / "partial").is_dir())  # noqa: B023
        time.sleep(chance.uniform(0.0, 0.6))
        kills += desk.kill(process)
        assert len(stored(desk)) >= began
    telegram.order("traffic", connection_rate=0)
    done = desk.do("sync", "--media")
    assert kills
    assert "fetched (" in done.err
    expect_whole(desk, telegram, wanted)
    again = repeated(telegram)
    assert again <= kills * UNDER_WAY, again
    assert desk.do("sync", "--media").err.count("fetched") == 0


def test_posts_do_not_wait_for_files_and_their_own_files_follow(desk: Desk, telegram: Telegram) -> None:
    desk.do("add", "@photos", "@files", "@many_001")
    desk.do("sync")
    channel_id = telegram.channel_id("many_001")
    telegram.order("fault", spec="upload.getFile:flood(1)")  # no file comes
    before = telegram.calls("upload.getFile")
    with service(desk):
        until(lambda: telegram.calls("upload.getFile") > before, what="the first file's being asked for")
        for number in range(8):
            message_id = telegram.post("many_001", f"news {number}", media="photo")
            sql = f"SELECT 1 FROM message WHERE channel_id = {channel_id} AND message_id = {message_id}"  # noqa: S608
            until(lambda: desk.query(sql), what="news")  # noqa: B023
        telegram.order("fault", clear=True)
        files = "SELECT count(*) FROM media WHERE id IS NOT NULL AND kind <> 'webpage' AND status <> 'downloaded'"
        until(lambda: desk.query(files) == [(0,)], what="all files")
    wanted = {row[0] for row in desk.query("SELECT file_key FROM file")}
    expect_whole(desk, telegram, wanted)


def test_a_channel_without_policy_gets_no_file_and_sync_without_media_none_at_all(
    desk: Desk, telegram: Telegram
) -> None:
    desk.environment["TELEKEEP_MEDIA__DOWNLOAD"] = "none"
    desk.do("add", "@files")
    desk.do("sync", "--media")
    desk.environment["TELEKEEP_MEDIA__DOWNLOAD"] = "all"
    desk.do("sync")
    assert telegram.order("traffic")["parts"] == 0


def test_a_flood_wait_longer_than_a_command_waits_ends_it_with_status_5_and_the_next_goes_on(
    desk: Desk, telegram: Telegram
) -> None:
    desk.do("add", "@files")
    desk.do("sync")
    before = telegram.order("calls")["violations"]  # of other tests on this server
    telegram.order("fault", spec="upload.getFile:flood(900)+3x1")
    done = desk.run("sync", "--media")
    assert done.status == 5
    assert "getFile" in done.err
    assert desk.run("sync", "--media").status == 5, "kept across restarts"
    assert telegram.order("calls")["violations"] == before


def test_a_full_disk_stops_files_in_one_line_and_the_next_run_goes_on(desk: Desk, telegram: Telegram) -> None:
    desk.do("add", "@files")
    desk.do("sync")
    limited = (
        "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20)); "
        "os.execv(sys.executable, [sys.executable, '-m', 'archiver', *sys.argv[1:]])"
    )
    done = desk.end(desk.start(args=[sys.executable, "-c", limited, "sync", "--media"]))
    assert done.status == 3
    [error] = done.errors
    assert "a file could not be stored: File too large." in error
    assert "not known" not in error
    done = desk.do("sync", "--media")
    wanted = {row[0] for row in desk.query("SELECT file_key FROM file")}
    assert len(wanted) == 3
    expect_whole(desk, telegram, wanted)
    assert repeated(telegram) <= UNDER_WAY
