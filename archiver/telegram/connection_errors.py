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

    def __init__(self, place: DcAddress) -> None:
        super().__init__(f"{place} says that it is another data centre.")
        self.place = place


def transport_code(exc: BaseException) -> int | None:
    """Which refusal of the transport this is, if it is one."""
    if isinstance(exc, AuthKeyNotFound):
        return UNKNOWN_KEY
    return exc.code if isinstance(exc, InvalidBufferError) else None


def unreachable(exc: BaseException, way: str = "the server", *, proxied: bool = False) -> Error:
    """What a lost line to `way` means."""
    if isinstance(exc, BrokenError):
        return ServerFault("the server and this client do not understand each other.", hint="Try again later.")
    match transport_code(exc):
        case 404:
            return LoginNeeded("the server does not know this session.", hint=LOGIN_AGAIN)
        case 429:
            return Unreachable(
                f"{way} refuses more connections for now (transport error 429).",
                hint="Close other programs that use this account, wait some minutes, and run the command again.",
            )
        case 444:
            return Unreachable(
                f"{way} says that it is another data centre (transport error 444).",
                hint="Check the dc of [telegram.server], where that is set; otherwise try again later.",
            )
    blocked = "" if proxied else " Where the network blocks Telegram, a proxy may help."
    return Unreachable(
        f"{way} cannot be reached or does not answer.",
        hint="Check the network, telegram.proxy and telegram.server; nothing is lost, run the command again." + blocked,
    )


def unknown_place(dc: int) -> Error:
    """Nobody has said where a data centre is."""
    return Unreachable(
        f"the server sends us to data centre {dc}, and does not say where that is.",
        hint="Name its address in the settings: [[telegram.server.dcs]] with dc, host and port.",
    )


def no_proxy(exc: ProxyFailedError, address: ServerAddress) -> Error:
    """The proxy is at fault, and with it every way."""
    return FailsEverywhere(
        f"the proxy at {proxy_address(address.proxy or '')} {exc}.",
        hint="Check that it runs, and the setting proxy; nothing is ever sent around it.",
    )


def not_let_in(dc: int) -> Error:
    """The account could not be taken along to another data centre this time."""
    return FailsEverywhere(
        f"data centre {dc} could not take over the account yet.",
        hint="Nothing is lost; try again later.",
    )


def refused(exc: KeyExchangeError, way: str) -> Error:
    """No key could be made."""
    if isinstance(exc, UntrustedError):
        return ServerFault(
            "the server and this client could not agree on a key: its own is not one of those trusted.",
            hint="Check that telegram.server.public_key is the key of the server at telegram.server.host.",
        )
    if isinstance(exc, RefusedError):
        return ServerFault(
            f"key exchange refused by {way} ({exc}).",
            hint="Check dc, host, port and public_key of [telegram.server] where that is set; otherwise try again"
            " later, and upgrade telekeep if it stays so.",
        )
    return ServerFault(
        f"{way} does not make keys as the protocol asks ({exc}), so that none can be trusted.",
        hint="Check the network and telegram.server; something else than Telegram may be answering.",
    )
