"""Telling systemd how the service is: readiness, a line of status, signs of life.

The protocol is a datagram to a socket that is named in the environment; without one nothing is told.
https://www.freedesktop.org/software/systemd/man/sd_notify.html
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


class Systemd:
    """The service manager, or nobody."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._watchdog = environment.get("WATCHDOG_USEC", "")
        self._watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())

    @property
    def watchdog_seconds(self) -> float | None:
        """Without a sign of life for so long the service is killed and started again; None: nobody watches."""
        if not self._watched or not self._watchdog.isdigit() or int(self._watchdog) == 0:
            return None
        return int(self._watchdog) / 1e6

    def tell(self, *states: str) -> None:
        """Send `READY=1`, `STATUS=...`, `WATCHDOG=1`, `STOPPING=1`; a manager that does not listen is no failure."""
        if not self._address.startswith(("/", "@")):
            return
        # An abstract socket's name begins with a zero byte, which the environment cannot hold.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto("\n".join(states).encode(), address)
        except OSError:
            return
