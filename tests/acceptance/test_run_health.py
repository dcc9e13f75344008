"""Whether the service really mirrors, as those who watch it are told: over a socket and by an exit status."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.desk import Desk, until
from tests.acceptance.running import Ground, ground, service, stop, wait_until_equal


@pytest.fixture(scope="module")
def shared_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(tmp_path_factory.mktemp("telegram"), channels=10) as made:
        yield made


@pytest.fixture
def field(shared_ground: Ground) -> Iterator[Ground]:
    yield shared_ground
    shared_ground.telegram.calm()


def listening(desk: Desk, port: int | None = None) -> Desk:
    """A desk whose service listens."""
    if port is None:
        with closing(socket.socket()) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
    desk.listen = f"127.0.0.1:{port}"
    desk.settle()
    return desk


def get(desk: Desk, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{desk.listen}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def health(desk: Desk) -> tuple[int, dict[str, Any]]:
    status, body = get(desk, "/health")
    return status, json.loads(body)


def metrics(desk: Desk) -> dict[tuple[str, ...], float]:
    """By name and the values of its labels."""
    status, body = get(desk, "/metrics")
    assert status == 200
    return {
        (sample.name.removeprefix("telekeep_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


def test_health_follows_connection_and_channels(field: Ground, tmp_path: Path) -> None:
    names = field.names(2)
    desk = listening(field.desk(tmp_path / "desk", *names))
    nobody = desk.run("health")
    assert (nobody.status, nobody.errors) == (
        2,
        ["telekeep: the service is not running: it was never started; `telekeep run` starts it."],
    )
    with service(desk):
        wait_until_equal(desk, field.telegram, *names)
        until(lambda: health(desk)[0] == 200, what="its being well")
        status, told = health(desk)
        assert (status, told["healthy"], told["troubles"]) == (200, True, [])
        assert told["accounts"]["default"]["channels"] == 2
        until(lambda: desk.run("health").status == 0, what="the command's saying so")
        assert desk.do("health").out == "mirroring 2 channels\n"
        assert json.loads(desk.do("health", "--json").out)["healthy"] is True
        # Without a line it lives, and mirrors nothing.
        field.telegram.order("fault", spec="*:drop()")
        field.telegram.order("drop")
        until(lambda: health(desk)[0] == 503, what="its noticing")
        assert health(desk)[1]["troubles"][0].startswith("account default is offline since ")
        until(lambda: desk.run("health").status == 2, what="the command's noticing")
        assert metrics(desk)["healthy",] == 0
        field.telegram.calm()
        until(lambda: health(desk)[0] == 200, what="its coming back")
        # One channel that cannot be read is trouble, though no reason to start the service again.
        field.telegram.order("private", channel=names[0])
        until(lambda: health(desk)[0] == 503, what="its noticing")
        told = health(desk)[1]
        assert (told["healthy"], told["state"]) == (False, "partly")
        assert told["troubles"][0].startswith(f"1 of 2 channels; @{names[0]} private since 20")
        assert [one["name"] for one in told["channels"]] == [f"@{names[0]}"]
        assert get(desk, "/live")[0] == 200
        until(lambda: desk.run("health").status == 3, what="the command's noticing")
        done = desk.run("health")
        assert (done.status, done.errors) == (3, [f"telekeep: {told['troubles'][0]}"])
        assert desk.run("health", "--service").status == 0
        assert desk.run("health", "--json").rows[0]["state"] == "partly"
        # Nor does it mirror when there is no channel that it can read.
        for name in names:
            field.telegram.order("private", channel=name)
        until(lambda: health(desk)[0] == 503, what="its noticing")
        until(lambda: get(desk, "/live")[0] == 503, what="its noticing both")
        assert health(desk)[1]["troubles"][0] == "account default currently cannot read any of its 2 channels."
        for name in names:
            field.telegram.order("clear", channel=name)


def test_metrics_count_what_happened(field: Ground, tmp_path: Path) -> None:
    names, telegram = field.names(2), field.telegram
    desk = listening(field.desk(tmp_path / "desk", *names))
    with service(desk):
        wait_until_equal(desk, telegram, *names)
        before = metrics(desk)
        assert before["messages_total", "default", "inserted"] == 8
        assert before["calls_total", "default", "getHistory", "answered"] >= 2
        assert before["account_state", "default", "mirroring"] == 1
        assert before["channels", "default", "followed"] == 2
        [post] = [telegram.post(names[0], "to be edited")]
        wait_until_equal(desk, telegram, *names)
        telegram.order("edit", channel=names[0], id=post, text="edited")
        telegram.order("delete", channel=names[1], ids=[2])
        telegram.order("fault", spec="messages.getPeerDialogs:flood(3)x1")
        wait_until_equal(desk, telegram, *names)
        until(lambda: metrics(desk).get(("calls_total", "default", "getPeerDialogs", "flood")) == 1, what="the flood")
        after = metrics(desk)
        changes = {change: after["messages_total", "default", change] for change in ("inserted", "revised", "missing")}
        assert changes == {"inserted": 9, "revised": 1, "missing": 1}
        assert after["lag_seconds",] < 600
        assert before["account_last_success_timestamp_seconds", "default"] > 1_700_000_000
        # No name, no text, no number of anybody.
        body = get(desk, "/metrics")[1] + get(desk, "/health")[1]
        assert not any(word in body for word in (*names, "edited", *desk.secrets))


def test_an_address_in_use_is_reported_and_mirroring_continues(field: Ground, tmp_path: Path) -> None:
    [one], [other] = field.names(1), field.names(1)
    first, second = listening(field.desk(tmp_path / "first", one)), field.desk(tmp_path / "second", other)
    with service(first):
        listening(second, int(first.listen.rpartition(":")[2]))
        with service(second) as process:
            wait_until_equal(second, field.telegram, other)
            until(lambda: second.run("health").status == 0, what="its being well all the same")
            done = stop(second, process)
        said = f"cannot listen at {second.listen} (service.listen): it is in use. Mirroring continues."
        assert done.errors == [f"telekeep: {said}"]
        assert health(first)[1]["accounts"]["default"]["channels"] == 1


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "127.0.0.1:65536", "9464"])
def test_an_invalid_listen_address_is_one_error_line(field: Ground, tmp_path: Path, listen: str) -> None:
    desk = field.desk(tmp_path / "desk")
    desk.listen = listen
    desk.settle()
    done = desk.run("run")
    assert done.status == 2
    [error] = done.errors
    assert "service.listen" in error
    assert 'an address and a port, as "127.0.0.1:9464", or "off"' in error


def test_a_non_loopback_listen_address_gets_a_warning(field: Ground, tmp_path: Path) -> None:
    desk = listening(field.desk(tmp_path / "desk", *field.names(1)))
    port = desk.listen.rpartition(":")[2]
    desk.listen = f"0.0.0.0:{port}"
    desk.settle()
    with service(desk) as process:
        desk.listen = f"127.0.0.1:{port}"
        until(lambda: get(desk, "/health")[0] == 200, what="its being well")
        done = stop(desk, process)
    assert done.errors[0].startswith(f"telekeep: service.listen is 0.0.0.0:{port}, not a loopback address: ")
