"""The accounts on a terminal: a table, followed by their problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archiver.cli import output
from archiver.cli.view import figures, waits
from archiver.cli.view.grid import Column, print_grid
from archiver.cli.view.moments import Moments
from archiver.store.accounts.account import KnownAccount
from archiver.store.accounts.waits import Wait

_COLUMNS = (
    Column("account"),
    Column("state"),
    Column("channels", right=True, drop_order=3),
    Column("who", drop_order=2, least=12),
    Column("proxy", drop_order=1),
)


def print_accounts(
    rows: Sequence[Mapping[str, Any]], known: Mapping[str, KnownAccount], waiting: Sequence[Wait], moments: Moments
) -> None:
    """Print the accounts on a terminal."""
    cells = [
        (
            row["account"],
            _state(row),
            figures.number(row["channels"]),
            describe_owner(row["first_name"], row["phone_end"]),
            row["proxy"] or "none",
        )
        for row in rows
    ]
    print_grid(_COLUMNS, cells)
    lines = list(_problems(rows, known, waiting, moments))
    for line in ["", *lines] if lines else []:
        output.line(line)


def describe_owner(first_name: str | None, phone_end: str | None) -> str:
    """The account's owner, if known: `Nadia (…45)`."""
    return " ".join(filter(None, (first_name, f"(…{phone_end})" if phone_end else None)))


def _state(row: Mapping[str, Any]) -> str:
    if not row["configured"]:
        return "not in the settings"
    if row["state"] == "dead":
        return "logged out"
    return "logged in" if row["logged_in"] else "not logged in"


def _problems(
    rows: Sequence[Mapping[str, Any]], known: Mapping[str, KnownAccount], waiting: Sequence[Wait], moments: Moments
) -> Iterator[str]:
    from archiver.cli.view.status_problems import Problem, logged_out, not_configured, not_logged_in

    for row in rows:
        account = known.get(row["account"])
        if account is not None and not row["configured"]:
            yield from not_configured(account).draw()
        elif account is not None and account.state == "dead":
            yield from logged_out(account, moments).draw()
        elif not row["logged_in"]:
            yield from not_logged_in(row["account"], row["channels"]).draw()
    for wait in waiting:
        yield from Problem(what=waits.describe(wait, moments)).draw()
