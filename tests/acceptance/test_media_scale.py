"""Very many photos: memory stays small, and a new post is mirrored at once while files are fetched."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.desk import ROOT, Desk, clean_environment, until
from tests.acceptance.filed import expect_no_part_twice, file_server, stored
from tests.acceptance.running import service
from tests.tiers import SOAK

LIMIT_BYTES = 250 * 10**6
POSTS = 20
MOST_PARTS = 30
"""Parts of files that may be served between a post and its being archived; a full queue would let hundreds pass."""


@pytest.mark.timeout(1800 if SOAK else 300)
@pytest.mark.parametrize("photos", [pytest.param(10_000, marks=pytest.mark.soak(only="minutes long")), 400])
def test_memory_stays_small_however_many_photos_there_are(tmp_path: Path, photos: int) -> None:
    place = tmp_path / "telegram"
    place.mkdir()
    with file_server(place, "--world", f"photos:{photos}") as server:
        desk = server.desk(tmp_path / "desk", "@photos")
        began = time.monotonic()
        status, peak = run_alone(desk, "media", "fetch")
        took = time.monotonic() - began
        assert status == 0
        assert len(stored(desk)) == photos
        assert expect_no_part_twice(server) == 0
    assert peak < LIMIT_BYTES
    sys.stderr.write(f"\n{photos} photos in {took:.1f} s, {peak / 1e6:.0f} MB\n")


_MEASURED = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024)
"""


def run_alone(desk: Desk, *arguments: str) -> tuple[int, int]:
    """Status and peak memory of the command, started by a small process: a peak begins with the starting one's own."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, sys.executable, "-m", "archiver", *arguments],
        cwd=desk.home,
        env=clean_environment(HOME=str(desk.home), **desk.environment) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    status, peak = map(int, done.stdout.split())
    return status, peak


@pytest.mark.timeout(300)
def test_a_new_post_does_not_wait_for_the_files_that_are_fetched(tmp_path: Path) -> None:
    """How long it takes is measured by `scripts/bench`."""
    place = tmp_path / "telegram"
    place.mkdir()
    photos, megabytes = (4000, 256) if SOAK else (600, 64)
    with file_server(place, "--world", f"photos:{photos}", "--world", f"files:{megabytes}") as server:
        telegram = server.telegram
        telegram.order("make", title="Alpha", username="alpha")
        desk = server.desk(tmp_path / "desk", "@alpha", "@photos", "@files")
        telegram.order("net", rtt=0.02)
        telegram.order("traffic", account_rate=12e6)
        with service(desk):
            until(lambda: telegram.order("traffic")["parts"] > 10, what="the first files")
            passed = []
            for number in range(POSTS):
                message_id = telegram.post("alpha", f"news {number}")
                before = telegram.order("traffic")["parts"]
                question = f"SELECT 1 FROM message WHERE text = 'news {number}' AND message_id = {message_id}"  # noqa: S608
                until(lambda question=question: desk.query(question), what="the post")
                passed.append(telegram.order("traffic")["parts"] - before)
            assert telegram.order("traffic")["files"] < photos + 1, "all was fetched before the posts came"
    assert statistics.median(passed) < MOST_PARTS, passed
    sys.stderr.write(f"\nparts between a post and its archiving: {passed}\n")
