"""The index beside a mirror that lives: `telekeep sync` and `telekeep run`; on the double, or on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.acceptance.desk import Desk, until
from tests.acceptance.running import Ground, ground, service, stop, wait_until_equal
from tests.doubles.meilisearch.fixtures import Meili, meili
from tests.integration.index_rig import every_document

__all__ = ["meili"]


@pytest.fixture(scope="module")
def shared_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(tmp_path_factory.mktemp("telegram")) as made:
        yield made


def set_up(desk: Desk, meili: Meili) -> str:
    """Give the desk an index."""
    name = meili.fresh()
    desk.environment |= {
        "TELEKEEP_MEILISEARCH__URL": meili.url,
        "TELEKEEP_MEILISEARCH__INDEX": name,
        "TELEKEEP_MEILISEARCH__API_KEY": meili.master_key or "none",
    }
    desk.secrets.append(meili.master_key or "none")
    return name


def held(desk: Desk) -> dict[str, tuple[str, bool]]:
    rows = desk.query("SELECT channel_id, message_id, text, missing_since IS NOT NULL FROM message")
    return {f"c{channel}_{message}": (text, bool(gone)) for channel, message, text, gone in rows}


def indexed(meili: Meili, name: str) -> dict[str, tuple[str, bool]]:
    return {one: (doc["text"], doc.get("is_missing", False)) for one, doc in every_document(meili, name).items()}


def test_service_keeps_the_index_equal_to_the_archive(shared_ground: Ground, meili: Meili, tmp_path: Path) -> None:
    names = shared_ground.names(2)
    desk = shared_ground.desk(tmp_path / "desk", *names)
    index, telegram = set_up(desk, meili), shared_ground.telegram
    with service(desk) as process:
        wait_until_equal(desk, telegram, *names)
        until(lambda: held(desk) and indexed(meili, index) == held(desk), what="an index as the archive is")
        new = telegram.post(names[0], "a bridge is closed")
        telegram.order("edit", channel=names[0], id=3, text="corrected")
        wait_until_equal(desk, telegram, *names)
        until(lambda: indexed(meili, index) == held(desk), what="an index as the archive is")
        assert any(one.endswith(f"_{new}") for one in indexed(meili, index))
        found = orjson.loads(desk.do("status", "--json").out)["index"]
        assert (found["state"], found["waiting"], found["set_aside"]) == ("following", 0, 0)
        done = desk.do("index", "rebuild")
        assert "`telekeep run` is running and rebuilds it" in done.err
        assert indexed(meili, index) == held(desk)
        desk.kill(process)
    telegram.post(names[0], "after the kill")
    with service(desk) as process:
        wait_until_equal(desk, telegram, *names)
        until(lambda: indexed(meili, index) == held(desk), what="an index as the archive is")
        stop(desk, process)


def test_service_mirrors_and_stops_in_time_while_the_index_hangs(
    shared_ground: Ground, meili: Meili, tmp_path: Path
) -> None:
    from tests.doubles.meilisearch.faults import hang

    names = shared_ground.names(1)
    desk = shared_ground.desk(tmp_path / "desk", *names)
    set_up(desk, meili)
    meili.double.faults.add("*", hang())
    with service(desk) as process:
        wait_until_equal(desk, shared_ground.telegram, *names)
        new = shared_ground.telegram.post(names[0], "nobody waits for the index")
        wait_until_equal(desk, shared_ground.telegram, *names)
        stop(desk, process)
    assert (new, "nobody waits for the index") in desk.query("SELECT message_id, text FROM message")
    assert desk.query("SELECT count(*) > 0 FROM outbox") == [(1,)], "the index has acknowledged nothing"


def test_sync_updates_the_index_or_says_why_not(shared_ground: Ground, meili: Meili, tmp_path: Path) -> None:
    names = shared_ground.names(2)
    desk = shared_ground.desk(tmp_path / "desk", *names)
    index = set_up(desk, meili)
    done = desk.do("sync")
    assert "index: up to date" in done.err
    assert indexed(meili, index) == held(desk) != {}
    shared_ground.telegram.post(names[1], "while the index was away")
    desk.environment["TELEKEEP_MEILISEARCH__URL"] = "http://127.0.0.1:9"
    done = desk.run("sync")
    assert done.status == 0
    assert "index: 1 message waits; the next run sends them. 127.0.0.1:9 is unreachable" in done.err
    assert done.err.count("did not answer") == 1
    desk.environment["TELEKEEP_MEILISEARCH__URL"] = meili.url
    desk.do("sync")
    assert indexed(meili, index) == held(desk)
