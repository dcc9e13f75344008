"""`telekeep run` at a desk: started, waited for, looked at, stopped; and a server of many channels to run it on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from tests.acceptance.desk import LIMIT, Desk, Done, Telegram, desk_at, until

STOPS_WITHIN = 60.0
"""Seconds that the service has for a stop: it takes 5 at most, the machine takes its own."""
Process = subprocess.Popen[bytes]


@dataclass
class Ground:
    """A server of many channels, of which each test takes some that no other test uses."""

    telegram: Telegram
    session: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def names(self, number: int) -> list[str]:
        return [f"many_{next(self._numbers):03}" for _ in range(number)]

    def desk(self, home: Path, *names: str) -> Desk:
        """A desk that is logged in and has added these channels; its service looks often."""
        desk = desk_at(self.telegram, home, self.session)
        desk.environment["TELEKEEP_SERVICE__POLL_INTERVAL"] = "0.2"
        if names:
            desk.do("add", *names)
        return desk


@contextmanager
def ground(place: Path, *arguments: str, channels: int = 60) -> Iterator[Ground]:
    """A server of its own, and a session that is logged in there."""
    with Telegram(place, "--many", str(channels), *arguments) as telegram:
        first = desk_at(telegram, place / "login")
        first.log_in()
        yield Ground(telegram, first.archive / "session")


@contextmanager
def service(desk: Desk, *arguments: str, mirroring: bool = True, **more: Any) -> Iterator[Process]:
    """The service, once it mirrors; what runs at the end is stopped, and has to stop well."""
    process = desk.start(*arguments, "run", **more)
    try:
        if mirroring:
            wait_for(desk, process, "mirroring")
        yield process
    except BaseException:
        if process.returncode is None:
            process.kill()
            sys.stderr.write(process.communicate()[1].decode())  # for whoever reads why the test failed
        raise
    if process.returncode is None:
        stop(desk, process)


def stop(desk: Desk, process: Process, number: int = signal.SIGTERM, *, within: float = STOPS_WITHIN) -> Done:
    """Ask it to stop: it does so in time, in good order, and says little."""
    process.send_signal(number)
    began = time.monotonic()
    done = desk.end(process, limit=LIMIT)
    took = time.monotonic() - began
    assert took < within, f"{took:.1f} s"
    assert (done.status, done.out) == (0 if number == signal.SIGTERM else 130, "")
    assert len(done.err.splitlines()) < 20
    assert desk.query("SELECT stopped_at >= started_at FROM service") == [(1,)]
    return done


def wait_for(desk: Desk, process: Process, state: str, account: str = "default") -> None:
    """Until the service says so of its account."""

    def said() -> bool:
        assert process.poll() is None, process.communicate()
        return detail(desk, process).get(account, {}).get("state") == state

    until(said, what=state)


def detail(desk: Desk, process: Process) -> dict[str, Any]:
    """What this service last said of its accounts."""
    if not (desk.archive / "archive.db").exists() or not desk.query(
        "SELECT 1 FROM sqlite_master WHERE name = 'service'"
    ):
        return {}
    rows = desk.query(f"SELECT detail FROM service WHERE pid = {process.pid}")  # noqa: S608
    return dict(orjson.loads(rows[0][0])) if rows else {}


def status(desk: Desk) -> dict[str, Any]:
    """What `telekeep status` says."""
    return dict(orjson.loads(desk.do("status", "--json").out))


def standing(desk: Desk, name: str) -> dict[str, Any]:
    """What it says of one channel."""
    [found] = [one for one in status(desk)["channels"] if name in (one["channel"], one["alias"], one["channel_id"])]
    return dict(found)


def texts(desk: Desk, telegram: Telegram, name: str) -> dict[int, str]:
    """What the archive holds of a channel and knows to be there, by id: a look that costs nothing."""
    rows = desk.query(
        f"SELECT message_id, text FROM message WHERE missing_since IS NULL AND channel_id = {telegram.channel_id(name)}"  # noqa: S608
    )
    return dict(rows)


def wait_until_equal(desk: Desk, telegram: Telegram, *names: str, limit: float = LIMIT) -> None:
    """Until the archive has the texts that the server has, of these channels."""

    def equal() -> bool:
        truth = telegram.truth(*names)
        true = {(row["channel_id"], row["id"]): row["text"] for row in truth if "deleted" not in row}
        ids = ", ".join({str(row["channel_id"]) for row in truth})
        held = desk.query(
            f"SELECT channel_id, message_id, text FROM message WHERE missing_since IS NULL AND channel_id IN ({ids})"  # noqa: S608
        )
        return {(channel_id, message_id): text for channel_id, message_id, text in held} == true

    until(equal, limit=limit, what="the mirror's becoming true")
