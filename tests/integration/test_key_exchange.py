"""Our keys are made as the documents say, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from telethon.crypto import AuthKey, rsa
from telethon.helpers import generate_key_data_from_nonce
from telethon.tl import types

from archiver.errors import ServerFault
from archiver.telegram.key_exchange import KeyExchangeError, RefusedError, UntrustedError, agree, make_key
from archiver.telegram.numbers import KNOWN_PRIME
from tests.doubles.telegram import crypto
from tests.doubles.telegram.handshake import Handshake, HandshakeError
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account
from tests.integration.dcs_rig import Desk, desk

__all__ = ["desk"]


async def test_a_key_is_made_by_rsa_pad(desk: Desk, account: Account) -> None:
    await desk.log_in(account)
    assert desk.server.exchanges == ["pad"]


async def test_a_server_that_only_knows_the_old_step_is_asked_by_it_once(desk: Desk, account: Account) -> None:
    desk.server.rsa_schemes = ("old",)
    await desk.log_in(account)
    assert desk.server.exchanges == ["old"]
    assert desk.server.accepted == 2


async def test_a_server_that_takes_neither_is_said_to_refuse(desk: Desk, account: Account) -> None:
    desk.server.rsa_schemes = ()
    with pytest.raises(ServerFault, match="key exchange refused by the server at 127") as raised:
        await desk.log_in(account)
    assert "telekeep login" not in str(raised.value)
    desk.server.rsa_schemes = ("pad",)
    await desk.log_in(account)


async def test_a_server_may_ask_for_another_half(desk: Desk, account: Account) -> None:
    desk.server.dh_retries = 3
    await desk.log_in(account)
    assert desk.server.exchanges == ["pad"]


async def test_a_data_centre_of_another_number_is_said(server: Server, tmp_path: Path, account: Account) -> None:
    at = Desk(server, tmp_path / "session")
    object.__setattr__(at.address, "dc", 3)  # the server is 2
    server.rsa_schemes = ("pad",)
    with pytest.raises(ServerFault, match="key exchange refused"):
        await at.log_in(account)


class Liar:
    """A server that plays by the rules, but for one answer."""

    def __init__(self, kind: type, change: Callable[[Any], Any]) -> None:
        rsa.add_key(crypto.PUBLIC_KEY_PEM, old=False)
        self.shaken = Handshake()
        self._kind = kind
        self._change = change

    async def send(self, request: Any) -> Any:
        try:
            answer = self.shaken.answer(request)
        except HandshakeError as exc:
            raise ConnectionError from exc
        return self._change(answer) if isinstance(answer, self._kind) else answer


def having(**changes: Any) -> Callable[[Any], Any]:
    def change(answer: Any) -> Any:
        for name, value in changes.items():
            setattr(answer, name, value)
        return answer

    return change


def dh(**changes: Any) -> Callable[[Liar], Callable[[Any], Any]]:
    """The server's half again, with something else in it."""

    def of(liar: Liar) -> Callable[[Any], Any]:
        def change(answer: types.ServerDHParamsOk) -> types.ServerDHParamsOk:
            given = {
                "nonce": answer.nonce,
                "server_nonce": answer.server_nonce,
                "g": 3,
                "dh_prime": crypto.to_bytes(KNOWN_PRIME),
                "g_a": crypto.to_bytes(pow(3, liar.shaken._secret, KNOWN_PRIME)),
                "server_time": 1,
            }
            data = bytes(types.ServerDHInnerData(**given | changes))
            plain = changes.get("_hash", sha1(data).digest()) + data  # noqa: S324
            plain += os.urandom(-len(plain) % 16)
            key = generate_key_data_from_nonce(answer.server_nonce, liar.shaken._new_nonce)
            answer.encrypted_answer = crypto.aes_encrypt(plain, *key)
            return answer

        return change

    return of


UNSAFE = crypto.to_bytes(KNOWN_PRIME + 2)
LIES = {
    "another nonce": (types.ResPQ, having(nonce=5)),
    "a number that is prime": (types.ResPQ, having(pq=crypto.to_bytes(2**61 - 1))),
    "a number that has too many factors": (types.ResPQ, having(pq=crypto.to_bytes(3 * 5 * 7 * 2**40))),
    "an answer of another kind": (types.ResPQ, lambda _: types.Pong(1, 2)),
    "another nonce with the half": (types.ServerDHParamsOk, having(server_nonce=5)),
    "half a block": (types.ServerDHParamsOk, having(encrypted_answer=b"x" * 40)),
    "another nonce in the last answer": (types.DhGenOk, having(nonce=5)),
    "another hash of the key": (types.DhGenOk, having(new_nonce_hash1=5)),
}
HALVES = {
    "another generator": {"g": 2},
    "no safe prime": {"dh_prime": UNSAFE},
    "a short prime": {"dh_prime": crypto.to_bytes(23)},
    "a small half": {"g_a": crypto.to_bytes(1)},
    "a large half": {"g_a": crypto.to_bytes(KNOWN_PRIME - 1)},
    "another nonce inside": {"nonce": 5},
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_makes_no_key(lie: str) -> None:
    with pytest.raises(KeyExchangeError):
        await make_key(Liar(*LIES[lie]), dc=2, padded=True)


@pytest.mark.parametrize("lie", HALVES)
async def test_an_unsafe_half_makes_no_key(lie: str) -> None:
    liar = Liar(types.ServerDHParamsOk, lambda answer: answer)
    liar._change = dh(**HALVES[lie])(liar)
    with pytest.raises(KeyExchangeError):
        await make_key(liar, dc=2, padded=True)


async def test_an_honest_half_makes_the_same_key_on_both_sides() -> None:
    liar = Liar(types.ServerDHParamsOk, lambda answer: answer)
    liar._change = dh()(liar)
    key, offset = await make_key(liar, dc=-10_002, padded=True)
    assert key == liar.shaken.auth_key
    assert offset < -1_000_000_000  # the server's clock says 1


async def test_a_key_that_nobody_trusts_is_no_refusal() -> None:
    with pytest.raises(UntrustedError):
        await make_key(Liar(types.ResPQ, having(server_public_key_fingerprints=[5])), dc=2, padded=True)


async def test_what_breaks_when_the_secret_is_shown_is_a_refusal() -> None:
    liar = Liar(types.ResPQ, lambda answer: answer)
    liar.shaken = Handshake(schemes=("old",))
    with pytest.raises(RefusedError):
        await make_key(liar, dc=2, padded=True)
    liar.shaken = Handshake(schemes=("old",))
    key, _ = await make_key(liar, dc=2, padded=False)
    assert key == liar.shaken.auth_key


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_key_is_what_the_server_takes_it_for(number: int) -> None:
    key, secret = b"\0\0" + os.urandom(254), 12345
    for meant in (key, key[2:]):
        assert agree(key, AuthKey(meant).calc_new_nonce_hash(secret, number), number, secret) == meant
    assert agree(key, AuthKey(key[1:]).calc_new_nonce_hash(secret, number), number, secret) is None
