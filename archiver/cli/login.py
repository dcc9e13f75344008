"""`telekeep login`: sign in with a code, from prompts or from the lines of standard input."""

from __future__ import annotations

import asyncio
import getpass
import re
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli import output

if TYPE_CHECKING:
    from config.settings import Settings

EXIT_STATUS = {
    0: "logged in, or was already",
    2: "wrong usage, the account is in use, or the server cannot be reached",
    4: "the number, code or password was not accepted",
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

    When standard input is no terminal its lines answer, in this order: the number (without --phone), the code, the
    password (only if the account has one). Use an account of your own that has existed for a while: new and rented
    numbers get banned. More accounts than one have sections [telegram.accounts.NAME] in the settings; one may be logged
    in while `telekeep run` mirrors with the others.
    """
    return asyncio.run(run(context.obj.settings(), phone=phone, name=account))


async def run(settings: Settings, *, phone: str | None, name: str) -> int:
    """Sign in. Returns the exit status."""
    from archiver.cli.account import (  # noqa: PLC0415 - Telethon costs 250 ms, which --help must not pay
        mark_active,
        open_login,
    )
    from archiver.telegram import log_in  # noqa: PLC0415 - see above

    async with open_login(settings, name) as account:
        new = await log_in(account.connection, StandardInput(phone))
        await mark_active(account.database, name)
    output.note("logged in." if new else "already logged in.")
    return 0


class StandardInput:
    """Answers from people at a terminal, or from lines."""

    def __init__(self, phone: str | None) -> None:
        self._phone = phone

    def phone(self) -> str:
        """The number that was given, or is typed now."""
        from archiver.errors import LoginNeeded  # noqa: PLC0415 - see run

        number = self._phone or self._ask("Phone number with country code: ")
        if not re.fullmatch(r"\+?[0-9 ().-]*[0-9][0-9 ().-]*", number):
            raise LoginNeeded("that is no phone number.", hint="Give it with its country code, as +49...")
        return number.replace(".", "")

    def code(self) -> str:
        """The code that came."""
        return self._ask("Code that was sent to your devices: ")

    def password(self, hint: str | None) -> str:
        """The second password, never shown."""
        return self._ask(f"Password{f' (hint: {output.text(hint)})' if hint else ''}: ", secret=True)

    def wrong(self, what: str) -> None:
        """The code or the password was not accepted."""
        output.warn(f"that {what} was wrong; try again.")

    @staticmethod
    def _ask(question: str, *, secret: bool = False) -> str:
        from archiver.errors import LoginNeeded  # noqa: PLC0415 - see run

        # The event loop takes Ctrl-C as a wish to stop after this wait; here there is nothing to wait for.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            if sys.stdin.isatty():
                if secret:
                    return getpass.getpass(question)
                sys.stderr.write(question)
                sys.stderr.flush()
            answer = sys.stdin.readline()
        finally:
            signal.signal(signal.SIGINT, before)
        if not answer.strip():
            raise LoginNeeded(
                f"the login was not finished: no answer to {question.partition(' (')[0].rstrip(': ')!r}.",
                hint="Give each answer on a line of its own, or run `telekeep login` on a terminal.",
            )
        return answer.rstrip("\r\n") if secret else answer.strip()
