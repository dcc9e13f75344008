"""Accounts: their names, their resolved settings, and the paths of their sessions.

Each section `[telegram.accounts.NAME]` defines an account; `default` always exists. An account inherits from
`[telegram]` what its section does not set, including the proxy: it connects without one only if its section says
"direct".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from config.errors import SettingsError
from config.names import DIRECT, HistoryPace

if TYPE_CHECKING:
    from pydantic import SecretStr

    from config.settings import AccountOverrides, Settings

DEFAULT = "default"
_INHERITED = ("api_id", "api_hash", "proxy", "requests_per_second", "pace", "takeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """The resolved settings of one account. `proxy` None: connect directly, as the user configured."""

    name: str
    api_id: int | None
    api_hash: SecretStr | None
    proxy: SecretStr | None
    requests_per_second: float
    """0: no pacing."""
    pace: HistoryPace
    takeout: bool
    """Whether to read histories in a takeout session."""


def account_names(settings: Settings) -> list[str]:
    """List all accounts: `default` first, then in the order of their sections."""
    return list(dict.fromkeys([DEFAULT, *settings.telegram.accounts]))


def account_settings(settings: Settings, name: str) -> AccountSettings:
    """Resolve the settings of an account. Raises SettingsError, listing the accounts, for an unknown name."""
    if name not in account_names(settings):
        raise SettingsError(
            f'there is no account "{name}"; configured: {", ".join(account_names(settings))}.'
            f" To add it, put a section [telegram.accounts.{name}] into the settings."
        )
    shared, own = settings.telegram, settings.telegram.accounts.get(name)
    if own is None:  # without the class of its section, since that takes long to import
        own = cast("AccountOverrides", SimpleNamespace(**dict.fromkeys(_INHERITED)))
    proxy = shared.proxy if own.proxy is None else own.proxy
    return AccountSettings(
        name=name,
        api_id=_read_number(shared.api_id if own.api_id is None else own.api_id),
        api_hash=shared.api_hash if own.api_hash is None else own.api_hash,
        proxy=None if proxy and proxy.get_secret_value() == DIRECT else proxy,
        requests_per_second=(
            shared.requests_per_second if own.requests_per_second is None else own.requests_per_second
        ),
        pace=own.pace or shared.pace,
        takeout=shared.takeout if own.takeout is None else own.takeout,
    )


def _read_number(value: Any) -> int | None:
    """An api_id, which `config.checked` keeps like a secret."""
    return int(value.get_secret_value()) if hasattr(value, "get_secret_value") else value


def session_path(settings: Settings, name: str) -> Path:
    """Path of the session file, which holds the account's key."""
    return settings.archive.dir / ("session" if name == DEFAULT else f"session.{name}")


def proxy_address(url: str) -> str:
    """Return host:port of a proxy URL, without user, password and secret."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or ''}:{parts.port or ''}"
    except ValueError:
        return "an unreadable address"
