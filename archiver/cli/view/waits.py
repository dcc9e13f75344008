"""Show flood waits and takeout delays, and lift them on request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from archiver.cli import output
from archiver.cli.view.moments import Moments
from archiver.duration import in_words, moment
from archiver.model.iso_time import iso
from archiver.store.accounts.waits import TAKEOUT, Wait

if TYPE_CHECKING:
    from config.settings import Settings


def describe(wait: Wait, moments: Moments) -> str:
    """Describe a wait in one line."""
    left, at = in_words(wait.until - moments.now), moments.at(wait.until)
    if wait.method == TAKEOUT:
        return f"takeout: {wait.account} may start one in {left}, at {at}, or once another device allows it"
    full = wait.ordered - moments.now if wait.ordered else 0
    more = f" (the server ordered {in_words(full)}; it is retried then)" if wait.ordered else ""
    return f"flood wait: {wait.account} may call {wait.method} again in {left}, at {at}{more}"


def as_object(wait: Wait) -> dict[str, Any]:
    """As JSON."""
    ordered = iso(int(wait.ordered)) if wait.ordered else None
    return {"account": wait.account, "method": wait.method, "until": iso(int(wait.until)), "ordered": ordered}


async def forget(settings: Settings, typed: str) -> None:
    """Lift the waits of ACCOUNT, or that of ACCOUNT:METHOD. Raises UsageError if there is none, and Busy."""
    from archiver.compose.write_archive import open_shared
    from archiver.errors import UsageError
    from archiver.lock import hold_session
    from archiver.store.accounts.waits import forget_wait, list_waits
    from archiver.store.database import expect_archive

    directory, now = settings.archive.dir, time.time()
    account, _, method = typed.partition(":")
    expect_archive(directory)
    async with open_shared(directory, command="accounts", remarks=output) as database:
        waits = await database.read(list_waits, now=now)
        lifted = [one for one in waits if one.account == account and method in ("", one.method)]
        if not lifted:
            known = ", ".join(f"{one.account}:{one.method}" for one in waits)
            hint = f"Current waits: {known}." if known else "No account has to wait."
            raise UsageError(f"no wait for {typed[:80]}.", hint=hint)
        with hold_session(directory, account, command="accounts"):
            for wait in lifted:
                await database.write(forget_wait, wait)
    for wait in lifted:
        what = "start a takeout" if wait.method == TAKEOUT else f"call {wait.method}"
        output.note(f"lifted: {account} was not allowed to {what} before {moment(wait.until)}.")
    if any(wait.method != TAKEOUT for wait in lifted):
        output.warn("calling earlier than the server allowed risks longer waits, and a ban.")
