"""Errors of connecting, and what a lost connection means: the network, a refusal by the server, or an unknown key.

The transport has error codes of its own: https://core.telegram.org/mtproto/mtproto-transports#transport-errors
"""

from __future__ import annotations

from telethon.errors import AuthKeyNotFound, InvalidBufferError

from archiver.errors import Error, LoginNeeded, ServerFault, Unreachable
from archiver.telegram.client import BrokenError
from archiver.telegram.data_centres import DcAddress
from archiver.telegram.faults import LOGIN_AGAIN
from archiver.telegram.key_exchange import KeyExchangeError, RefusedError, UntrustedError
from archiver.telegram.proxy import ProxyFailedError
from archiver.telegram.server_address import ServerAddress
from config.accounts import proxy_address

UNKNOWN_KEY, THROTTLED, WRONG_DC = 404, 429, 444
"""Error codes of the transport, which sends them negated."""


class FailsEverywhere(Unreachable):
    """The failure does not depend on the address: no other one would help."""


class UnknownKey(Unreachable):
    """The server does not know the key (-404)."""


class AccountMoved(FailsEverywhere):
    """The account's home is another data centre."""

    def __init__(self, dc: int) -> None:
        super().__init__(
            f"the servers keep redirecting this request between data centres (last to {dc}).",
            hint="Nothing is lost; try again later.",
        )
        self.dc = dc


class WrongDc(Unreachable):
    """The server at an address says that it belongs to another data centre."""

    def __init__(self, dc_address: DcAddress) -> None:
        super().__init__(f"{dc_address} says that it is another data centre.")
        self.dc_address = dc_address


def transport_code(exc: BaseException) -> int | None:
    """The transport's error code, None for any other error."""
    if isinstance(exc, AuthKeyNotFound):
        return UNKNOWN_KEY
    return exc.code if isinstance(exc, InvalidBufferError) else None


def unreachable(exc: BaseException, server: str = "the server", *, proxied: bool = False) -> Error:
    """Error for a lost connection to `server`."""
    if isinstance(exc, BrokenError):
        return ServerFault("the server sent bytes that this client cannot interpret.", hint="Try again later.")
    match transport_code(exc):
        case 404:
            return LoginNeeded("the server does not know this session.", hint=LOGIN_AGAIN)
        case 429:
            return Unreachable(
                f"{server} refuses more connections for now (transport error 429).",
                hint="Close other programs that use this account, wait a few minutes, and run the command again.",
            )
        case 444:
            return Unreachable(
                f"{server} says that it is another data centre (transport error 444).",
                hint="Check dc in [telegram.server] if it is set; otherwise try again later.",
            )
    blocked = "" if proxied else " If the network blocks Telegram, a proxy may help."
    return Unreachable(
        f"{server} cannot be reached or does not answer.",
        hint="Check the network, telegram.proxy and telegram.server, then run the command again; nothing is lost."
        + blocked,
    )


def unknown_address(dc: int) -> Error:
    """Error for a data centre without a known address."""
    return Unreachable(
        f"the server redirects to data centre {dc} without giving its address.",
        hint="Add its address to the settings: [[telegram.server.dcs]] with dc, host and port.",
    )


def no_proxy(exc: ProxyFailedError, address: ServerAddress) -> Error:
    """Error for a failing proxy, which makes every address fail."""
    return FailsEverywhere(
        f"the proxy at {proxy_address(address.proxy or '')} {exc}.",
        hint="Check that it is running, and the setting proxy; the proxy is never bypassed.",
    )


def not_let_in(dc: int) -> Error:
    """Error for an authorization that another data centre could not import this time."""
    return FailsEverywhere(
        f"data centre {dc} could not log the account in yet.",
        hint="Nothing is lost; try again later.",
    )


def not_admitted(dc: int) -> Error:
    """Error for a data centre that imports an authorization and does not know the account all the same."""
    return ServerFault(f"data centre {dc} does not let the account in.", hint="Try again later.")


def refused(exc: KeyExchangeError, server: str) -> Error:
    """Error for a failed key exchange."""
    if isinstance(exc, UntrustedError):
        return ServerFault(
            "the server's public key is not trusted.",
            hint="Check that telegram.server.public_key is the key of the server at telegram.server.host.",
        )
    if isinstance(exc, RefusedError):
        return ServerFault(
            f"key exchange refused by {server} ({exc}).",
            hint="Check dc, host, port and public_key in [telegram.server] if it is set; otherwise try again later, and"
            " upgrade telekeep if it keeps failing.",
        )
    return ServerFault(
        f"{server} violates the protocol in the key exchange ({exc}), so no key can be trusted.",
        hint="Check the network and telegram.server; something other than Telegram may be answering.",
    )
