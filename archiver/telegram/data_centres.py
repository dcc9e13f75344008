"""Addresses of the data centres: from the settings, from the servers' list, and the built-in ones.

Pure: `route` decides which are tried, `session` stores the learned ones. https://core.telegram.org/api/datacenter
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from telethon.tl import types

from archiver.errors import UnreadableObject
from archiver.telegram.answers import read_object

FIRST = 2
"""The data centre that a new client asks."""
_MAX_OPTIONS = 200
_HOST = re.compile(r"[0-9A-Za-z.:-]{1,253}", re.ASCII)
_MAX_DC = 999


@dataclass(frozen=True, slots=True)
class DcAddress:
    """One address of a data centre."""

    dc: int
    host: str
    port: int
    media_only: bool = False
    tcpo_only: bool = False
    """Accepts obfuscated connections only."""
    secret: bool = False
    """Whether it requires a secret for the obfuscation, which telekeep does not support."""

    @property
    def ipv6(self) -> bool:
        return ":" in self.host

    @property
    def is_open(self) -> bool:
        """Whether it answers all requests, over connections that we support."""
        return not (self.media_only or self.secret)

    @property
    def exchanged_dc(self) -> int:
        """Its number in the key exchange."""
        number = self.dc + (10_000 if self.host in _TEST_HOSTS else 0)
        return -number if self.media_only else number

    def __str__(self) -> str:
        host = f"[{self.host}]" if self.ipv6 else self.host
        return f"data centre {self.dc} at {host}:{self.port}"


_TEST_HOSTS = (
    "149.154.175.10",
    "149.154.167.40",
    "149.154.175.117",
    "2001:b28:f23d:f001::e",
    "2001:67c:4e8:f002::e",
    "2001:b28:f23d:f003::e",
)
"""Addresses of Telegram's test network."""
BUILT_IN = (
    DcAddress(1, "149.154.175.50", 443),
    DcAddress(2, "149.154.167.51", 443),
    DcAddress(3, "149.154.175.100", 443),
    DcAddress(4, "149.154.167.91", 443),
    DcAddress(5, "149.154.171.5", 443),
    DcAddress(1, "2001:b28:f23d:f001::a", 443),
    DcAddress(2, "2001:67c:4e8:f002::a", 443),
    DcAddress(3, "2001:b28:f23d:f003::a", 443),
    DcAddress(4, "2001:67c:4e8:f004::a", 443),
    DcAddress(5, "2001:b28:f23f:f005::a", 443),
)
"""Telegram's own addresses, built into all clients."""


def order(dc: int, dc_addresses: Iterable[DcAddress], *, obfuscated: bool = True) -> list[DcAddress]:
    """Addresses of one data centre without duplicates: IPv4 before IPv6, then those that require obfuscation."""
    fit = dict.fromkeys(one for one in dc_addresses if one.dc == dc and one.is_open)
    usable = (one for one in fit if obfuscated or not one.tcpo_only)
    return sorted(usable, key=lambda one: (one.tcpo_only, one.ipv6))


def read_config(body: bytes) -> tuple[int | None, tuple[DcAddress, ...]]:
    """The data centre that answered help.getConfig, and the addresses of all but CDNs; empty if unreadable."""
    try:
        config = read_object(body)
    except UnreadableObject:
        return None, ()
    if not isinstance(config, types.Config):
        return None, ()
    options = (_read_option(option) for option in config.dc_options[:_MAX_OPTIONS])
    return config.this_dc, tuple(one for one in options if one)


def _read_option(option: Any) -> DcAddress | None:
    if not isinstance(option, types.DcOption) or option.cdn:
        return None
    host = option.ip_address
    if not _HOST.fullmatch(host) or not (0 < option.id <= _MAX_DC and 0 < option.port < 1 << 16):
        return None
    return DcAddress(option.id, host, option.port, bool(option.media_only), bool(option.tcpo_only), bool(option.secret))
