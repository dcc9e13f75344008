"""Control lines about rate limits and takeouts."""

from __future__ import annotations

from typing import Any

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account


class TakeoutOrders:
    """Orders about how much may be asked, and about asking within a takeout."""

    server: Server

    def do_window(self, method: str, calls: int, seconds: float, takeout_calls: int | None = None) -> dict[str, Any]:
        """A rate limit by sliding window; `fault` with `clear` ends it."""
        self.server.faults.window(method, calls=calls, seconds=seconds, takeout_calls=takeout_calls)
        return {}

    def do_takeout(
        self,
        *,
        account: Account | None = None,
        channel: Channel | None = None,
        delay: float | None = None,
        allow: bool = False,
        end: bool = False,
        refuse: str | None = None,
        code: int = 406,
    ) -> dict[str, Any]:
        """Change what is asked for, and say how the takeouts are; `refuse` is an error's name, or "" for none."""
        takeouts = self.server.world.takeouts
        for each in self.server.world.accounts.values() if account is None else [account]:
            if delay is not None:
                takeouts.delay(each, delay)
            if allow:
                takeouts.allow(each)
            if end:
                takeouts.end(each)
        if channel is not None:
            takeouts.refuse.pop(channel.id, None)
            if refuse:
                takeouts.refuse[channel.id] = (code, refuse)
        return {
            "open": len(takeouts.open),
            "begun": takeouts.begun,
            "asked": len(takeouts.asked),
            "finished": takeouts.finished,
            "invalid": takeouts.invalid,
        }
