"""What the service tells its manager: a real datagram socket listens."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.acceptance.desk import Desk, Telegram, until
from tests.acceptance.running import Ground, ground, service, stop, wait_for

WATCHDOG = 1.5
"""Seconds."""


class Manager:
    """Listens as systemd does; keeps what is said with the moment."""

    def __init__(self, path: Path) -> None:
        self.said: list[tuple[float, list[str]]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while data := self._socket.recv(65536):
            self.said.append((time.monotonic(), data.decode().splitlines()))

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def times(self, word: str) -> list[float]:
        """When it was said."""
        return [at for at, lines in self.said if word in lines]

    @property
    def status(self) -> str:
        """The last line of status."""
        lines = [line for _, lines in self.said for line in lines if line.startswith("STATUS=")]
        return lines[-1].removeprefix("STATUS=") if lines else ""


@pytest.fixture(scope="module")
def shared_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(tmp_path_factory.mktemp("telegram"), channels=8) as made:
        yield made


@pytest.fixture
def field(shared_ground: Ground) -> Iterator[Ground]:
    yield shared_ground
    shared_ground.telegram.calm()


@contextmanager
def managed(desk: Desk) -> Iterator[Manager]:
    """A manager that the desk's service will find in its environment."""
    # Not below the test's own directory: a path of more than 107 bytes is no address.
    with TemporaryDirectory(prefix="telekeep") as place, closing(Manager(Path(place, "notify"))) as manager:
        desk.environment |= {"NOTIFY_SOCKET": f"{place}/notify", "WATCHDOG_USEC": str(int(WATCHDOG * 1e6))}
        yield manager


@contextmanager
def frozen(telegram: Telegram) -> Iterator[None]:
    """The server takes connections and says nothing."""
    telegram.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        telegram.process.send_signal(signal.SIGCONT)


def test_systemd_hears_ready_status_watchdog_and_stopping(field: Ground, tmp_path: Path) -> None:
    desk = field.desk(tmp_path / "desk", *field.names(2))
    field.telegram.order("fault", spec="messages.getPeerDialogs:delay(2)x1")
    field.telegram.order("mark")
    with managed(desk) as manager:
        with service(desk, mirroring=False) as process:
            until(lambda: field.telegram.calls("messages.getPeerDialogs"), what="the first probe")
            assert manager.times("READY=1") == []
            assert manager.status == "default: starting"
            until(lambda: manager.times("READY=1"), what="its being ready")
            assert desk.query("SELECT detail LIKE '%mirroring%' FROM service") == [(1,)]
            assert manager.status == "default: mirroring"
            time.sleep(2 * WATCHDOG)
            stop(desk, process)
        assert len(manager.times("READY=1")) == 1
        [stopping] = manager.times("STOPPING=1")
        alive = manager.times("WATCHDOG=1")
        # As often as it asks for, from its first word to its last one.
        gaps = sorted(later - earlier for earlier, later in zip(alive, [*alive[1:], stopping], strict=True))
        # A busy machine may be late with some of them: twice in its time is meant, once is needed.
        assert gaps[len(gaps) // 2] < WATCHDOG
        assert manager.times("READY=1")[0] < stopping


def test_not_ready_while_the_server_is_silent_and_alive_all_the_same(field: Ground, tmp_path: Path) -> None:
    desk = field.desk(tmp_path / "desk", *field.names(1))
    with managed(desk) as manager, frozen(field.telegram), service(desk, mirroring=False) as process:
        until(lambda: len(manager.times("WATCHDOG=1")) >= 5, what="signs of life")
        assert manager.times("READY=1") == []
        assert "mirroring" not in manager.status
        field.telegram.process.send_signal(signal.SIGCONT)
        until(lambda: manager.times("READY=1"), what="its being ready")
        wait_for(desk, process, "mirroring")


@pytest.mark.parametrize("channels", [0, 1])
def test_an_unreachable_server_is_no_readiness_and_its_loss_later_is_told(
    field: Ground, tmp_path: Path, channels: int
) -> None:
    desk = field.desk(tmp_path / "desk", *field.names(channels))
    port = desk.port
    desk.port = 1
    desk.settle()
    with managed(desk) as manager:
        with service(desk, mirroring=False):
            until(lambda: manager.status == "default: offline", what="its saying so")
        assert manager.times("READY=1") == []
        assert len(manager.times("STOPPING=1")) == 1
        desk.port = port
        desk.settle()
        with service(desk):
            until(lambda: manager.times("READY=1"), what="its being ready")
            field.telegram.order("fault", spec="*:drop()")
            field.telegram.order("drop")
            until(lambda: manager.status == "default: offline", what="its saying so")
            field.telegram.calm()
            until(lambda: manager.status == "default: mirroring", what="its coming back")
        assert len(manager.times("READY=1")) == 1


def test_a_deaf_service_manager_is_not_an_error(field: Ground, tmp_path: Path) -> None:
    desk = field.desk(tmp_path / "desk", *field.names(1))
    desk.environment |= {"NOTIFY_SOCKET": str(tmp_path / "nobody"), "WATCHDOG_USEC": "soon"}
    with service(desk) as process:
        assert stop(desk, process).errors == []
