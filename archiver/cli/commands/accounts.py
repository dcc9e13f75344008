"""`telekeep accounts`: the accounts and their state."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

from archiver.cli import interrupted, output
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.moments import Moments, choose_zone
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, Shape, choose_shape, print_objects
from archiver.cli.view.waits import as_object as wait_object
from archiver.cli.view.waits import forget

if TYPE_CHECKING:
    from archiver.store.accounts.account import KnownAccount
    from archiver.store.accounts.waits import Wait
    from config.settings import Settings

EXIT_STATUS = {0: "done", 2: "wrong usage"}


def command(
    context: CommandContext,
    *,
    json: JsonArrayOption = False,
    jsonl: JsonLinesOption = False,
    forget_wait: Annotated[
        list[str] | None,
        Option("--forget-wait", metavar="ACCOUNT[:METHOD]", help="Lift a flood wait."),
    ] = None,
) -> int:
    """List the accounts: their state, number of channels, proxy and flood waits.

    \b
    Examples:
      telekeep accounts
      telekeep accounts --json | jq '.[] | select(.state == "dead")'
      telekeep accounts --forget-wait default:getHistory

    Each account has a section [telegram.accounts.NAME] in the settings; `default` needs none. An account that the
    server no longer accepts is dead until the next `telekeep login`; `telekeep move` assigns its channels to another.

    Use --forget-wait if a recorded flood wait is wrong, or no longer in force. It lifts all waits of the account,
    or only that of METHOD. It is refused while the service uses the account.
    """
    shape = choose_shape(json=json, jsonl=jsonl)
    return interrupted.run(run(context.obj.settings(), shape=shape, forget_waits=forget_wait or []))


async def run(settings: Settings, *, shape: Shape, forget_waits: list[str]) -> int:
    """Print the accounts, or lift waits. Returns the exit status."""
    from archiver.cli.view.extract import name_extract
    from archiver.compose.privacy import check_permissions
    from archiver.errors import NotFound
    from archiver.store.accounts.account import list_accounts
    from archiver.store.accounts.waits import list_waits
    from archiver.store.database import Database
    from archiver.store.medium import ARCHIVE_NAME
    from config.accounts import account_names

    for typed in forget_waits:
        await forget(settings, typed)
    if forget_waits:
        return 0
    known: dict[str, KnownAccount] = {}
    waits: list[Wait] = []
    check_permissions(settings.archive.dir, close=False, remarks=output)
    path = settings.archive.dir / ARCHIVE_NAME
    if (extract := name_extract(path)) is not None:
        output.note(f"{path} is {extract}: accounts are not part of it.")
        if shape != "people":
            print_objects([], shape)
        return 0
    try:
        async with await Database.open_readonly(settings.archive.dir) as database:
            known = {account.account: account for account in await database.read(list_accounts)}
            waits = await database.read(list_waits, now=time.time())
    except NotFound:
        pass  # no archive yet, but the settings may have accounts
    names = dict.fromkeys([*account_names(settings), *known])
    rows = [_row(settings, name, known.get(name), [one for one in waits if one.account == name]) for name in names]
    if shape != "people":
        print_objects(rows, shape)
    elif not output.is_terminal():
        for row in rows:
            output.tsv(*_cells(row))
    else:
        from archiver.cli.view.account_table import print_accounts

        print_accounts(rows, known, waits, Moments(choose_zone(settings.display.tz), time.time()))
    return 0


def _row(settings: Settings, name: str, known: KnownAccount | None, waits: list[Wait]) -> dict[str, Any]:
    from archiver.model.iso_time import iso
    from config.accounts import account_names, account_settings, proxy_address, session_path

    configured = name in account_names(settings)
    proxy = account_settings(settings, name).proxy if configured else None
    return {
        "account": name,
        "configured": configured,
        # An unfinished login leaves a session file, too.
        "logged_in": session_path(settings, name).exists() and known is not None and known.state is not None,
        "state": known.state if known else None,
        "state_since": iso(known.since) if known else None,
        "since": iso(known.since) if known else None,
        "reason": known.reason if known else None,
        "first_name": known.first_name if known else None,
        "phone_end": known.phone_end if known else None,
        "channels": known.channels if known else 0,
        "proxy": proxy_address(proxy.get_secret_value()) if proxy else None,
        "waits": [wait_object(one) for one in waits],
        "flood_waits": {one.method: iso(int(one.until)) for one in waits},
    }


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    if not row["configured"]:
        state = "not in the settings"
    elif row["state"] == "dead":
        state = f"dead since {row['since']}"
    else:
        state = "logged in" if row["logged_in"] else "not logged in"
    waits = ", ".join(f"{method} until {until}" for method, until in row["flood_waits"].items())
    from archiver.cli.view.account_table import describe_owner

    return (
        row["account"],
        state,
        row["channels"],
        row["proxy"] or "none",
        waits,
        row["reason"],
        describe_owner(row["first_name"], row["phone_end"]),
    )
