"""Kinds of settings: annotated types that parse texts of the environment, and check values."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr

from config.names import DIRECT, fold_account_name
from config.paths import to_path
from config.sizes import parse_size
from config.zones import ZoneError, find_zone

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _duration(value: Any) -> Any:
    """Parse "30", "30s", "5m", "6h", "7d" as a timedelta; environment variables are always text."""
    if isinstance(value, str) and (parts := re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd]?)", value, re.ASCII)):
        return timedelta(seconds=float(parts[1]) * _UNITS[parts[2] or "s"])
    return value


def to_octets(value: Any) -> Any:
    """Parse "20MB" as a number of bytes; a number is kept, but for true and false, which Python takes for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - pydantic reports no TypeError
    if not isinstance(value, str):
        return value
    try:
        return parse_size(value)
    except ValueError:
        raise ValueError from None  # the setting's description says what is allowed


def split_list(value: Any) -> Any:
    """Split a text at commas and spaces, since environment variables cannot hold lists; a list is kept."""
    return [part for part in re.split(r"[\s,]+", value) if part] if isinstance(value, str) else value


def parse_centres(value: Any) -> Any:
    """Parse "4=127.0.0.1:8444, 5=[::1]:8445", since environment variables cannot hold lists; a list is kept."""
    if not isinstance(value, str):
        return value
    parts = [
        re.fullmatch(r"(\d+)=\[?([^\s\]]+?)\]?:(\d+)", part) for part in re.split(r"[\s,]+", value.strip()) if part
    ]
    return [dict(zip(("dc", "host", "port"), part.groups(), strict=True)) if part else None for part in parts]


def require_each_once(value: tuple[str, ...]) -> tuple[str, ...]:
    """Require a list without repetitions. Raises ValueError."""
    if not value or len({url.rstrip("/").lower() for url in value}) < len(value):
        raise ValueError
    return value


def check_proxy(value: SecretStr) -> SecretStr:
    """Require a proxy's address. Raises ValueError."""
    if not re.match("(socks5|http|mtproxy)://.", value.get_secret_value()):
        raise ValueError
    return value


def check_own_proxy(value: SecretStr) -> SecretStr:
    """Require a proxy's address, or DIRECT. Raises ValueError."""
    return value if value.get_secret_value() == DIRECT else check_proxy(value)


def check_zone(value: str) -> str:
    """Require a time zone. Raises ValueError."""
    try:
        find_zone(value)
    except ZoneError as exc:
        raise ValueError(exc.hint) from None
    return value


def check_account_names(value: dict[str, Any]) -> dict[str, Any]:
    """Require valid names that environment variables can tell apart. Raises ValueError."""
    folded: dict[str, str] = {}
    for name in value:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name):
            raise ValueError(
                f'"{name[:40]}" is not a valid account name; allowed: letters, digits, - and _, at most 32'
            )
        if other := folded.get(fold_account_name(name)):
            raise ValueError(f"the accounts {other} and {name} are the same in environment variables; rename one")
        folded[fold_account_name(name)] = name
    return value


Url = Annotated[str, Field(pattern=r"^https?://")]
HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=253)]
AnyPath = Annotated[Path, BeforeValidator(to_path)]
Duration = Annotated[timedelta, BeforeValidator(_duration), Field(gt=timedelta(0))]
ApiId = Annotated[
    int | None,
    Field(
        gt=0,
        lt=2**31,
        repr=False,
        description="a whole number, the App api_id of https://my.telegram.org, not the api_hash",
    ),
]
"""Not secret, but never shown (`repr`): people put the api_hash here by mistake."""
