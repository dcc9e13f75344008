"""Takeout sessions, one for each account: https://core.telegram.org/api/takeout

world.takeouts.delay(account, 3600)         # the next init says TAKEOUT_INIT_DELAY_3600
world.takeouts.allow(account)               # the owner taps "allow" on another device
world.takeouts.refuse[channel.id] = (406, "CHANNEL_PRIVATE")    # within a takeout only
world.takeouts.end(account)                 # its id is worth nothing any more
"""

from __future__ import annotations

from math import ceil
from typing import Any

from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.rpc import Context, Rpc, method


def enter(ctx: Context) -> None:
    """Check a call within a takeout before anything else."""
    call, takeouts = ctx.call, ctx.world.takeouts
    if call is None or call.takeout is None:
        return
    if not call.takeout or takeouts.open.get(ctx.account.id) != call.takeout:
        takeouts.invalid += 1
        raise Rpc(400, "TAKEOUT_INVALID")
    peer = getattr(call.request, "peer", None) or getattr(call.request, "channel", None)
    refusal = takeouts.refuse.get(getattr(peer, "channel_id", 0))
    if refusal is not None:
        raise Rpc(*refusal)


@method(fn.account.InitTakeoutSessionRequest)
def init_takeout(ctx: Context, request: fn.account.InitTakeoutSessionRequest) -> Any:
    """A new takeout; the account's earlier one is over."""
    takeouts, account, now = ctx.world.takeouts, ctx.account, ctx.world.clock.now()
    takeouts.asked.append(request)
    if account.id in takeouts.waits:
        takeouts.until[account.id] = now + takeouts.waits.pop(account.id)
    early = takeouts.until.get(account.id, now) - now
    if early > 0:
        raise Rpc(420, f"TAKEOUT_INIT_DELAY_{ceil(early)}")
    takeouts.begun += 1
    # Any 64 bits will do for an id, negative ones too.
    takeouts.open[account.id] = -((account.id << 20) + takeouts.begun)
    return types.account.Takeout(takeouts.open[account.id])


@method(fn.account.FinishTakeoutSessionRequest)
def finish_takeout(ctx: Context, request: fn.account.FinishTakeoutSessionRequest) -> bool:
    if ctx.call is None or ctx.call.takeout is None:
        raise Rpc(403, "TAKEOUT_REQUIRED")
    del ctx.world.takeouts.open[ctx.account.id]
    ctx.world.takeouts.finished.append(bool(request.success))
    return True
