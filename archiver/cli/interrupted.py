"""What is kept when a command is interrupted: one line for each, so that nobody has to fear for the archive."""

from __future__ import annotations


class StoppedError(Exception):
    """Ctrl-C or a polite kill, as an error that no library has an answer of its own to."""


_NOTHING = "nothing was changed."

KEPT = {
    "login": "unless it said who is logged in, the login was not finished; run `telekeep login` again.",
    "add": "every channel that it said was added or asked for is kept; add the others again.",
    "remove": "a channel that it said was removed is removed, the archive is untouched.",
    "move": "a channel that it said was moved is moved, the archive is untouched.",
    "sync": "what was stored stays, the next sync goes on from there.",
    "run": "everything that came is kept.",
    "accounts": "accounts and archive are as they were.",
    "query": "saved queries are whole, as before or after.",
    "export": "no file was written or replaced; what went to a pipe is not whole.",
    "index": "the archive is untouched; what the index still lacks is sent by the next run.",
    "verify": "the check was not finished and says nothing; " + _NOTHING,
    "repair": "the messages are untouched; run it again to finish.",
    "health": _NOTHING,
}
"""By command; the others only read."""


def describe_stop(command: str | None) -> str:
    """The line for a command that was interrupted."""
    return f"stopped; {KEPT.get(command or '', _NOTHING)}"
