"""Where to connect, and how: the server, its public key, a proxy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import rsa
from telethon.crypto import rsa as server_keys

from archiver.errors import UsageError
from archiver.telegram.data_centres import FIRST, DcAddress
from archiver.telegram.proxy import MTProxyTransport, ProxyTransport
from config.accounts import proxy_address


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where to connect, and as which app; `dc`, `host`, `port`, `public_key` are set for a self-hosted server only."""

    api_id: int
    api_hash: str
    dc: int | None = None
    host: str | None = None
    port: int | None = None
    public_key: Path | None = None
    more: tuple[DcAddress, ...] = ()
    """The server's other data centres in the settings."""
    more_keys: tuple[Path, ...] = ()
    proxy: str | None = None
    """socks5://, http:// or mtproxy:// and host:port; user and password as in any URL, an MTProxy's secret as path."""
    app_version: str = "1"

    @property
    def dc_addresses(self) -> tuple[DcAddress, ...]:
        """Addresses in the settings, the first to try first; empty for Telegram itself."""
        first = (DcAddress(self.dc or FIRST, self.host, self.port),) if self.host and self.port else ()
        return first + self.more

    @property
    def is_mtproxy(self) -> bool:
        """Whether the proxy is an MTProxy, which finds data centres by their numbers."""
        return self.proxy is not None and self.proxy.startswith("mtproxy:")

    def describe(self, dc_address: DcAddress | None = None) -> str:
        """The server's address and the proxy, for error messages."""
        if dc_address is None or self.is_mtproxy or not self.dc_addresses:
            server = "the server"
        elif len({one.dc for one in self.dc_addresses}) == 1 and dc_address in self.dc_addresses:
            server = f"the server at {dc_address.host}:{dc_address.port}"
        else:
            server = str(dc_address)
        return f"{server} through the proxy at {proxy_address(self.proxy)}" if self.proxy else server

    def trust_keys(self) -> None:
        """Trust the public keys in the settings. Raises UsageError."""
        for path in dict.fromkeys((self.public_key, *self.more_keys)):
            if path is not None:
                trust_key(path)


def proxy_options(url: str | None) -> dict[str, Any]:
    """Telethon's options for a proxy. Raises UsageError; never falls back to a direct connection."""
    if url is None:
        return {}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = None, None
    if parts is None or not parts.hostname or not port:
        raise UsageError(
            "the setting proxy has no host and port.", hint="Write it as socks5://user:password@host:port."
        )
    if parts.scheme == "mtproxy":
        secret = parts.path.strip("/") or parts.username or ""
        _expect_secret(secret)
        return {"connection": MTProxyTransport, "proxy": (parts.hostname, port, secret)}
    return {
        "connection": ProxyTransport,
        "proxy": {
            "proxy_type": parts.scheme,
            "addr": parts.hostname,
            "port": port,
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "rdns": True,
        },
    }


def _expect_secret(secret: str) -> None:
    try:
        if len(MTProxyTransport.normalize_secret(secret)) == 16:
            return
    except ValueError:
        pass
    # `from None` and no value: it is a secret.
    raise UsageError(
        "the MTProxy's secret is not 16 bytes in hexadecimal digits.", hint="Write it as mtproxy://host:port/SECRET."
    ) from None


def trust_key(path: Path) -> None:
    """Trust the server with the RSA public key (PEM, PKCS#1 or SubjectPublicKeyInfo) in `path`. Raises UsageError."""
    try:
        pem = path.read_bytes()
        load = rsa.PublicKey.load_pkcs1 if b"BEGIN RSA PUBLIC KEY" in pem else rsa.PublicKey.load_pkcs1_openssl_pem
        server_keys.add_key(load(pem).save_pkcs1(), old=False)
    except OSError as exc:
        raise UsageError(
            f"telegram.server.public_key: {path} cannot be read ({exc.strerror}).", hint="Give the path of a PEM file."
        ) from exc
    except Exception as exc:
        raise UsageError(
            f"telegram.server.public_key: {path} contains no RSA public key.", hint="Give the path of a PEM file."
        ) from exc
