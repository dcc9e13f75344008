"""Notifications to systemd: readiness, a status line, watchdog pings.

Each is a datagram to the socket named in the environment; without one, nothing is sent.
https://www.freedesktop.org/software/systemd/man/sd_notify.html
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


class Systemd:
    """The service manager, if there is one."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._watchdog = environment.get("WATCHDOG_USEC", "")
        self._watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())

    @property
    def watchdog_seconds(self) -> float | None:
        """Seconds without a ping after which systemd restarts the service; None: no watchdog."""
        if not self._watched or not self._watchdog.isdigit() or int(self._watchdog) == 0:
            return None
        return int(self._watchdog) / 1e6

    def notify(self, *states: str) -> None:
        """Send `READY=1`, `STATUS=...`, `WATCHDOG=1` or `STOPPING=1`; ignore a manager that does not listen."""
        if not self._address.startswith(("/", "@")):
            return
        # The name of an abstract socket starts with a zero byte, which the environment cannot hold.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto("\n".join(states).encode(), address)
        except OSError:
            return
