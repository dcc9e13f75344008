"""Name the next step after a command, for people who sit at a terminal."""

from __future__ import annotations

import sys

from archiver.cli import output


def suggest(command: str, why: str) -> None:
    """Print what to type next to a terminal's stderr, unless --quiet."""
    if output.is_terminal(sys.stderr):
        output.note(f"next: {command} ({why})")
