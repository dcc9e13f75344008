"""The key of pseudonyms: made on first use in a file of its own, which only its owner can read."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from pathlib import Path

from archiver.errors import UsageError
from archiver.export.target import rename_new
from archiver.export.temporary import READ, create_file

FILE_NAME = "pseudonym.key"
_HEX = re.compile(rb"([0-9a-f]{64})\n?")
_LARGEST = 1024


def read_key(path: Path) -> bytes:
    """Read the key from the file, which is made if missing. Raises UsageError, which never contains the key."""
    try:
        handle = _open(path)
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


def _open(path: Path) -> int:
    try:
        return os.open(path, READ)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):  # another export made it at the same time
            _make(path)
        return os.open(path, READ)


def _make(path: Path) -> None:
    """Make the file, which gets its name when it is whole."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        part, handle = create_file(directory, 0o600)
        with os.fdopen(handle, "wb") as file:
            try:
                file.write(secrets.token_hex(32).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
                rename_new(directory, part, path.name)
                os.fsync(directory)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(part, dir_fd=directory)
                raise
    finally:
        os.close(directory)


def expect_apart(key: Path, export: Path) -> None:
    """Raise UsageError if the key would lie in the directory of the export, and be shared with it."""
    inside = export if export.is_dir() else export.parent
    if key.resolve().is_relative_to(inside.resolve()):
        raise UsageError(
            f"the key file {key} would lie in the directory of the export: with both, anyone can identify the persons.",
            hint="Use -o in another directory, or --pseudonym-key FILE elsewhere.",
        )
