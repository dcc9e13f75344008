"""Servers that hang, stall or only take long, as a search meets them: by what is asked of them, not by the clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from archiver.compose.index import closing
from search.engine.protocol import Question
from search.errors import ServerUnreachable
from search.meili.admin import Admin
from search.meili.engine import MeiliEngine
from search.meili.node import Node
from search.meili.watched import Patience, WatchedNode
from search.query.tree import Word
from tests.contract.desks import finish
from tests.doubles.meilisearch.calls import Call
from tests.doubles.meilisearch.faults import Action, drip, hang, slow, stall, status
from tests.doubles.meilisearch.fixtures import Meili, meili, three_nodes

__all__ = ["meili"]

HANGING = [hang(), stall(), drip(30)]
SOON = Patience(late=0.01, other=0.2)
"""What hangs is given up soon."""
NEVER = Patience(late=0.01, other=60)
"""What is slow is always asked something else, and has time to answer that."""
BRIDGE = Question(tree=Word("bridge"))
SEARCH = "POST /indexes/*/search"


def is_question(call: Call) -> bool:
    """Whether a search is the one that waits, not the other one meanwhile."""
    return call.size > 50


def is_other(call: Call) -> bool:
    return not is_question(call)


@asynccontextmanager
async def watched(patience: Patience, *meilis: Meili, hanging: int = -1) -> AsyncIterator[Sequence[WatchedNode]]:
    """Nodes whose index `messages` is there; the hanging one is given up SOON."""
    nodes = [
        WatchedNode(one.url, one.master_key, index="messages", seconds=60, patience=SOON if at == hanging else patience)
        for at, one in enumerate(meilis)
    ]
    nodes[0].beside = nodes[1:]
    for one in meilis:
        async with closing([Node(one.url, one.master_key, index="messages")]) as (plain,):
            await finish(plain, *(await plain.ensure()).tasks)
            one.double.calls.clear()
    async with closing(nodes) as opened:
        yield opened


@pytest.mark.parametrize("fault", HANGING)
async def test_a_server_that_hangs_at_whatever_call_is_given_up_and_named(meili: Meili, fault: Action) -> None:
    async with watched(SOON, meili) as (node,):
        meili.double.faults.add("*", fault)
        with pytest.raises(ServerUnreachable, match="it took longer than") as raised:
            await MeiliEngine(node).search(BRIDGE)
        assert raised.value.hung == node.name
        assert len(meili.double.calls.of()) <= 2


@pytest.mark.parametrize("other", [None, status(503, "too_many_search_requests"), status(404, "index_not_found")])
async def test_a_question_that_takes_long_is_waited_for_while_the_server_answers_another(
    meili: Meili, other: Action | None
) -> None:
    async with watched(NEVER, meili) as (node,):
        meili.double.faults.add(SEARCH, slow(0.1), predicate=is_question)
        if other is not None:
            meili.double.faults.add(SEARCH, other, predicate=is_other)
        assert (await MeiliEngine(node).search(BRIDGE)).hits == []
        assert sum(map(is_question, meili.double.calls.of(SEARCH))) == 1


async def test_a_slow_server_that_answers_while_it_is_asked_something_else_is_believed(meili: Meili) -> None:
    async with watched(NEVER, meili) as (node,):
        meili.double.faults.add(SEARCH, slow(0.1), predicate=is_question)
        meili.double.faults.add(SEARCH, hang(), predicate=is_other)
        assert (await MeiliEngine(node).search(BRIDGE)).hits == []


@pytest.mark.parametrize("remotes", [False, True])
@pytest.mark.parametrize("which", [0, 2])
async def test_of_three_nodes_the_one_that_hangs_is_named(tmp_path: Path, which: int, remotes: bool) -> None:
    with three_nodes(tmp_path, "the master key of all") as meilis:
        async with watched(NEVER, *meilis, hanging=which) as nodes:
            if remotes:
                urls = {node.name: one.url for node, one in zip(nodes, meilis, strict=True)}
                async with closing([Admin(one.url, one.master_key, index="messages") for one in meilis]) as admins:
                    for admin, one in zip(admins, meilis, strict=True):
                        one.double.instance.allowed_networks = [IPv4Network("127.0.0.0/8")]
                        await admin.set_remotes(urls, one.master_key or "")
                    await MeiliEngine(*admins).search(BRIDGE)
                assert meilis[2].double.calls.of("POST /multi-search")
            meilis[which].double.faults.add("*", hang())
            with pytest.raises(ServerUnreachable) as raised:
                await MeiliEngine(*nodes).search(BRIDGE)
            assert raised.value.hung == nodes[which].name


@pytest.mark.parametrize("fault", HANGING)
async def test_every_call_ends_at_its_limit(meili: Meili, fault: Action) -> None:
    meili.double.faults.add("*", fault)
    async with closing([Node(meili.url, meili.master_key, index="messages", seconds=0.2)]) as (node,):
        with pytest.raises(ServerUnreachable, match=r"it took longer than 0\.2 s"):
            await node.stats()


@pytest.mark.parametrize("late", [0, 0.5])
async def test_a_head_that_comes_byte_by_byte_is_no_answer(late: float) -> None:
    """`late`: on a busy machine, the call may connect only after its limit."""
    ended = asyncio.Event()

    def prepare(request: Any) -> Any:
        time.sleep(late)
        return request

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):  # its connection may be broken before it asks
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nServer: ")
        while not reader.at_eof() and reader.exception() is None:
            writer.write(b"x")
            await asyncio.sleep(0.05)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        ended.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with closing([Node(f"http://127.0.0.1:{port}", None, index="messages", seconds=0.3)]) as (node,):
            node._http._session.auth = prepare
            with pytest.raises(ServerUnreachable, match=r"it took longer than 0\.3 s"):
                await node.stats()
        await asyncio.wait_for(ended.wait(), 60)
