"""What the service manager hears, over the socket that it would give us."""

from __future__ import annotations

import os
import socket
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from archiver.service.monitoring.systemd import Systemd


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    """A socket as systemd listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(60)
        listener.bind(address)
        yield listener


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="telekeep-") as folder:  # tmp_path may be longer than an address can be
        yield Path(folder) / "notify"


def test_a_socket_in_the_file_system_hears_us(path: Path) -> None:
    with manager(str(path)) as listener:
        Systemd({"NOTIFY_SOCKET": str(path)}).notify("READY=1", "STATUS=default: mirroring")
        assert listener.recv(4096) == b"READY=1\nSTATUS=default: mirroring"


def test_an_abstract_socket_hears_us() -> None:
    name = f"telekeep-test-{uuid.uuid4()}"
    with manager(f"\0{name}") as listener:
        Systemd({"NOTIFY_SOCKET": f"@{name}"}).notify("WATCHDOG=1")
        assert listener.recv(4096) == b"WATCHDOG=1"


def test_each_notification_is_one_datagram(path: Path) -> None:
    with manager(str(path)) as listener:
        service = Systemd({"NOTIFY_SOCKET": str(path)})
        for state in ("READY=1", "WATCHDOG=1", "STOPPING=1"):
            service.notify(state)
        assert [listener.recv(4096) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_text_of_any_language_is_told(path: Path) -> None:
    with manager(str(path)) as listener:
        Systemd({"NOTIFY_SOCKET": str(path)}).notify("STATUS=قناة: зеркало")
        assert listener.recv(4096).decode() == "STATUS=قناة: зеркало"


@pytest.mark.parametrize("address", ["", "no/absolute/path", "vsock:2:1234", "/there/is/nothing/here"])
def test_a_missing_service_manager_is_not_an_error(address: str) -> None:
    service = Systemd({"NOTIFY_SOCKET": address})
    service.notify("READY=1")
    assert service.watchdog_seconds is None


def test_nothing_is_sent_without_a_service_manager() -> None:
    service = Systemd({})
    service.notify("READY=1")
    assert service.watchdog_seconds is None


def test_a_manager_that_does_not_read_never_holds_us_up(path: Path) -> None:
    with manager(str(path)) as listener:
        service = Systemd({"NOTIFY_SOCKET": str(path)})
        for _ in range(10_000):  # far more than fit into the socket
            service.notify("WATCHDOG=1" + "x" * 100)
        listener.setblocking(False)
        kept = 0
        with suppress(BlockingIOError):
            while listener.recv(4096):
                kept += 1
    assert 0 < kept < 10_000


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "90000000"}, 90.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "90000000", "WATCHDOG_PID": str(os.getpid() + 1)}, None),  # it watches somebody else
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": ""}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_watchdog_interval_comes_from_the_environment(environment: dict[str, str], seconds: float | None) -> None:
    assert Systemd(environment).watchdog_seconds == seconds
