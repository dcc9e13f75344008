from __future__ import annotations

import io

import pytest

from archiver.cli.commands.prompts import StandardInput
from archiver.errors import LoginNeeded


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "standard input ended before the code."),
        ("12345\n", "standard input ended before the password."),
        ("12345\n\n", "the line for the password is empty."),
    ],
)
def test_input_that_ended_says_what_is_missing_and_what_to_do(
    lines: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    prompts = StandardInput("+9996612345")
    ask = prompts.code if not lines else lambda: (prompts.code(), prompts.password(None))
    with pytest.raises(LoginNeeded, match=f"the login was not finished: {said} Give the number .* on a line each"):
        ask()


def test_number_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(LoginNeeded, match="standard input ended before the phone number"):
        StandardInput(None).phone()
