"""Recognise our own exports: files that a manifest in their directory names with their size and SHA-256."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from archiver.errors import Busy
from archiver.export.manifest import FOLDER_MANIFESTS, MANIFEST_NAME
from archiver.export.regular import UnusableFile, open_parent, open_regular, read_small

_TRIES = 100
"""Each compares a whole export, while another one is written."""


def find_earlier(path: Path) -> str | None:
    """When the file was exported; None if it is not an export of ours, or was changed since."""
    try:
        with open_parent(path) as directory:
            for name in (f"{path.name}.{MANIFEST_NAME}", MANIFEST_NAME):
                claims = read_names(directory, name)
                entry = claims.entries.get(path.name) if claims else None
                if claims and entry and _matches(directory, path.name, entry):
                    return claims.exported_at
    except UnusableFile:
        pass
    return None


def find_exported_at(path: Path) -> str | None:
    """When the file was exported, according to the manifest next to it, if any. Hashes nothing."""
    try:
        with open_parent(path) as directory:
            for name in (f"{path.name}.{MANIFEST_NAME}", MANIFEST_NAME):
                claims = read_names(directory, name)
                if claims and path.name in claims.entries:
                    return claims.exported_at
    except UnusableFile:
        pass
    return None


class UnexpectedFile(NamedTuple):
    """Why a directory is not one of our exports: a file that its manifest does not name, or names differently."""

    name: str
    """Empty if the directory has no manifest."""


def find_earlier_folder(path: Path) -> str | UnexpectedFile:
    """When the directory was exported as a whole, if it holds that export, unchanged, and nothing else.

    Raises Busy if other exports replace it again and again.
    """
    for _ in range(_TRIES):
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            found = _examine(directory, path)
            if os.path.samestat(os.fstat(directory), path.stat()):
                return found
            # Another export replaced it meanwhile.
        finally:
            os.close(directory)
    raise Busy(f"other exports to {path} are under way.", hint="Run it again when they have ended.")


def _examine(directory: int, path: Path) -> str | UnexpectedFile:
    found = ((name, read_names(directory, name)) for name in FOLDER_MANIFESTS)
    named, claims = next((one for one in found if one[1] is not None), ("", None))
    if claims is None:
        return UnexpectedFile("")
    inside = {name for name in walk(path) if name != named}
    for name in sorted(inside ^ set(claims.entries)):
        return UnexpectedFile(name)
    for name, entry in claims.entries.items():
        if not _matches(directory, name, entry):
            return UnexpectedFile(name)
    return claims.exported_at


def walk(path: Path) -> Iterator[str]:
    """Everything below that is not a directory; a link to one counts as a file."""
    for above, folders, names in os.walk(path):
        linked = [name for name in folders if os.path.islink(os.path.join(above, name))]  # noqa: PTH114, PTH118
        yield from (os.path.relpath(os.path.join(above, name), path) for name in [*names, *linked])  # noqa: PTH118


@dataclass(frozen=True, slots=True)
class ManifestFiles:
    """The files named by a manifest of telekeep."""

    exported_at: str
    entries: dict[str, dict[str, Any]]
    media: dict[str, int] = field(default_factory=dict)
    """Files behind the messages with their sizes, where they are beside the data."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the files."""
        return list(self.entries)


def read_names(directory: int, name: str) -> ManifestFiles | None:
    """The files that a manifest names; None if it is not a manifest of telekeep."""
    try:
        claims = orjson.loads(read_small(directory, name))
        files = {file["path"]: file for file in claims["files"]}
        if claims["tool"]["name"] == "telekeep" and files and all(type(one) is str for one in files):
            media = claims.get("media") or {"files": ()}
            return ManifestFiles(
                str(claims["exported_at"]), files, {str(one["path"]): int(one["bytes"]) for one in media["files"]}
            )
    except (UnusableFile, ValueError, KeyError, TypeError):
        pass
    return None


def read_media(directory: int, data_name: str) -> dict[str, int]:
    """The files behind the messages that the manifest of a data file names, with their sizes; empty if it has none."""
    for name in (f"{data_name}.{MANIFEST_NAME}", MANIFEST_NAME):
        claims = read_names(directory, name)
        if claims is not None and list(claims.names) == [data_name]:
            return claims.media
    return {}


def _matches(directory: int, name: str, entry: dict[str, Any]) -> bool:
    try:
        with open_regular(directory, name) as file:
            if os.fstat(file.fileno()).st_size != entry.get("bytes"):
                return False
            return hashlib.file_digest(file, "sha256").hexdigest() == entry.get("sha256")
    except (UnusableFile, OSError):
        return False
