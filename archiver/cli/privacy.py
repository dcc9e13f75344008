"""Permissions that somebody widened: noticed by every command that opens the archive, closed by those that write."""

from __future__ import annotations

import shlex
from pathlib import Path

from archiver.cli import output
from archiver.store.place import list_widened, make_private

_said: set[Path] = set()


def look_at_permissions(directory: Path, *, close: bool) -> None:
    """Warn of what others may read or write, once a run; `close`: leave it to its owner alone."""
    for one in list_widened(directory):
        if one.path in _said:
            continue
        _said.add(one.path)
        if close and make_private(one):
            output.warn(f"{one.path} was open to other users (mode {one.mode:04o}); it is closed to them now.")
        else:
            command = f"chmod {one.private:o} {shlex.quote(str(one.path))}"
            output.warn(f"{one.path} is open to other users (mode {one.mode:04o}). Close it: {command}")
