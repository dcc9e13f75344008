"""Where the page of an archive is open now: a file that its server holds locked, so that `telekeep open` finds it.

The token is in it, readable by the archive's owner only, who can read the archive anyway. The kernel drops the lock
when the server dies, however it dies.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from archiver.store.medium import ARCHIVE_NAME, is_export

NAME: Final = "page.json"
_MOST: Final = 4096
_OPEN: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class OpenPage(NamedTuple):
    """A page that answers now."""

    url: str
    """Its address, without the token."""
    token: str

    def at(self, path: str) -> str:
        """The address that opens a path of it; `path` begins with a slash."""
        joint = "&" if "?" in path else "?"
        return f"{self.url.rstrip('/')}{path}{joint}token={self.token}"


@contextmanager
def announced(directory: Path, page: OpenPage) -> Iterator[None]:
    """Announce a page while it is open, unless the directory is read-only or announces another page."""
    path = directory / NAME
    if is_export(directory / ARCHIVE_NAME):
        yield
        return
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | _OPEN, 0o600)
    except OSError:
        yield
        return
    try:
        if _take(handle):
            os.fchmod(handle, 0o600)
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(page._asdict()).encode(), 0)
            try:
                yield
            finally:
                with suppress(OSError):
                    os.ftruncate(handle, 0)
                    path.unlink()
        else:
            yield
    finally:
        os.close(handle)


def find_open_page(directory: Path) -> OpenPage | None:
    """The page that is open now; None if there is none, or it cannot be read."""
    try:
        handle = os.open(directory / NAME, os.O_RDONLY | _OPEN)
    except OSError:
        return None
    try:
        known = os.fstat(handle)
        if not stat.S_ISREG(known.st_mode) or known.st_uid != os.geteuid() or known.st_mode & 0o077:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            found = json.loads(_read_written(handle))
            return OpenPage(str(found["url"]), str(found["token"]))
        return None  # not locked: its server is gone
    except (OSError, ValueError, KeyError, TypeError):
        return None
    finally:
        os.close(handle)


def _read_written(handle: int) -> bytes:
    """What the holder has written, or is about to."""
    for _ in range(20):
        if found := os.pread(handle, _MOST, 0):
            return found
        time.sleep(0.02)
    return b""


def _take(handle: int) -> bool:
    """Lock the file, if it is one of ours: new, or left by a page that was killed."""
    known = os.fstat(handle)
    if not stat.S_ISREG(known.st_mode) or known.st_uid != os.geteuid():
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return known.st_size == 0 or _is_ours(os.pread(handle, _MOST, 0))


def _is_ours(written: bytes) -> bool:
    try:
        return set(json.loads(written)) == set(OpenPage._fields)
    except (ValueError, TypeError):
        return False
