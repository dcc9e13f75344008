"""What else is in a directory: exports further down, or files that may be exports. Bounded."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Final

from archiver.imports.foreign import ONLY_TELEGRAM, name_foreign
from archiver.imports.packed.members import find_roots

_MOST: Final = 10_000
"""Maximum number of files and directories that are looked at."""
_DEEPEST: Final = 4
_NAMED: Final = 3
_IN_FOLDER: Final = re.compile(r"[^/]+/(?:result\.json|messages\.html|data\.sqlite|.*manifest\.json)")
_READABLE: Final = (
    *(".json", ".jsonl", ".ndjson", ".csv", ".parquet", ".html", ".htm", ".sqlite", ".db"),
    *(".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst"),
)


def explain_directory(path: Path) -> tuple[str, str] | None:
    """What a directory is that no format claims, and what to do; None if nothing in it can be read."""
    found = list(islice(_list(path, "", 1), _MOST))
    names = [name for name in found if not name.endswith("/")]
    if not found:
        return "an empty directory", "Give the directory that has `result.json` or `messages.html`."
    if any(roots := find_roots(names)):
        return _explain_roots(path, [root.rstrip("/") for root in roots])
    if (foreign := name_foreign(names)) is not None:
        return foreign, ONLY_TELEGRAM
    loose = [name for name in names if "/" not in name and name.lower().endswith(_READABLE)]
    if not loose:
        return None
    what = "a directory without the files of an export (`result.json`, `messages.html`, `data.sqlite`, a manifest)"
    return what, f"Give the file with the messages: `telekeep import {quote(str(path / loose[0]))}`."


def list_unread(path: Path, read: Collection[Path]) -> list[str]:
    """What lies beside an export and may be another one: names of files and directories. `read`: the export's files.

    Pages are left out: Telegram Desktop writes them beside its JSON, with the same messages.
    """
    root = path.resolve()
    own = {one.relative_to(root).parts[0] for one in (each.resolve() for each in read) if one.is_relative_to(root)}
    names = [name for name in islice(_list(path, "", _DEEPEST - 1), _MOST) if name.partition("/")[0] not in own]
    files = [name for name in names if "/" not in name and _may_be_export(name.lower())]
    return [*files, *dict.fromkeys(name.partition("/")[0] for name in names if _IN_FOLDER.fullmatch(name))]


def _may_be_export(name: str) -> bool:
    return name.endswith(_READABLE) and not name.endswith(("manifest.json", ".html", ".htm"))


def _explain_roots(path: Path, roots: list[str]) -> tuple[str, str]:
    hint = f"`telekeep import {quote(str(path / roots[0]))}`."
    if len(roots) == 1:
        return f"not an export, but contains one ({roots[0]})", f"Import that: {hint}"
    return f"not an export, but contains {len(roots):,} ({name_some(roots)})", f"Import each separately: {hint}"


def name_some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _list(path: Path, below: str, depth: int) -> Iterator[str]:
    """The names of what is in it and further down, with a slash unless they are regular files; no link is followed."""
    try:
        with os.scandir(path) as found:
            entries = sorted(found, key=lambda one: one.name)
    except OSError:
        return
    for one in entries:
        name = below + one.name
        yield name if one.is_file(follow_symlinks=False) else f"{name}/"
        if depth < _DEEPEST and one.is_dir(follow_symlinks=False):
            yield from _list(path / one.name, f"{name}/", depth + 1)
