"""How tasks end: none is left running, and no failure goes unseen."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


def retrieve(done: asyncio.Future[Any]) -> None:
    """Look at the failure of a task that nobody may be waiting for: asyncio would report it."""
    if not done.cancelled():
        done.exception()


async def cancel_all(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel these tasks, and wait until they have ended. Their failures are ignored."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    if ending:
        await asyncio.wait(ending)
    for task in ending:
        retrieve(task)


async def finish(work: asyncio.Future[T]) -> T:
    """Wait for work that must not be cut short: a cancelled caller ends after it, and ignores its failure."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        retrieve(work)
        raise


async def unless_stopped(work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T | None:
    """The result of the work; None if it was cancelled because `stop` was set."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        await cancel_all((working, stopping))


async def run_all(work: Iterable[Coroutine[Any, Any, T]], most: int) -> list[T]:
    """Run all of it, `most` at a time; results are in order of completion. After a failure nothing more is started."""
    results: list[T] = []
    failure: BaseException | None = None
    running: set[asyncio.Task[T]] = set()
    rest = iter(work)
    try:
        while True:
            while failure is None and len(running) < most and (one := next(rest, None)) is not None:
                running.add(asyncio.create_task(one))
            if not running:
                break
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.exception() is None:
                    results.append(task.result())
                else:
                    failure = failure or task.exception()
    finally:
        await cancel_all(running)
    if failure is not None:
        raise failure
    return results
