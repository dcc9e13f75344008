"""A data file and its manifest get their names together: both new, or both as before.

The two renames follow one another with everything on the disk already; where the second fails, the first is undone. One
export at a time does so in a directory. A manifest never takes the place of a file that is none, nor of the manifest
of another file: that one moves to `<its file>.manifest.json`.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import Busy, UsageError
from archiver.export.manifest import MANIFEST_NAME
from archiver.export.ours import read_names
from archiver.export.target import Target, link_new

_PATIENCE = 60.0
"""Seconds that another export's renames are waited for."""


@dataclass(frozen=True, slots=True)
class _Plan:
    name: str
    """Of the manifest."""
    replace: bool = True
    """Whether a manifest has this name now."""
    aside: str | None = None
    """Where that one goes, being another file's."""


async def publish(data: Target, manifest: bytes) -> Path:
    """Commit both; the result is where the manifest is. Raises UsageError, Busy."""
    async with _turn(data.directory):
        plan = _plan(data.directory, data.path)
        with Target(data.path.with_name(plan.name), replace=plan.replace) as beside:
            beside.write(manifest)
            beside.seal()
            data.seal()
            await asyncio.sleep(0)  # the last moment at which Ctrl-C stops it; from here on no await comes between
            moved = _move_aside(data.directory, plan)
            try:
                data.install()
                beside.install()
            except BaseException:
                if not beside.installed:  # neither has its new name then
                    data.undo()
                    if moved:
                        _remove(data.directory, plan.aside)
                raise
            data.settle()
            beside.settle()
            return beside.path


def _remove(directory: int, name: str | None) -> None:
    if name is not None:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=directory)


def _plan(directory: int, data: Path) -> _Plan:
    """Where the manifest of this data file goes."""
    own = f"{data.name}.{MANIFEST_NAME}"
    present = set(os.listdir(directory))
    if own in present and _is_of(directory, own, data.name):
        return _Plan(own)
    if MANIFEST_NAME not in present or _is_of(directory, MANIFEST_NAME, data.name):
        return _Plan(MANIFEST_NAME, replace=MANIFEST_NAME in present)
    other = read_names(directory, MANIFEST_NAME)
    if other is not None and "/" not in other.names[0]:
        aside = f"{other.names[0]}.{MANIFEST_NAME}"
        if aside not in present:
            return _Plan(MANIFEST_NAME, aside=aside)
    if own not in present:
        return _Plan(own, replace=False)
    raise UsageError(
        f"neither {MANIFEST_NAME} nor {own} in {data.parent} is this export's manifest, and none is replaced.",
        hint="Choose another directory.",
    )


def _is_of(directory: int, manifest: str, data_name: str) -> bool:
    told = read_names(directory, manifest)
    return told is not None and list(told.names) == [data_name]


def _move_aside(directory: int, plan: _Plan) -> bool:
    if plan.aside is None:
        return False
    try:
        link_new(directory, plan.name, plan.aside)
    except OSError as exc:
        raise UsageError(f"{plan.aside} cannot be written: {exc.strerror}.") from exc
    return True


@asynccontextmanager
async def _turn(directory: int) -> AsyncIterator[None]:
    """Hold the directory's lock."""
    handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    try:
        for _ in range(int(_PATIENCE / 0.05)):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.05)
            except OSError:  # a file system without locks
                break
        else:
            raise Busy("another export holds the directory.", hint="Wait for it to end, or choose another directory.")
        yield
    finally:
        os.close(handle)
