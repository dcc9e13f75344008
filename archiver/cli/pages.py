"""`search --more`: where the last page of a search ended, kept in the user's state directory between two commands.

A search is identified by a hash of its question and the archive, so that its words are not stored.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from archiver.cli.search_options import SearchOptions
from archiver.errors import UsageError
from config.paths import user_state_path

_MARKS = re.compile("[\u200e\u200f\u2066-\u2069]")
"""Directional marks, which are copied along with a command from a terminal."""
_MOST = 100
"""Maximum number of searches remembered: the most recent ones."""
_FORMAT = "telekeep pages 1"
_LARGEST = 1_000_000


class PageEnd(NamedTuple):
    """Where a page ended."""

    cursor: str | None
    """None: nothing follows."""
    shown: int
    """Results shown until there, on all pages."""


class ResultPages:
    """The pages of one search: where to continue, and where this page ends."""

    def __init__(self, archive: Path, query: str, options: SearchOptions) -> None:
        """Raises UsageError for --more if there is nothing to continue."""
        self._name = name_search(
            (
                archive.resolve(),
                _MARKS.sub("", query).split(),
                options.channels,
                options.when,
                options.sort,
                options.around,
                options.engine,
                options.fuzzy,
                options.glossary is not None,
                options.collapse,
            )
        )
        self.cursor = options.after
        self.before: int | None = 0 if options.after is None else None
        """Results on earlier pages; None: unknown."""
        self.is_over = False
        """Whether all results have been shown."""
        if options.more:
            self._continue()

    def end(self, shown: int, cursor: str | None) -> bool:
        """Store where the page ended. Returns whether --more can continue there."""
        page = PageEnd(cursor, (self.before or 0) + shown)
        if cursor is None and recall(self._name) is None:
            return False
        return remember(self._name, page) and cursor is not None

    def _continue(self) -> None:
        page = recall(self._name)
        if page is None:
            raise UsageError(
                "there is no page of this search to continue.",
                hint="Search without --more first, with the same options.",
            )
        self.cursor, self.before = page.cursor, page.shown
        self.is_over = page.cursor is None


def state_path() -> Path:
    """Path of the state file."""
    return user_state_path() / "pages.json"


def name_search(parts: Sequence[object]) -> str:
    """The name of a search with these words and options."""
    return hashlib.sha256(repr(tuple(parts)).encode("utf-8", "surrogatepass")).hexdigest()


def recall(name: str) -> PageEnd | None:
    """Where the last page of this search ended; None if that is not known."""
    found = (_read(state_path()) or {}).get(name)
    if not isinstance(found, list) or len(found) != 3:
        return None
    cursor, shown, _ = found
    return PageEnd(cursor if isinstance(cursor, str) else None, shown) if isinstance(shown, int) else None


def remember(name: str, page: PageEnd) -> bool:
    """Store where this page ended, readable by this user only. Returns whether that succeeded."""
    path = state_path()
    known = _read(path) if path.is_absolute() else None  # it is not if nobody knows the home directory
    if known is None:  # not a file of ours, or not readable
        return False
    known.pop(name, None)
    latest = sorted(known.items(), key=_used_at, reverse=True)[: _MOST - 1]
    pages = {name: [page.cursor, page.shown, int(time.time())]} | dict(latest)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, orjson.dumps({"format": _FORMAT, "pages": pages}))
    except OSError:
        return False
    return True


def _read(path: Path) -> dict[str, Any] | None:
    """The stored pages; empty without a file; None if the file is unreadable or not telekeep's."""
    try:
        # Not `open`: it waits for the other end of a pipe that somebody put there.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            kept = orjson.loads(file.read(_LARGEST))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None
    if not isinstance(kept, dict) or kept.get("format") != _FORMAT or not isinstance(kept.get("pages"), dict):
        return None
    return dict(kept["pages"])


def _write(path: Path, data: bytes) -> None:
    import tempfile

    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".pages")  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _used_at(item: tuple[str, Any]) -> int:
    _, page = item
    return page[2] if isinstance(page, list) and len(page) == 3 and isinstance(page[2], int) else 0
