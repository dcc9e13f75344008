"""The named accounts: which there are, what each one's settings come to, and where its session is kept.

An account exists when it has a section `[telegram.accounts.NAME]`; `default` exists always. What its section does not
set is inherited from `[telegram]`, the proxy too: an account goes without only when its section says "direct".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from config.errors import SettingsError
from config.settings import DIRECT, Account, Pace, Settings

DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """What holds for one account. `proxy` None: a direct connection, as the user chose it."""

    name: str
    api_id: int | None
    api_hash: SecretStr | None
    proxy: SecretStr | None
    requests_per_second: float
    """0: no pacing."""
    pace: Pace
    takeout: bool
    """Whether histories are read within a takeout session."""


def account_names(settings: Settings) -> list[str]:
    """Every account, `default` first, then in the order of their sections."""
    return list(dict.fromkeys([DEFAULT, *settings.telegram.accounts]))


def account_settings(settings: Settings, name: str) -> AccountSettings:
    """The account's settings, resolved. Raises SettingsError, which lists the accounts, for a name that is none."""
    if name not in account_names(settings):
        raise SettingsError(
            f"there is no account {name!r}; configured: {', '.join(account_names(settings))}."
            f" Add a section [telegram.accounts.{name}] to the settings for another one."
        )
    shared, own = settings.telegram, settings.telegram.accounts.get(name, Account())
    proxy = shared.proxy if own.proxy is None else own.proxy
    return AccountSettings(
        name=name,
        api_id=shared.api_id if own.api_id is None else own.api_id,
        api_hash=shared.api_hash if own.api_hash is None else own.api_hash,
        proxy=None if proxy and proxy.get_secret_value() == DIRECT else proxy,
        requests_per_second=(
            shared.requests_per_second if own.requests_per_second is None else own.requests_per_second
        ),
        pace=own.pace or shared.pace,
        takeout=shared.takeout if own.takeout is None else own.takeout,
    )


def session_path(settings: Settings, name: str) -> Path:
    """Where the account's key is kept."""
    return settings.archive.dir / ("session" if name == DEFAULT else f"session.{name}")


def proxy_place(url: str) -> str:
    """Where a proxy is, without what opens it: user, password and secret."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or ''}:{parts.port or ''}"
    except ValueError:
        return "an address that cannot be read"
