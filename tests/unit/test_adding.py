"""`telekeep add` beside the service."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from archiver.cli.commands.adding import _request
from archiver.store.channels.intake import Order


class Slow:
    """An archive that has written long before it says so."""

    def __init__(self) -> None:
        self.written, self.goes_on = asyncio.Event(), asyncio.Event()

    async def write(self, act: object, orders: list[Order], *, now: int) -> list[int]:
        self.written.set()
        await self.goes_on.wait()
        return [number + 1 for number, _ in enumerate(orders)]


async def test_an_interrupt_during_the_request_still_reports_what_was_requested(
    capsys: pytest.CaptureFixture[str],
) -> None:
    database: Any = Slow()
    orders = [Order(channel="@one", alias=None, window_start=None, keep_window=True, account=None)]
    asking = asyncio.create_task(_request(database, orders, 7))
    await database.written.wait()
    asking.cancel()
    database.goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert "Requested but not yet added: @one." in capsys.readouterr().err
