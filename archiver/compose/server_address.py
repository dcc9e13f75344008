"""The server that an account connects to, from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archiver.errors import NotConfigured
from archiver.telegram import DcAddress, ServerAddress
from archiver.version import version
from config.accounts import account_settings

if TYPE_CHECKING:
    from config.settings import ServerSettings, Settings


def get_address(settings: Settings, name: str) -> ServerAddress:
    """The server the account connects to, and its proxy. Raises UsageError, SettingsError."""
    account = account_settings(settings, name)
    if account.api_id is None or account.api_hash is None:
        raise NotConfigured(
            "telegram.api_id and telegram.api_hash are not set, so Telegram cannot be reached.",
            hint="Create your own at https://my.telegram.org (API development tools) and put them under [telegram] into"
            " telekeep.toml, or into TELEKEEP_TELEGRAM__API_ID and TELEKEEP_TELEGRAM__API_HASH.",
        )
    return ServerAddress(
        api_id=account.api_id,
        api_hash=account.api_hash.get_secret_value(),
        **_server(settings.telegram.server),
        proxy=account.proxy.get_secret_value() if account.proxy else None,
        app_version=version(),
    )


def _server(server: ServerSettings | None) -> dict[str, Any]:
    """The fields of the address for a custom server."""
    if server is None:
        return {}
    first, *more = server.centres
    return {
        "dc": first.dc,
        "host": first.host,
        "port": first.port,
        "public_key": server.public_key or first.public_key,
        "more": tuple(DcAddress(one.dc, one.host, one.port) for one in more),
        "more_keys": tuple(one.public_key for one in server.dcs if one.public_key),
    }
