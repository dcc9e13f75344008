"""The prompts of a login, answered on a terminal or by lines of standard input.

Prompts go to stderr. They block the event loop, which has nothing else to do during a login.
"""

from __future__ import annotations

import getpass
import os
import re
import sys
import unicodedata
from contextlib import suppress
from typing import TextIO, cast

from archiver.cli import output
from archiver.cli.interrupted import raising
from archiver.errors import LoginNeeded
from archiver.telegram.login import LONGEST_HOLD
from archiver.telegram.sent_code import ascii_digits

_EMPTY_LINES = 3
"""Empty answers allowed per prompt on a terminal; a script's line is never empty by accident."""


class StandardInput:
    """Answers from a terminal, or from lines of a script."""

    def __init__(self, phone: str | None) -> None:
        self._phone = phone

    def given(self) -> str | None:
        """The number given with --phone."""
        return None if self._phone is None else self.phone()

    def phone(self) -> str:
        """The phone number, given or typed now."""
        typed = self._phone if self._phone is not None else self._ask("Phone number with country code: ")
        # Numbers copied from a contact contain invisible marks.
        number = ascii_digits("".join(letter for letter in typed if unicodedata.category(letter) != "Cf")).strip()
        if not re.fullmatch(r"[+\d\s()./\u2010-\u2015-]+", number) or not re.search(r"\d", number):
            raise LoginNeeded("that is not a phone number.", hint="Include the country code, as in +49...")
        return re.sub(r"^00", "", re.sub(r"\D", "", number))

    def code(self) -> str:
        """The login code, or the word `resend`."""
        return self._ask("Code: ")

    def password(self, hint: str | None) -> str:
        """The second password, never echoed."""
        return self._ask(f"Password{f' (hint: {output.text(hint)})' if hint else ''}: ", secret=True)

    def wrong(self, what: str) -> None:
        """Report that the code or password was not accepted."""
        output.warn(f"that {what} was wrong; try again.")

    def say(self, message: str) -> None:
        """Print a line between prompts."""
        output.note(message)

    def hold(self, seconds: int) -> bool:
        """Whether to wait: at a terminal, ask again instead, as the code may still arrive; a script has to wait."""
        if _at_terminal():
            output.note(f'another code can be requested in {seconds} s: type "resend" then.')
            return False
        if seconds <= LONGEST_HOLD:
            output.note(f"waiting {seconds} s until another code can be requested.")
        return True

    @staticmethod
    def _ask(question: str, *, secret: bool = False) -> str:
        with raising():
            answer = _typed(question, secret=secret) if _at_terminal() else _line()
        if not answer or not answer.strip():
            raise _unanswered(question.partition(" ")[0].strip(":").lower(), ended=answer is None)
        return answer if secret else answer.strip()


def _unanswered(what: str, *, ended: bool) -> LoginNeeded:
    what = {"phone": "the phone number", "code": "the code", "password": "the password"}[what]
    if _at_terminal():
        return LoginNeeded(
            f"the login was not finished: {what} was not given.", hint="Run `telekeep login` again when you have it."
        )
    why = f"standard input ended before {what}" if ended else f"the line for {what} is empty"
    return LoginNeeded(
        f"the login was not finished: {why}.",
        hint="Give the number (or --phone), the code and the password on a line each, or run `telekeep login` on a"
        " terminal.",
    )


def _at_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _typed(question: str, *, secret: bool) -> str | None:
    """An answer from a terminal; empty ones are asked again. None at the end of input."""
    answer: str | None = ""
    try:
        for _ in range(_EMPTY_LINES):
            answer = _hidden(question) if secret else _shown(question)
            if answer is None or answer.strip():
                break
    except KeyboardInterrupt:
        sys.stderr.write("\n")  # end the line of the prompt
        raise
    if answer is None:
        sys.stderr.write("\n")
    return answer


class _Unbuffered:
    """Stderr without a buffer: a prompt that Ctrl-C interrupts would stay in it, and be printed again."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            os.write(2, text.encode(errors="backslashreplace"))
        return len(text)

    def flush(self) -> None:
        pass


def _shown(question: str) -> str | None:
    _Unbuffered().write(question)
    return _line()


def _hidden(question: str) -> str | None:
    try:
        return getpass.getpass(question, cast("TextIO", _Unbuffered()))
    except EOFError:
        return None


def _line() -> str | None:
    """The next line of standard input without its newline; None at the end."""
    try:
        line = sys.stdin.readline() if sys.stdin is not None else ""
        line.encode()
    except UnicodeError:
        # `from None`: the error's text contains the answer.
        raise LoginNeeded(
            "the answer is not UTF-8 text.", hint="Check the encoding of the terminal or script."
        ) from None
    return line.rstrip("\r\n") if line else None
