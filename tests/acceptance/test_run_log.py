"""What the service logs of trouble that it gets over by itself: nobody is asked to run anything again."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.desk import Desk, until
from tests.acceptance.running import Ground, ground, service, stop, wait_until_equal
from tests.doubles.meilisearch.fixtures import Meili, meili

__all__ = ["meili"]

ADVICE = re.compile(
    r"run (it|the (same )?command|this|again)|try (it )?again|run `telekeep (run|sync)|\bagain in \d", re.IGNORECASE
)
TROUBLES = (
    "*:drop()x2",
    "*:rpc(500,INTERNAL)x3",
    "*:flood(1)x2",
    "updates.getChannelDifference:rpc(500,RPC_CALL_FAIL)x2",
    "messages.getHistory:unknown_ctor()x1;updates.getChannelDifference:unknown_ctor()x1",
)


@pytest.fixture(scope="module")
def shared_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(tmp_path_factory.mktemp("telegram"), channels=6) as made:
        yield made


def test_service_gives_no_rerun_hint_for_what_it_retries_itself(
    shared_ground: Ground, meili: Meili, tmp_path: Path
) -> None:
    telegram, names = shared_ground.telegram, shared_ground.names(3)
    desk = shared_ground.desk(tmp_path / "desk", *names)
    desk.environment |= {
        "TELEKEEP_MEILISEARCH__URL": meili.url,
        "TELEKEEP_MEILISEARCH__API_KEY": meili.master_key or "",
    }
    log = tmp_path / "log"
    with log.open("wb") as stderr, service(desk, "-v", stderr=stderr) as process:
        wait_until_equal(desk, telegram, *names)
        meili.double.refuse()
        for spec in TROUBLES:
            telegram.order("fault", spec=spec)
            telegram.order("drop")
            telegram.post(names[0], spec)
            wait_until_equal(desk, telegram, names[0])
            telegram.calm()
        telegram.order("private", channel=names[1])
        telegram.post(names[2], "while the archive is held")
        hold_for_a_while(desk)
        until(lambda: b"indexing paused" in log.read_bytes(), what="the index's trouble")
        until(lambda: b"retrying in" in log.read_bytes(), what="the channel's trouble")
        telegram.order("clear", channel=names[1])
        meili.double.listen()
        wait_until_equal(desk, telegram, names[0], names[2])
        stop(desk, process)
    written = [line for line in log.read_text("utf-8").splitlines() if ADVICE.search(line)]
    assert written == []


def hold_for_a_while(desk: Desk) -> None:
    """Another program writes into the archive."""
    with closing(sqlite3.connect(desk.archive / "archive.db", isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout = 10000")
        other.execute("BEGIN IMMEDIATE")
        threading.Event().wait(1.0)
        other.execute("ROLLBACK")
