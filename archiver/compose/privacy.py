"""Check the archive's permissions: every command warns if they are too wide, commands that write fix them."""

from __future__ import annotations

import shlex
from pathlib import Path

from archiver.compose.remarks import Remarks
from archiver.store.place import list_widened, make_private

_said: set[Path] = set()


def check_permissions(directory: Path, *, close: bool, remarks: Remarks) -> None:
    """Warn once per run about files that other users can access; `close`: restrict them to the owner."""
    found = list_widened(directory)
    if not found or directory in _said:
        return
    _said.add(directory)
    named = ", ".join(f"{one.path.name} (mode {one.mode:04o})" for one in found)
    closed = [make_private(one) for one in found] if close else [False]
    if all(closed):
        remarks.warn(f"the archive in {directory} was open to other users: {named}; it is now private again.")
    else:
        remarks.warn(
            f"the archive in {directory} is open to other users: {named}."
            f" Make it private: chmod -R go= {shlex.quote(str(directory))}"
        )
