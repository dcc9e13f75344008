"""Control lines about the server: faults, the line, the clock, and who called what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.doubles.telegram import truth
from tests.doubles.telegram.codes import Codes
from tests.doubles.telegram.faults import parse
from tests.doubles.telegram.proxies import Proxy
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account


class ServerOrders:
    """Orders that name no channel."""

    server: Server
    proxies: Sequence[Proxy]

    def do_fault(self, spec: str = "", clear: bool | str = False) -> dict[str, Any]:
        """Add rules; before that, forget all, or those of one method (`clear` is its name)."""
        if clear:
            self.server.faults.clear(None if clear is True else clear)
        for method, action, conditions in parse(spec):
            self.server.faults.add(method, action, **conditions)
        return {"rules": len(self.server.faults.rules)}

    def do_net(self, **fields: float) -> dict[str, Any]:
        for name, value in fields.items():
            if not hasattr(self.server.net, name):
                raise ValueError(name)
            setattr(self.server.net, name, value)
        return {}

    def do_skew(self, seconds: float) -> dict[str, Any]:
        """MTProto's own clock is that far ahead of this machine's, for those who connect from now on."""
        self.server.skew = seconds
        return {}

    def do_drop(self) -> dict[str, Any]:
        count = len(self.server.connections)
        self.server.drop_connections()
        return {"connections": count}

    def do_codes(
        self, account: Account, name: str | None = None, code: str | None = None, **fields: Any
    ) -> dict[str, Any]:
        """How the account's login codes go from now on (the fields of `Codes`; others as at first), and its name."""
        account.codes = Codes(**fields)
        account.first_name, account.code = name or account.first_name, code or account.code
        return {}

    def do_refuse_phone(self, phone: str, code: int = 400, name: str | None = None) -> dict[str, Any]:
        """What sendCode answers to this number; without a name, a code again."""
        refused = self.server.world.refused_phones
        refused.pop(phone.lstrip("+"), None)
        if name:
            refused[phone.lstrip("+")] = (code, name)
        return {}

    def do_proxies(self) -> dict[str, Any]:
        """Where each proxy is, and how many connections it carried and sent away."""
        return {"proxies": [{"url": p.url, "carried": p.carried, "refused": p.refused} for p in self.proxies]}

    def do_proxy(self, number: int = 0, on: bool = True) -> dict[str, Any]:
        """Turn one on or off; `number` counts from 0."""
        self.proxies[number].on = on
        return {}

    def do_clock(self, seconds: float | None = None, speed: float | None = None) -> dict[str, Any]:
        """Set the world ahead of us, or make it faster, or both; and say what time it is there."""
        clock = self.server.world.clock
        if seconds is not None:
            clock.ahead = seconds
        if speed is not None:
            clock.speed = speed
        return {"now": round(clock.now(), 3), "speed": clock.speed}

    def do_log_out(self, account: Account | None = None) -> dict[str, Any]:
        """Every session of the account, or of all accounts, belongs to nobody any more."""
        accounts = self.server.world.accounts.values() if account is None else [account]
        for each in accounts:
            self.server.log_out_everywhere(each)
        return {"accounts": len(accounts)}

    def do_ban_account(
        self, account: Account, on: bool = True, code: int = 401, name: str = "USER_DEACTIVATED_BAN"
    ) -> dict[str, Any]:
        """Every call of the account gets this error; its sessions stay, and are good again after `on: false`."""
        account.refuse = (code, name) if on else None
        return {}

    def do_truth(self, path: str, channels: Sequence[str] | None = None) -> dict[str, Any]:
        truth.write(self.server.world, Path(path), channels)
        return {"path": path}

    def do_channels(self) -> dict[str, Any]:
        rows = [
            {"id": c.id, "username": c.username, "title": c.title, "top": c.top, "pts": c.pts, "count": len(c.ids)}
            for c in self.server.world.channels.values()
        ]
        return {"channels": rows}

    def do_mark(self) -> dict[str, Any]:
        """Count calls from zero."""
        self.server.calls.mark()
        return {}

    def do_calls(self, minutes: bool = False) -> dict[str, Any]:
        """How often each method was called since the mark, how fast, and what a polite client would not have done.

        `peak` is the most within any second, `rate` calls a second, `minutes` the calls of each minute.
        """
        calls, accounts = self.server.calls, self.server.world.accounts
        methods = sorted(calls.methods)
        seconds = calls.seconds
        said = {
            "seconds": round(seconds, 3),
            "calls": {m: calls.count(m) for m in methods},
            "total": calls.count(),
            "peak": calls.peak(),
            "peaks": {m: calls.peak(m) for m in methods},
            "rate": round(calls.count() / seconds, 4) if seconds else 0.0,
            "rates": {m: round(calls.count(m) / seconds, 4) for m in methods if seconds},
            "accounts": {accounts[i].phone if i else "": dict(counts) for i, counts in calls.accounts.items()},
            "forbidden": [c.method for c in self.server.forbidden],
            "violations": [[v.method, round(v.seconds_early, 3)] for v in self.server.violations],
        }
        return said | ({"minutes": {"": calls.minutes()} | {m: calls.minutes(m) for m in methods}} if minutes else {})
