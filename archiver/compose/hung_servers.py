"""Meilisearch servers that did not answer a search in time: noted for a minute, so that others do not wait for them.

The note is a file in the user's cache: a search only reads the archive, which may be on a read-only medium. Without a
cache each search finds out for itself. What `status` and the indexer do does not depend on it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

SECONDS: Final = 60.0
"""For how long a server that hung is not asked."""


def note_hung(name: str) -> None:
    """Note that a server did not answer in time."""
    with suppress(OSError):
        path = _path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(f"{name}\n", "utf-8")


def forget_hung(names: Iterable[str]) -> None:
    """Delete the notes of servers that answer."""
    for name in names:
        with suppress(OSError):
            _path(name).unlink(missing_ok=True)


def find_hung(names: Iterable[str]) -> tuple[str, int] | None:
    """Return one of the servers that hung within the last minute, with the seconds since; None if there is none."""
    now = time.time()
    for name in names:
        with suppress(OSError):
            # A clock that was set back makes a note of the future: it counts for nothing.
            if 0 <= (ago := now - _path(name).stat().st_mtime) < SECONDS:
                return name, int(ago)
    return None


def _path(name: str) -> Path:
    return user_cache_path("telekeep") / "hung-servers" / sha256(name.encode()).hexdigest()[:32]
