"""Check an export against its manifest: every data file is there, whole and unchanged. Nothing is believed.

Regular files of the manifest's directory are read and nothing else; sizes are compared before a byte is.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from archiver.errors import NotFound
from archiver.export.claims import find_fault
from archiver.export.counting import make_counter
from archiver.export.manifest import MANIFEST_NAME
from archiver.export.recount import Odd, Recount
from archiver.export.regular import Unfit, open_regular, read_small

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Checked:
    """A data file or a manifest; `fault` says what is wrong with it, None that nothing is."""

    path: Path
    rows: int
    fault: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One manifest, and what it names."""

    path: Path
    sha256: str | None
    """Of the manifest itself, as `export` said it."""
    files: tuple[Checked, ...]


def find_manifests(path: Path) -> list[Path]:
    """The manifests that `path` means: a directory's, a data file's, or the one named. Raises NotFound."""
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if _is_manifest_name(one.name)) or _of_file(path)
    elif _is_manifest_name(path.name):
        found = [path] if os.path.lexists(path) else []
    else:
        found = _of_file(path)
    if not found and not os.path.lexists(path):
        raise NotFound(f"there is no {path}.")
    if not found:
        raise NotFound(f"{path} has no export manifest.")
    return found


def _is_manifest_name(name: str) -> bool:
    return name == MANIFEST_NAME or name.endswith(f".{MANIFEST_NAME}")


def _of_file(path: Path) -> list[Path]:
    """Those that name the file; when none does, those that cannot be read: one of them may have."""
    beside = [path.parent / f"{path.name}.{MANIFEST_NAME}", path.parent / MANIFEST_NAME]
    beside = [one for one in beside if os.path.lexists(one)]
    told = [(one, _names(one)) for one in beside]
    return [one for one, names in told if names and path.name in names] or [one for one, names in told if names is None]


def judge(manifest: Path) -> Judged:
    """The manifest itself, and each file that it names."""
    try:
        with _directory(manifest) as directory:
            data = read_small(directory, manifest.name)
            told = _parse(data)
            if fault := find_fault(told):
                return Judged(manifest, None, (Checked(manifest, 0, fault),))
            files = [
                Checked(manifest.parent / entry["path"], entry["rows"], _fault(directory, entry, told["format"]))
                for entry in told["files"]
            ]
            if not any(one.fault for one in files):
                files += _recounted(manifest, directory, told)
            return Judged(manifest, hashlib.sha256(data).hexdigest(), tuple(files))
    except Unfit as unfit:
        return Judged(manifest, None, (Checked(manifest, 0, str(unfit)),))


def check(manifest: Path) -> Iterator[Checked]:
    """Each file that the manifest names, or the manifest itself when that is wrong."""
    yield from judge(manifest).files


@contextmanager
def _directory(manifest: Path) -> Iterator[int]:
    try:
        directory = os.open(manifest.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise Unfit(f"cannot be read: {exc.strerror}") from None
    try:
        yield directory
    finally:
        os.close(directory)


def _fault(directory: int, entry: dict[str, Any], format_name: str) -> str | None:
    digest, counter, size = hashlib.sha256(), make_counter(format_name), 0
    try:
        with open_regular(directory, entry["path"]) as file:
            size = os.fstat(file.fileno()).st_size
            if size != entry["bytes"]:
                return f"has {size} bytes instead of {entry['bytes']}"
            left = size
            while left and (data := file.read(min(left, _CHUNK))):
                digest.update(data)
                counter.feed(data)
                left -= len(data)
    except Unfit as unfit:
        return str(unfit)
    except OSError as exc:
        return f"cannot be read: {exc.strerror}"
    if digest.hexdigest() != entry["sha256"]:
        return "has a different SHA-256"
    return None if counter.rows == entry["rows"] else f"has {counter.rows} rows instead of {entry['rows']}"


def _recounted(manifest: Path, directory: int, told: dict[str, Any]) -> Iterator[Checked]:
    """What is wrong with the rows of files whose bytes are those that the manifest names."""
    counted = Recount(told)
    for entry in told["files"]:
        try:
            with open_regular(directory, entry["path"]) as file:
                counted.add(file)
        except (Odd, Unfit) as odd:
            yield Checked(manifest.parent / entry["path"], 0, str(odd))
            return
        except OSError as exc:
            yield Checked(manifest.parent / entry["path"], 0, f"cannot be read: {exc.strerror}")
            return
    if wrong := counted.find_contradiction():
        yield Checked(manifest, 0, wrong)


def _names(manifest: Path) -> list[str] | None:
    """The files that it names; None when it cannot be read as a manifest at all."""
    try:
        with _directory(manifest) as directory:
            told = _parse(read_small(directory, manifest.name))
        return [str(file["path"]) for file in told["files"]]
    except (Unfit, KeyError, TypeError):
        return None


def _parse(data: bytes) -> Any:
    try:
        told = orjson.loads(data)
    except ValueError:
        raise Unfit("is no manifest of telekeep: it is not JSON") from None
    try:
        json.loads(data, object_pairs_hook=_expect_once)
    except (ValueError, RecursionError):
        raise Unfit("is no manifest of telekeep: it is nested too deeply, or has numbers that are none") from None
    return told


def _expect_once(pairs: list[tuple[str, Any]]) -> None:
    """Of two values with one name each reader takes another one. Raises Unfit."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Unfit(f"is no manifest of telekeep: it has {twice!r} twice")
