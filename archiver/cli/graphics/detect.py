"""Detect the protocol by which a terminal can draw pictures: from its environment, or else by asking it.

The question is that of the kitty protocol followed by the one for the terminal's attributes (DA1), which every terminal
answers: so its end is known, and nothing is drawn. In tmux, screen and Zellij the environment may be that of another
terminal, and pictures passed through them would stay on the screen when they draw something else over it: there only
what they themselves report is used, sixel.
"""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import time
import tty
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from archiver.cli.graphics.encode import Protocol

QUESTION: Final = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c"
"""Whether a picture of one pixel could be drawn (kitty), and the attributes (DA1)."""
SECONDS: Final = 1.0
"""Time limit for the answer, which may come through several ssh connections."""
_LONGEST: Final = 4096
_ATTRIBUTES: Final = re.compile(rb"\x1b\[\?([0-9;]{0,200})c")
_KITTY_CAN: Final = re.compile(rb"\x1b_Gi=31;OK\x1b\\")
_SIXEL: Final = b"4"
"""The attribute that means sixel graphics."""
_KITTY: Final = frozenset({"xterm-kitty", "xterm-ghostty"})
_ITERM2: Final = frozenset({"iTerm.app", "WezTerm", "mintty"})


@dataclass(frozen=True, slots=True)
class Ability:
    """How a terminal can draw pictures, or why it cannot: a sentence without a full stop."""

    protocol: Protocol | None
    why_not: str = ""


def detect(environment: Mapping[str, str] = os.environ) -> Ability:
    """Find out how the terminal on stdout can draw pictures."""
    term = environment.get("TERM", "")
    if not sys.stdout.isatty():
        return Ability(None, "the output is not a terminal")
    if term in {"", "dumb"}:
        return Ability(None, "this terminal is dumb (TERM)")
    between = name_multiplexer(environment)
    if between is None and (known := known_protocol(environment)):
        return Ability(known)
    answer = ask(sys.stdout.fileno())
    found = read_answer(answer)
    if between is not None:
        why = f"{between} does not offer sixel graphics here; it works outside of {between}"
        return Ability("sixel") if found.sixel else Ability(None, why)
    if found.kitty or found.sixel:
        return Ability("kitty" if found.kitty else "sixel")
    return Ability(None, f"this terminal (TERM={term}) offers neither kitty graphics, iTerm2 images nor sixel")


def name_multiplexer(environment: Mapping[str, str]) -> str | None:
    """The program between us and the terminal, if there is one."""
    term = environment.get("TERM", "")
    if environment.get("TMUX") or term.startswith("tmux"):
        return "tmux"
    if environment.get("ZELLIJ"):
        return "Zellij"
    return "screen" if environment.get("STY") or term.startswith("screen") else None


def known_protocol(environment: Mapping[str, str]) -> Protocol | None:
    """The protocol of a terminal that its environment names; None: the terminal has to be asked."""
    program = environment.get("TERM_PROGRAM", "")
    if environment.get("KITTY_WINDOW_ID") or environment.get("TERM") in _KITTY or program == "ghostty":
        return "kitty"
    return "iterm2" if program in _ITERM2 or environment.get("LC_TERMINAL") == "iTerm2" else None


@dataclass(frozen=True, slots=True)
class TerminalAnswer:
    """What a terminal answered."""

    kitty: bool = False
    sixel: bool = False


def read_answer(data: bytes) -> TerminalAnswer:
    """Read the answer to QUESTION."""
    attributes = _ATTRIBUTES.search(data)
    sixel = attributes is not None and _SIXEL in attributes[1].split(b";")[1:]
    return TerminalAnswer(kitty=_KITTY_CAN.search(data) is not None, sixel=sixel)


def ask(stdout: int, *, seconds: float = SECONDS) -> bytes:
    """Ask the terminal, and read until its attributes arrive; empty if it cannot be asked or does not answer.

    The answer is neither echoed nor left in the input for the shell.
    """
    with suppress(OSError, termios.error):
        handle = os.open(os.ttyname(stdout), os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            if os.tcgetpgrp(handle) != os.getpgrp():
                return b""  # in the background: reading would stop us
            return _exchange(handle, seconds)
        finally:
            os.close(handle)
    return b""


def _exchange(handle: int, seconds: float) -> bytes:
    before = termios.tcgetattr(handle)
    try:
        tty.setcbreak(handle, termios.TCSADRAIN)
        os.write(handle, QUESTION)
        return _read(handle, time.monotonic() + seconds)
    finally:
        termios.tcsetattr(handle, termios.TCSAFLUSH, before)


def _read(handle: int, end: float) -> bytes:
    answer = b""
    while len(answer) < _LONGEST and _ATTRIBUTES.search(answer) is None:
        ready, _, _ = select.select([handle], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            break
        data = os.read(handle, _LONGEST)
        if not data:
            break
        answer += data
    return answer
