"""`telekeep login`: log in with a code, from prompts or from lines of standard input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.parsing.parameters import CommandContext, Option

if TYPE_CHECKING:
    from archiver.errors import Error
    from archiver.telegram import LoggedIn
    from config.settings import Settings

EXIT_STATUS = {
    0: "logged in",
    2: "wrong usage or settings, another number is logged in, the account is in use, or no server can be reached",
    4: "the number, code or password was not accepted, or no code can be sent",
    5: "flood wait: run again after the delay shown",
}


def command(
    context: CommandContext,
    *,
    phone: Annotated[str | None, Option("--phone", metavar="P", help="Phone number with country code.")] = None,
    account: Annotated[str, Option("--account", metavar="NAME", help="Account in the settings.")] = "default",
) -> int:
    """Log in with a code; the session is stored on this machine.

    \b
    Examples:
      telekeep login
      telekeep login --phone +9996612345
      telekeep login --account second
      printf '%s\\n' 12345 'the password' | telekeep login --phone +9996612345

    The command first shows where the code was sent: app, SMS, call or e-mail. Type `resend` instead of a code to have
    it sent another way, once the server allows that. The login fails after three wrong codes or passwords.

    If standard input is not a terminal, its lines are, in this order: the number (without --phone), the code, and the
    password (if the account has one). A line `resend` waits until the server allows it, up to ten minutes.

    Use an account of your own that has existed for a while: new and rented numbers get banned. Each further account
    has a section [telegram.accounts.NAME] in the settings, and can be logged in while `telekeep run` mirrors with the
    others. If the account is already logged in with a number other than --phone, that is an error; nothing changes.
    """
    return interrupted.run(run(context.obj.settings(), phone=phone, name=account))


async def run(settings: Settings, *, phone: str | None, name: str) -> int:
    """Log in. Returns the exit status."""
    from archiver.cli.commands.prompts import StandardInput
    from archiver.compose.accounts import (
        mark_active,
        name_account,
        open_login,
    )
    from archiver.errors import LoginNeeded
    from archiver.telegram import log_in

    async with open_login(settings, name, remarks=output) as account:
        try:
            prompts = StandardInput(phone)
            done = await log_in(account.connection, prompts, number=prompts.given())
        except LoginNeeded as exc:
            raise name_account(exc, settings, name) from exc.__cause__
        await mark_active(account.database, name, done)
    if done.other_number:
        raise _other_number(done, name)
    _welcome(done)
    await _suggest(settings)
    return 0


async def _suggest(settings: Settings) -> None:
    """Name the next step."""
    from archiver.cli.view.next_step import suggest
    from archiver.store.channels.channel import list_channels
    from archiver.store.database import Database

    async with await Database.open_readonly(settings.archive.dir) as database:
        if await database.read(list_channels):
            suggest("telekeep sync", "to fetch what is new")
        else:
            suggest("telekeep add @name", "to choose a channel")


def _other_number(done: LoggedIn, name: str) -> Error:
    from archiver.errors import UsageError

    return UsageError(
        f"account {name} is already logged in{_as_whom(done)}, which is not the number given; nothing was changed.",
        hint="For a further account add a section [telegram.accounts.NAME] to the settings and run"
        " `telekeep login --account NAME`; to replace this one, end its session in an official app first"
        " (Settings > Devices).",
    )


def _as_whom(done: LoggedIn) -> str:
    from archiver.cli.view.account_table import describe_owner

    who = describe_owner(done.identity.first_name, done.identity.phone_end) if done.identity else ""
    return f" as {who}" if who else ""


def _welcome(done: LoggedIn) -> None:
    output.note(f"{'' if done.new else 'already '}logged in{_as_whom(done)}.")
    if done.relogin_days is not None:
        output.note(
            f"the server asks for a second password: set one in an official app, or a later login by SMS may have to"
            f" wait {done.relogin_days} days."
        )
