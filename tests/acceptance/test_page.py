"""The page from the command line: opened, found by another command, beside and within the service, and closed."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.acceptance.desk import LIMIT, Desk, until
from tests.acceptance.running import ground, stop, wait_for, wait_until_equal
from tests.sample import build, index, make_message


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    messages = [make_message(number, f"bridge {number}") for number in range(1, 6)]
    build(desk.archive, messages, covered=[(1, 5)])
    index(desk.archive, messages)
    return desk


@contextmanager
def serving(desk: Desk, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The page and its address; it ends well."""
    process = desk.start("serve", *(arguments or ("--listen", "127.0.0.1:0")))
    assert process.stdout is not None
    try:
        address = process.stdout.readline().decode().strip()
        assert address.startswith("http://127.0.0.1:"), process.communicate()
        yield process, address
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        done = desk.end(process, limit=LIMIT)
    assert done.status == 130
    assert "closed" in done.err
    assert "token" not in done.err


def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def read(address: str) -> str:
    """What a browser without cookies gets, after it followed the exchange of the token."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(address, timeout=30) as answer:
        return str(answer.read().decode())


def test_page_is_opened_by_its_address_and_found_by_other_commands(desk: Desk) -> None:
    with serving(desk) as (_, address):
        assert "Night Bridge" in read(address)
        with pytest.raises(urllib.error.HTTPError, match="401"):
            read(address.partition("?")[0])
        announced = desk.archive / "page.json"
        assert stat.S_IMODE(announced.stat().st_mode) == 0o600
        shown = desk.do("open", "NightBridge/3").out.strip()
        assert shown.startswith(f"{address.partition('?')[0]}c/1001/3?token=")
        assert "bridge 3" in read(shown)
        found = desk.do("search", "bridge 4", "--web").out.strip()
        assert read(found).count('class="where" href="/c/NightBridge/') == 1
        assert desk.run("open", "NightBridge/9").status == 2
        assert desk.run("search", "bridge", "--web", "--json").status == 2
        assert desk.do("verify", "--quick").status == 0
    assert not announced.exists()


def test_a_killed_page_is_not_taken_for_open(desk: Desk) -> None:
    process = desk.start("serve", "--listen", "127.0.0.1:0")
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate()
    left = json.loads((desk.archive / "page.json").read_bytes())
    listen = {"TELEKEEP_WEB__LISTEN": f"127.0.0.1:{free_port()}"}
    other = desk.start("open", "NightBridge/3", env=desk._environment() | listen)
    assert other.stdout is not None
    address = other.stdout.readline().decode()
    assert left["token"] not in address
    assert "bridge 3" in read(address)
    other.send_signal(signal.SIGINT)
    assert desk.end(other).status == 130


def test_a_token_in_a_file_outlives_the_page(desk: Desk, tmp_path: Path) -> None:
    token = tmp_path / "token"
    addresses = []
    for _ in range(2):
        with serving(desk, "--listen", "127.0.0.1:0", "--token-file", str(token)) as (_, address):
            addresses.append(address.partition("token=")[2])
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert set(addresses) == {token.read_text().strip()}
    token.chmod(0o644)
    done = desk.run("serve", "--listen", "127.0.0.1:0", "--token-file", str(token))
    assert (done.status, "can be read by others" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--listen", "0.0.0.0:0"], "--host-name"),
        (["--listen", "nowhere"], "an address and a port are needed"),
        (["--host-name", "a/b"], "--host-name cannot be"),
        (["--listen", "127.0.0.1:1"], "cannot listen at 127.0.0.1:1"),
    ],
)
def test_wrong_usage_is_said_in_a_line(desk: Desk, arguments: list[str], said: str) -> None:
    if arguments[-1].endswith(":1"):
        with serving(desk) as (_, address):
            port = address.split(":")[2].partition("/")[0]
            done = desk.run("serve", "--listen", f"127.0.0.1:{port}")
            assert (done.status, f"cannot listen at 127.0.0.1:{port}: it is in use" in done.err) == (2, True)
        return
    done = desk.run("serve", *arguments)
    assert (done.status, len(done.errors)) == (2, 1)
    assert said in done.err


def test_the_service_serves_the_page_and_what_it_archives_is_there_at_once(tmp_path: Path) -> None:
    place = tmp_path / "telegram"
    place.mkdir()
    with ground(place, channels=2) as field:
        [name] = field.names(1)
        desk = field.desk(tmp_path / "desk", name)
        desk.environment["TELEKEEP_WEB__LISTEN"] = f"127.0.0.1:{free_port()}"
        desk.environment["TELEKEEP_SERVICE__POLL_INTERVAL"] = "0.2"
        process = desk.start("run", "--serve")
        try:
            wait_for(desk, process, "mirroring")
            number = field.telegram.post(name, "something new")
            wait_until_equal(desk, field.telegram, name)
            until((desk.archive / "page.json").exists, what="the page")
            address = desk.do("open", f"{name}/{number}").out.strip()
            assert "something new" in read(address)
            done = stop(desk, process)
        finally:
            process.kill()
        assert "the page is open: http://127.0.0.1:" in done.err
        assert "token" not in done.err
        assert not (desk.archive / "page.json").exists()
