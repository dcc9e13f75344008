"""Connections through a proxy, never around it, whose failures name the proxy.

Telethon has one error for everything that fails before a connection is made. These say that it was the proxy, and how
it failed; they also close what Telethon leaves open.
"""

from __future__ import annotations

from typing import Any

from telethon.network import ConnectionTcpFull, ConnectionTcpMTProxyRandomizedIntermediate

from archiver.telegram.packets import BoundedPackets


class ProxyFailedError(Exception):
    """The proxy cannot be reached or refuses to connect; the text says which, without secrets."""


class ProxyTransport(BoundedPackets, ConnectionTcpFull):  # type: ignore[misc]  # Telethon is untyped
    """A connection through a SOCKS5 or HTTP proxy."""

    async def _proxy_connect(self, timeout: float | None = None, local_addr: Any = None) -> Any:  # noqa: ASYNC109  # Telethon's
        try:
            return await super()._proxy_connect(timeout=timeout, local_addr=local_addr)
        except Exception as exc:
            raise ProxyFailedError(_reason(exc)) from exc


class MTProxyTransport(BoundedPackets, ConnectionTcpMTProxyRandomizedIntermediate):  # type: ignore[misc]  # Telethon is untyped
    """A connection through an MTProxy, which speaks the server's own protocol."""

    async def _connect(self, timeout: float | None = None, ssl: Any = None) -> None:  # noqa: ASYNC109  # Telethon's
        try:
            await super()._connect(timeout=timeout, ssl=ssl)
        except BaseException as exc:
            if self._writer is not None:
                self._writer.close()
            if isinstance(exc, Exception):
                raise ProxyFailedError(_reason(exc)) from exc
            raise


def _reason(exc: Exception) -> str:
    said = str(exc).lower()
    if isinstance(exc, TimeoutError) or "timed out" in said:
        return "does not answer"
    if "407" in said or "authentication" in said or "login" in said:
        return "does not accept the user and password"
    if isinstance(exc, EOFError | ConnectionResetError | BrokenPipeError) or "closed" in said:
        return "closes the connection"
    if "could not connect" in said or (isinstance(exc, OSError) and exc.errno is not None):
        return "cannot be reached"
    return f"refuses to connect ({str(exc)[:60]})"
