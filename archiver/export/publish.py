"""Put a data file and its manifest in place together: both new, or both as before.

The two renames follow each other when all data is on disk; if the second fails, the first is undone. Exports into one
directory take turns. A manifest never replaces a file that is not a manifest, nor the manifest of another file, which
moves to `<its file>.manifest.json`.
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
from typing import NamedTuple

from archiver.errors import Busy, UsageError
from archiver.export.earlier_exports import read_names
from archiver.export.manifest import MANIFEST_NAME
from archiver.export.media_directory import MediaDirectory
from archiver.export.target import Target, link_new
from archiver.export.unwritable import unwritable

_LOCK_TIMEOUT = 60.0
"""Seconds to wait for the renames of another export."""


@dataclass(frozen=True, slots=True)
class _ManifestPlan:
    name: str
    """Name for the new manifest."""
    replace: bool = True
    """Whether a manifest of this name exists."""
    renamed: str | None = None
    """New name for that one, if it is another file's."""


class Published(NamedTuple):
    """The paths of manifests."""

    manifest: Path
    renamed: Path | None = None
    """The new path of another file's manifest that had the name."""


async def publish(data: Target, manifest: bytes, media: MediaDirectory | None = None) -> Published:
    """Put both in place, and the files behind the messages. Raises UsageError, Busy."""
    async with turn(data.directory):
        plan = _plan(data.directory, data.path)
        if media is not None:
            media.expect_replaceable()
        data.seal()  # first, so that a full disk is reported for the data, not its manifest
        with Target(data.path.with_name(plan.name), replace=plan.replace) as manifest_target:
            manifest_target.write(manifest)
            manifest_target.seal()
            await asyncio.sleep(0)  # last chance for Ctrl-C: there is no await below
            moved = _rename_other(data.directory, plan)
            try:
                _install(data, manifest_target, media)
            except BaseException:
                if moved and not manifest_target.installed:
                    _remove(data.directory, plan.renamed)
                raise
            data.settle()
            manifest_target.settle()
            return Published(
                manifest_target.path, data.path.with_name(plan.renamed) if moved and plan.renamed else None
            )


def _install(data: Target, manifest: Target, media: MediaDirectory | None) -> None:
    """Give all of them their final names; if one fails, take them back from the others."""
    try:
        if media is not None:
            media.install()
        data.install()
        manifest.install()
    except BaseException:
        if not manifest.installed:  # then neither has its new name
            data.undo()
            if media is not None:
                media.undo()
        raise


def _remove(directory: int, name: str | None) -> None:
    if name is not None:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=directory)


def _plan(directory: int, data: Path) -> _ManifestPlan:
    """Choose the name for the manifest of this data file."""
    own = f"{data.name}.{MANIFEST_NAME}"
    present = set(os.listdir(directory))
    if own in present and _is_of(directory, own, data.name):
        return _ManifestPlan(own)
    if MANIFEST_NAME not in present or _is_of(directory, MANIFEST_NAME, data.name):
        return _ManifestPlan(MANIFEST_NAME, replace=MANIFEST_NAME in present)
    other = read_names(directory, MANIFEST_NAME)
    if other is not None and "/" not in other.names[0]:
        free = f"{other.names[0]}.{MANIFEST_NAME}"
        if free not in present:
            return _ManifestPlan(MANIFEST_NAME, renamed=free)
    if own not in present:
        return _ManifestPlan(own, replace=False)
    raise UsageError(
        f"{MANIFEST_NAME} and {own} in {data.parent} belong to other files and are not replaced.",
        hint="Choose another directory.",
    )


def _is_of(directory: int, manifest: str, data_name: str) -> bool:
    claims = read_names(directory, manifest)
    return claims is not None and list(claims.names) == [data_name]


def _rename_other(directory: int, plan: _ManifestPlan) -> bool:
    if plan.renamed is None:
        return False
    try:
        link_new(directory, plan.name, plan.renamed)
    except OSError as exc:
        raise unwritable(Path(plan.renamed), exc) from exc
    return True


@asynccontextmanager
async def turn(directory: int) -> AsyncIterator[None]:
    """Hold the directory's lock. Raises Busy."""
    handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    try:
        for _ in range(int(_LOCK_TIMEOUT / 0.05)):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.05)
            except OSError:  # a file system without locks
                break
        else:
            raise Busy(
                "another export is writing to the directory.", hint="Wait for it to end, or choose another directory."
            )
        yield
    finally:
        os.close(handle)
