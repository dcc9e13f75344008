"""Logging to stderr, a line a record. Nothing that a message says, no phone number, no code and no key gets in."""

from __future__ import annotations

import logging
import os
import sys

from config.errors import SettingsError

LEVEL_VARIABLE = "TELEKEEP_LOG"
_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}
_BY_VERBOSITY = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}

# Below WARNING these log requests and SQL parameters: message texts, phone numbers, keys.
_TALKATIVE = ("telethon", "aiosqlite", "httpx", "httpcore", "urllib3")


class _OneLine(logging.Formatter):
    """A record on one line, without control characters that could move a terminal's cursor."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return "".join(char if char.isprintable() or char == " " else f"\\x{ord(char):02x}" for char in text)

    def formatException(self, ei: object) -> str:  # noqa: N802 - the name is logging's
        """Nothing: an exception's text may hold what a message says. `--debug` shows tracebacks."""
        return ""


def configure(*, verbosity: int = 0) -> None:
    """Send records to stderr: errors at -1, warnings at 0, info at 1, all at 2. $TELEKEEP_LOG has the last word."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("telekeep: %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_level(verbosity))
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _level(verbosity: int) -> int:
    named = os.environ.get(LEVEL_VARIABLE, "").strip().lower()
    if not named:
        return _BY_VERBOSITY.get(verbosity, logging.DEBUG)
    if named not in _LEVELS:
        raise SettingsError(f"{LEVEL_VARIABLE} is {named!r}; allowed are {', '.join(_LEVELS)}.")
    return _LEVELS[named]
