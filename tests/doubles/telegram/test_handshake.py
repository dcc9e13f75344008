"""A key is made by the documented scheme and by the old one, and by nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telethon.tl import functions, types

from tests.doubles.telegram import crypto
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.shaker import Sealed, Shaker, TransportError, seal_old, seal_padded

SCHEMES = {"old": seal_old, "pad": seal_padded}
KINDS: list[tuple[Any, dict[str, int]]] = [
    (types.PQInnerData, {}),
    (types.PQInnerDataDc, {"dc": 2}),
    (types.PQInnerDataDc, {"dc": 10_002}),
    (types.PQInnerDataTempDc, {"dc": -2, "expires_in": 86_400}),
]


@asynccontextmanager
async def shaker_of(server: Server) -> AsyncIterator[Shaker]:
    shaker = await Shaker.to(server.port)
    try:
        yield shaker
    finally:
        shaker._writer.close()
        await shaker._writer.wait_closed()


@pytest.mark.parametrize("first", [functions.ReqPqRequest, functions.ReqPqMultiRequest])
@pytest.mark.parametrize(("kind", "more"), KINDS)
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_key_is_made_by_either_scheme(
    scheme: str, kind: Any, more: dict[str, int], first: Any, server: Server
) -> None:
    async with shaker_of(server) as shaker:
        key = await shaker.key(SCHEMES[scheme], first=first, kind=kind, **more)
    assert server.keys[crypto.key_id(key)].key == key
    assert bool(server.keys[crypto.key_id(key)].expires) == ("expires_in" in more)
    assert server.exchanges == [scheme]


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_server_may_refuse_one_scheme(scheme: str, server: Server) -> None:
    (other,) = set(SCHEMES) - {scheme}
    server.rsa_schemes = (other,)
    assert await _refusal(server, SCHEMES[scheme]) == -404
    async with shaker_of(server) as shaker:
        await shaker.key(SCHEMES[other])
    assert server.exchanges == [other]


async def test_what_is_sealed_wrongly_gets_a_404_and_no_key(server: Server) -> None:
    for seal in SCHEMES.values():
        assert await _refusal(server, lambda data, seal=seal: seal(b"?" + data[1:])) == -404
        assert await _refusal(server, lambda data, seal=seal: b"?" + seal(data)[1:]) == -404
    assert not server.keys


async def test_a_key_for_another_data_centre_gets_a_444(server: Server) -> None:
    assert await _refusal(server, seal_padded, kind=types.PQInnerDataDc, dc=3) == -444


async def _refusal(server: Server, seal: Sealed, **how: Any) -> int:
    async with shaker_of(server) as shaker:
        with pytest.raises(TransportError) as refused:
            await shaker.key(seal, **how)
        with pytest.raises(asyncio.IncompleteReadError):
            await shaker.receive()
    return refused.value.code
