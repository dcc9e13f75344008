"""`telekeep login`: sign in with a code, from prompts or from the lines of standard input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli import interrupted, output

if TYPE_CHECKING:
    from archiver.errors import Error
    from archiver.telegram import LoggedIn
    from config.settings import Settings

EXIT_STATUS = {
    0: "logged in, or was already",
    2: "wrong usage or settings, another number is logged in, the account is in use, or no server can be reached",
    4: "the number, code or password was not accepted, or no code can come",
    5: "flood wait: run again after the seconds named",
}


def command(
    context: typer.Context,
    *,
    phone: Annotated[
        str | None, typer.Option("--phone", metavar="P", help="The account's number with country code.")
    ] = None,
    account: Annotated[
        str, typer.Option("--account", metavar="NAME", help="Which account of the settings.")
    ] = "default",
) -> int:
    """Log in with a code; the session stays on this machine.

    \b
    Examples:
      telekeep login
      telekeep login --phone +9996612345
      telekeep login --account second
      printf '%s\\n' 12345 'the password' | telekeep login --phone +9996612345

    It first says where the code was sent: app, SMS, call, e-mail. Type `resend` instead of a code to get it by the next
    way, once the server allows that. Three wrong codes or passwords end the login.

    When standard input is no terminal its lines answer, in this order: the number (without --phone), the code, the
    password (only if the account has one). A line `resend` waits as long as it has to, up to ten minutes.

    Use an account of your own that has existed for a while: new and rented numbers get banned. Each further
    account has a section [telegram.accounts.NAME] in the settings; one may be logged in while `telekeep run` mirrors
    with the others. An account that is logged in with another number than --phone stays as it is, which is an error.
    """
    return interrupted.run(run(context.obj.settings(), phone=phone, name=account))


async def run(settings: Settings, *, phone: str | None, name: str) -> int:
    """Sign in. Returns the exit status."""
    from archiver.cli.commands.prompts import StandardInput
    from archiver.compose.accounts import (
        mark_active,
        open_login,
        say_whose,
    )
    from archiver.errors import LoginNeeded
    from archiver.telegram import log_in

    async with open_login(settings, name, remarks=output) as account:
        try:
            prompts = StandardInput(phone)
            done = await log_in(account.connection, prompts, number=prompts.given())
        except LoginNeeded as exc:
            raise say_whose(exc, settings, name) from exc.__cause__
        await mark_active(account.database, name, done)
    if done.other_number:
        raise _other_number(done, name)
    _welcome(done)
    return 0


def _other_number(done: LoggedIn, name: str) -> Error:
    from archiver.errors import UsageError

    return UsageError(
        f"account {name} is already logged in{_as_whom(done)}, which is not the number given; nothing was changed.",
        hint="For a further account add a section [telegram.accounts.NAME] to the settings and run"
        " `telekeep login --account NAME`; to replace this one, end its session in an official app first"
        " (Settings > Devices).",
    )


def _as_whom(done: LoggedIn) -> str:
    from archiver.cli.commands.accounts import named

    who = named(done.identity.first_name, done.identity.phone_end) if done.identity else ""
    return f" as {who}" if who else ""


def _welcome(done: LoggedIn) -> None:
    output.note(f"{'' if done.new else 'already '}logged in{_as_whom(done)}.")
    if done.relogin_days is not None:
        output.note(
            f"the server asks for a second password: set one in an official app, or a later login by SMS may have to"
            f" wait {done.relogin_days} days."
        )
