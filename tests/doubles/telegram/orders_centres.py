"""Control lines about data centres."""

from __future__ import annotations

from typing import Any

from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account


class CentreOrders:
    """Orders about who is at home where."""

    server: Server

    def do_dcs(self) -> dict[str, Any]:
        """Where each listens, how many connections it had, and how many keys were made there."""
        made = [auth.dc for auth in self.server.keys.values()]
        return {
            "ports": self.server.centres.ports,
            "accepted": dict(self.server.accepted_at),
            "keys": {dc: made.count(dc) for dc in sorted(set(made))},
        }

    def do_migrate(
        self, account: Account, dc: int, *, at_sign_in: bool = False, exports: bool = True
    ) -> dict[str, Any]:
        """The account's home is another data centre, now or when a code is given next."""
        if at_sign_in:
            account.moves_at_sign_in = dc
        else:
            account.move(dc, exports=exports)
        return {}

    def do_exports(self, account: Account, at_once: int | None = None) -> dict[str, Any]:
        """So many exported authorizations are good at the same time; without a number, all."""
        account.exports_at_once = at_once
        return {}
