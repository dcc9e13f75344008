"""Errors about export files or folders that cannot be written."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path
from typing import Final

from archiver.errors import UsageError

_NO_ROOM: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "it would exceed the file size limit",
}


def unwritable(path: Path, exc: OSError) -> UsageError:
    """The error for a path; the export left nothing behind."""
    if exc.errno in _NO_ROOM:
        return UsageError(
            f"{path} cannot be written: {_NO_ROOM[exc.errno]}; the export left nothing behind.",
            hint="Free some space, or choose another disk with -o.",
        )
    return UsageError(f"{path} cannot be written: {exc.strerror}.")


def unwritable_temporary(exc: OSError) -> UsageError:
    """The error for the system's temporary directory."""
    return UsageError(
        f"the export needs temporary files in {tempfile.gettempdir()}, which cannot be written:"
        f" {_NO_ROOM.get(exc.errno or 0, exc.strerror)}; the export left nothing behind.",
        hint="Free some space there, or set TMPDIR to a directory on another disk.",
    )


def unwritable_folder(path: Path, exc: OSError) -> UsageError:
    """The error for a folder that cannot be written or moved into place."""
    if exc.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
        return UsageError(f"{path} was made by another program in the meantime; nothing was written.")
    return unwritable(path, exc)
