"""Logging to stderr, one line per record. Message texts, phone numbers, login codes and keys are never logged."""

from __future__ import annotations

import logging
import os
import sys

from config.errors import SettingsError

LEVEL_VARIABLE = "TELEKEEP_LOG"
_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}
_FULL = "telekeep: %(levelname)s %(name)s: %(message)s"
_PLAIN = "telekeep: %(message)s"
_BY_VERBOSITY = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}

# Below WARNING these libraries log requests and SQL parameters: message texts, phone numbers, keys.
_VERBOSE_LIBRARIES = ("telethon", "aiosqlite", "httpx", "httpcore", "urllib3")


class _OneLine(logging.Formatter):
    """Formats a record as one line and escapes control characters, which could move a terminal's cursor."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return "".join(char if char.isprintable() or char == " " else f"\\x{ord(char):02x}" for char in text)

    def formatException(self, ei: object) -> str:  # noqa: N802 - the name is logging's
        """Omit exceptions, whose text may quote a message. `--debug` shows tracebacks."""
        return ""


def configure(*, verbosity: int = 0) -> None:
    """Log to stderr: errors at verbosity -1, warnings at 0, info at 1, all at 2. $TELEKEEP_LOG overrides this.

    On a terminal warnings read like the other lines there; levels and modules are for journals, and for -v.
    """
    handler = logging.StreamHandler(sys.stderr)
    is_for_people = verbosity <= 0 and LEVEL_VARIABLE not in os.environ and sys.stderr.isatty()
    handler.setFormatter(_OneLine(_PLAIN if is_for_people else _FULL))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_level(verbosity))
    for name in _VERBOSE_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def _level(verbosity: int) -> int:
    named = os.environ.get(LEVEL_VARIABLE, "").strip().lower()
    if not named:
        return _BY_VERBOSITY.get(verbosity, logging.DEBUG)
    if named not in _LEVELS:
        raise SettingsError(f'{LEVEL_VARIABLE} cannot be "{named}"; allowed: {", ".join(_LEVELS)}.')
    return _LEVELS[named]
