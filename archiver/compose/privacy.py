"""Permissions that somebody widened: noticed by every command that opens the archive, closed by those that write."""

from __future__ import annotations

import shlex
from pathlib import Path

from archiver.compose.remarks import Remarks
from archiver.store.place import list_widened, make_private

_said: set[Path] = set()


def look_at_permissions(directory: Path, *, close: bool, remarks: Remarks) -> None:
    """Warn in one line, once a run, of what others may use; `close`: leave it to its owner alone."""
    found = list_widened(directory)
    if not found or directory in _said:
        return
    _said.add(directory)
    named = ", ".join(f"{one.path.name} (mode {one.mode:04o})" for one in found)
    closed = [make_private(one) for one in found] if close else [False]
    if all(closed):
        remarks.warn(f"the archive in {directory} was open to other users: {named}; it is closed to them now.")
    else:
        remarks.warn(
            f"the archive in {directory} is open to other users: {named}."
            f" Close it: chmod -R go= {shlex.quote(str(directory))}"
        )
