"""The key of pseudonyms: made on first use in a file of its own, which only its owner can read."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from pathlib import Path

from archiver.errors import UsageError
from archiver.export.temporary import CREATE, READ

FILE_NAME = "pseudonym.key"
_HEX = re.compile(rb"([0-9a-f]{64})\n?")
_LARGEST = 1024


def read_key(path: Path) -> bytes:
    """Read the key from the file, which is made if missing. Raises UsageError, which never contains the key."""
    try:
        with contextlib.suppress(FileExistsError):
            _make(path)
        handle = os.open(path, READ)
    except OSError as exc:
        raise UsageError(
            f"the key file {path} cannot be used: {exc.strerror}.", hint="--pseudonym-key FILE names another."
        ) from exc
    with os.fdopen(handle, "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise UsageError(f"the key file {path} is not a regular file.")
        if info.st_mode & 0o077:
            raise UsageError(f"the key file {path} can be read by others.", hint=f"chmod 600 {path}")
        found = _HEX.fullmatch(file.read(_LARGEST))
    if found is None:
        raise UsageError(
            f"{path} is not a key file: 64 hexadecimal digits.", hint="--pseudonym-key FILE names a new one."
        )
    return bytes.fromhex(found[1].decode())


def _make(path: Path) -> None:
    handle = os.open(path, CREATE, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(32).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def expect_apart(key: Path, export: Path) -> None:
    """Raise UsageError if the key would lie in the directory of the export, and be shared with it."""
    inside = export if export.is_dir() else export.parent
    if key.resolve().is_relative_to(inside.resolve()):
        raise UsageError(
            f"the key file {key} would lie in the directory of the export: with both, anyone can identify the persons.",
            hint="Use -o in another directory, or --pseudonym-key FILE elsewhere.",
        )
