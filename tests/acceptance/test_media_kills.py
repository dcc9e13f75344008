"""Files, and what goes wrong while they are fetched: kills, drops, expired references, floods, moved files."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.desk import PHONE, Desk, until
from tests.acceptance.filed import (
    FileServer,
    expect_all_there,
    expect_no_part_twice,
    expect_no_wrong_byte,
    server,
)
from tests.tiers import SOAK

__all__ = ["server"]
MIB = 1 << 20


def fill(server: FileServer, *, photos: int, documents: list[int]) -> list[str]:
    """Two channels of files in three data centres."""
    server.channels("beta")
    keys = [key for dc in (2, 4) for key in server.post("alpha", count=photos // 2, media="photo", size=100_000, dc=dc)]
    for number, size in enumerate(documents):
        keys += server.post("beta", size=size, dc=(2, 4, 5)[number % 3])
    return keys


def trouble(server: FileServer, keys: list[str], chance: random.Random) -> None:
    """Something that a mirror must live with."""
    telegram = server.telegram

    def dropped() -> None:
        server.broke()
        telegram.order("drop")
        server.broke()

    whats: list[Callable[[], object]] = [
        lambda: telegram.order("expire_references"),
        dropped,
        lambda: telegram.order("file_move", file=chance.choice(keys), dc=chance.choice((2, 4, 5))),
        lambda: telegram.order("fault", spec="upload.getFile:premium_flood(1)x1"),
        lambda: telegram.order("fault", spec="upload.getFile:flood(1)x1"),
        lambda: telegram.order("fault", spec="upload.getFile:rpc(500,RPC_CALL_FAIL)x2"),
        lambda: telegram.order("fault", spec="auth.exportAuthorization:flood(1)x1"),
    ]
    chance.choice(whats)()


@pytest.mark.timeout(1800 if SOAK else 300)
@pytest.mark.parametrize("kills", [pytest.param(50, marks=pytest.mark.soak(only="minutes long")), 4])
def test_kills_leave_no_wrong_byte_no_orphan_and_fetch_no_part_twice(
    server: FileServer, tmp_path: Path, kills: int
) -> None:
    chance = random.Random(kills)
    documents = [chance.randrange(1, 12 * MIB) for _ in range(2 * kills)]
    keys = fill(server, photos=20 * kills, documents=documents)
    desk = server.desk(tmp_path / "desk", "@alpha", "@beta")
    server.telegram.order("net", rtt=0.03)
    server.telegram.order("exports", account=PHONE, at_once=1)
    server.telegram.order("traffic", account_rate=(20 * MIB) / 2)
    hits = fetched = 0
    for number in range(kills):
        process = desk.start(*(("media", "fetch") if number % 2 else ("sync", "--media")))
        wanted = fetched + chance.randrange(1, 20)
        until(lambda wanted=wanted, process=process: has_fetched(server, wanted) or process.poll() is not None)
        trouble(server, keys, chance)
        # The moment is the experiment: it waits for nothing.
        time.sleep(chance.uniform(0, 0.4))
        server.broke()
        hits += desk.kill(process)
        server.broke()
        fetched = server.telegram.order("traffic")["parts"]
        expect_no_wrong_byte(desk)
    server.telegram.order("fault", clear=True)
    done = finished(desk)
    again = expect_no_part_twice(server)
    expect_all_there(desk, server, keys)
    fetched = server.telegram.order("traffic")
    assert (fetched["cdn_asked"], fetched["closed"]) == (0, 0)
    sys.stderr.write(f"\n{hits} kills: {len(keys)} files, {fetched['parts']} parts, {again} again; {done}\n")


def has_fetched(server: FileServer, parts: int) -> bool:
    return bool(server.telegram.order("traffic")["parts"] >= parts)


def finished(desk: Desk, runs: int = 5) -> str:
    """Fetch until all is there; each run says the truth about itself."""
    for _ in range(runs):
        done = desk.run("media", "fetch", limit=300)
        if done.status in (0, 1):
            return done.err.strip().splitlines()[-1]
        time.sleep(1.1)
    raise AssertionError(done)


def test_a_file_in_ten_channels_is_fetched_and_stored_once(server: FileServer, tmp_path: Path) -> None:
    names = [f"channel_{letter}" for letter in "abcdefghij"]
    server.channels(*names)
    keys = server.post(*names, size=3 * MIB, dc=4) + server.post(*names, media="photo", size=100_000)
    desk = server.desk(tmp_path / "desk", *(f"@{name}" for name in names))
    finished(desk)
    expect_all_there(desk, server, keys)
    told = server.telegram.order("traffic")
    assert (told["parts"], told["repeated"]) == (4, [])
    assert desk.query("SELECT count(*), count(DISTINCT sha256) FROM media WHERE status = 'downloaded'") == [(20, 2)]
    assert expect_no_part_twice(server) == 0
