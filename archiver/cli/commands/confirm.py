"""Ask for confirmation on a terminal."""

from __future__ import annotations

import sys

from archiver.cli.interrupted import raising
from archiver.errors import UsageError


def confirm(question: str, *, yes: bool) -> bool:
    """Whether to continue; `yes`: do not ask. Raises UsageError if there is no terminal to ask on."""
    if yes:
        return True
    if sys.stdin is None or not sys.stdin.isatty() or not sys.stderr.isatty():
        raise UsageError(
            "confirmation needs a terminal; nothing was changed.",
            hint="Add --yes to go ahead, or --dry-run to only look.",
        )
    with raising():
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        try:
            return sys.stdin.readline().strip().lower() in ("y", "yes")
        except KeyboardInterrupt:
            sys.stderr.write("\n")  # after the question
            sys.stderr.flush()
            raise
