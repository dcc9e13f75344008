"""A server that a search waits for: while its answer is late, it is asked something that it can answer at once.

A server that hangs answers neither, and is given up within a second in all, whichever call it hangs at, and even if it
sent the beginning of an answer. One that answers the other question is only slow, and has its whole time limit.

The other question is an empty one for no hits of the same index, because a server whose searches hang may well say that
it is healthy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from search.errors import SearchError, ServerUnreachable
from search.meili.http import PooledHttp
from search.meili.node import Node
from search.meili.thread import CallThread

NOTHING: Final = {"q": "", "limit": 0}
"""A question that costs nothing."""

T = TypeVar("T")


class Patience(NamedTuple):
    """How long to wait for a server, in seconds."""

    late: float = 0.5
    """For an answer, before the server is asked something else."""
    other: float = 0.5
    """For the answer to that."""

    @property
    def total(self) -> float:
        """What a server that hangs costs."""
        return self.late + self.other


PATIENCE: Final = Patience()


class WatchedNode(Node):
    """A node that is given up soon when it hangs: ServerUnreachable with its name as `hung`."""

    def __init__(self, url: str, key: str | None, *, index: str, seconds: float, patience: Patience = PATIENCE) -> None:
        super().__init__(url, key, index=index, seconds=seconds)
        self.beside: Sequence[WatchedNode] = ()
        """The nodes that this one asks for its answer to a federated search."""
        self._patience = patience
        self._given_up = False
        self._other = PooledHttp(url, key, seconds=10 * patience.other)
        self._other_thread = CallThread("meilisearch, another question")

    async def close(self) -> None:
        """Close the connections, without waiting for a server that hangs."""
        self._other.abort()
        self._other_thread.end(self._other.close)
        if self._given_up:
            self._http.abort()
            self._thread.end(self._http.close)
        else:
            await super().close()

    async def federated_search(self, body: Any) -> dict[str, Any]:
        """Run a federated search: the other nodes are watched too."""
        return await self._watch(super().federated_search(body), self.beside)

    async def expect_answer(self) -> None:
        """Ask something that it can answer at once. Raises ServerUnreachable."""
        path = self._path("search", None)
        try:
            async with asyncio.timeout(self._patience.other):
                await self._other_thread.call(lambda: self._other.post(path, NOTHING))
        except TimeoutError:
            raise ServerUnreachable(
                f"Meilisearch at {self.name} did not answer: it took longer than {self._patience.total:g} s.",
                hint="Check [meilisearch] url, and that the server runs.",
                hung=self.name,
            ) from None
        except ServerUnreachable:
            raise
        except SearchError:
            return  # it does answer

    async def _call(self, act: Callable[[], T], seconds: float | None = None) -> T:
        return await self._watch(super()._call(act, seconds), (self,))

    async def _watch(self, call: Coroutine[Any, Any, T], nodes: Sequence[WatchedNode]) -> T:
        """Wait for a call while these nodes answer. Raises ServerUnreachable."""
        running = asyncio.ensure_future(call)
        try:
            await asyncio.wait({running}, timeout=self._patience.late)
            if not running.done():
                await _expect_answers(nodes, running)
            return await running
        finally:
            if running.done():
                _ = running.cancelled() or running.exception()  # it may have failed just now, too
            else:
                running.cancel()
                self._given_up = True
                self._http.abort()


async def _expect_answers(nodes: Sequence[WatchedNode], running: asyncio.Future[Any]) -> None:
    """Return once these nodes have answered, or the call is done. Raises ServerUnreachable."""
    asked = asyncio.gather(*(node.expect_answer() for node in nodes))
    await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
    else:
        asked.result()
