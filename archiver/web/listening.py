"""Where the page listens, and under which host names it answers."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import NamedTuple

from archiver.errors import UsageError
from archiver.service.monitoring.http_server import is_loopback

_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_.-]{1,253}):(?P<port>[0-9]{1,5})")
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_.-]{1,253})(?::[0-9]{1,5})?")
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9a-fA-F:.]+\]")
_BACKLOG = 256


class Address(NamedTuple):
    """A host and a port; port 0 is any free one."""

    host: str
    """Without the brackets of IPv6."""
    port: int

    @property
    def text(self) -> str:
        """As `--listen` takes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address of the page in a browser on this machine."""
        return f"http://{self.text}/"


def parse_listen(text: str) -> Address:
    """Parse `--listen`. Raises UsageError."""
    found = _ADDRESS.fullmatch(text.strip())
    if found is None or int(found["port"]) > 65535:
        raise UsageError(
            f'--listen cannot be "{text[:60]}": an address and a port are needed.', hint="Example: 127.0.0.1:8765"
        )
    return Address(found["host"].strip("[]"), int(found["port"]))


def check_host_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names under which the page is reached from elsewhere. Raises UsageError."""
    checked = tuple(name.strip() for name in names)
    for name in checked:
        if not _NAME.fullmatch(name) or len(name) > 253:
            raise UsageError(f'--host-name cannot be "{name[:60]}".', hint="Give a name without port: archive.lan")
    return checked


def check_reach(address: Address, names: Iterable[str]) -> None:
    """Refuse to listen where others can reach it without a host name. Raises UsageError."""
    if not is_loopback(address.text) and not tuple(names):
        raise UsageError(
            f"{address.text} can be reached from other machines, and no --host-name is given.",
            hint="Give the name that browsers use: --host-name archive.lan; or listen on 127.0.0.1 only.",
        )


def allowed_hosts(address: Address, names: Iterable[str]) -> frozenset[str]:
    """The values of `Host`, without ports, that are answered; any other may come from a stranger's page (rebinding)."""
    own = () if _is_unspecified(address.host) else (address.host,)
    return frozenset(_fold(name) for name in ("127.0.0.1", "localhost", "::1", *own, *names))


def is_allowed(host: str, allowed: frozenset[str]) -> bool:
    """Whether a `Host` header names this page."""
    found = _HOST.fullmatch(host)
    return found is not None and _fold(found["name"]) in allowed


def bind(address: Address) -> socket.socket:
    """A listening socket. Raises UsageError."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address.host, address.port))
        bound.listen(_BACKLOG)
    except OSError as exc:
        bound.close()
        why = "it is in use" if exc.errno == errno.EADDRINUSE else exc.strerror or type(exc).__name__
        hint = "Another page may be open there; choose another port: --listen 127.0.0.1:0 takes any free one."
        raise UsageError(f"cannot listen at {address.text}: {why}.", hint=hint) from None
    return bound


def bound_address(address: Address, bound: socket.socket) -> Address:
    """The address with the port that was taken."""
    return address._replace(port=int(bound.getsockname()[1]))


def local_address(address: Address) -> Address:
    """The address by which a browser on this machine reaches it."""
    if not _is_unspecified(address.host):
        return address
    return address._replace(host="::1" if ":" in address.host else "127.0.0.1")


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _fold(name: str) -> str:
    name = name.strip("[]").lower().rstrip(".")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name
