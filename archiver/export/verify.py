"""Verify an export against its manifest: every data file exists, complete and unchanged. Trusts nothing.

Only regular files in the manifest's directory are read; sizes are compared before contents.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from archiver.errors import NotFound
from archiver.export.claims import find_fault
from archiver.export.counting import Uncounted, make_counter
from archiver.export.manifest import FOLDER_MANIFESTS, MANIFEST_NAME
from archiver.export.recount import Recount, UnexpectedRow, has_keys, name_of
from archiver.export.regular import UnusableFile, open_parent, open_regular, read_small

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileCheck:
    """The result for a data file or manifest; `fault` describes the first fault, if any."""

    path: Path
    rows: int
    fault: str | None


@dataclass(frozen=True, slots=True)
class MediaCheck:
    """The result for the files behind the messages; those with a fault are among the files of the manifest."""

    directory: Path
    files: int
    size: int
    faulty: int
    not_stored: int
    """Files that the archive did not have."""


@dataclass(frozen=True, slots=True)
class ManifestCheck:
    """The result for one manifest and the files it names."""

    path: Path
    sha256: str | None
    """SHA-256 of the manifest itself, as printed by `export`."""
    files: tuple[FileCheck, ...]
    media: MediaCheck | None = None
    """The files behind the messages; None if it was exported without them."""
    incomplete: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    """The channels that are not complete in it, by its own words, with the reasons; None if it cannot be read."""
    claims: Mapping[str, Any] | None = None
    """Its contents; None if they are invalid."""


def find_manifests(path: Path) -> list[Path]:
    """The manifests for `path`: a directory's, a data file's, or the one named. Raises NotFound."""
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if _is_manifest_name(one.name)) or _of_file(path)
    elif _is_manifest_name(path.name):
        found = [path] if os.path.lexists(path) else []
    else:
        found = _of_file(path)
    if not found and not os.path.lexists(path):
        raise NotFound(f"{path} does not exist.", hint="Without a path, `telekeep verify` checks the archive.")
    if not found:
        raise NotFound(f"{path} has no export manifest.", hint="Name an export: its directory, file or manifest.")
    return found


def _is_manifest_name(name: str) -> bool:
    return name in FOLDER_MANIFESTS or name.endswith(f".{MANIFEST_NAME}")


def _of_file(path: Path) -> list[Path]:
    """The manifests that name the file; if none does, the unreadable ones, which might."""
    candidates = [path.parent / f"{path.name}.{MANIFEST_NAME}", path.parent / MANIFEST_NAME]
    candidates = [one for one in candidates if os.path.lexists(one)]
    claims = [(one, _names(one)) for one in candidates]
    return [one for one, names in claims if names and path.name in names] or [
        one for one, names in claims if names is None
    ]


def judge(manifest: Path) -> ManifestCheck:
    """Check the manifest itself, and each file that it names."""
    try:
        with open_parent(manifest) as directory:
            data = read_small(directory, manifest.name)
            claims = parse_manifest(data)
            if fault := find_fault(claims):
                return ManifestCheck(manifest, None, (FileCheck(manifest, 0, fault),))
            beside = claims.get("media", {"files": ()})["files"]
            claims["files"] = _without(claims["files"], beside)
            files = [
                FileCheck(
                    manifest.parent / entry["path"], entry["rows"], find_damage(directory, entry, claims["format"])
                )
                for entry in claims["files"]
            ]
            lost = [
                FileCheck(manifest.parent / entry["path"], 0, fault)
                for entry in beside
                if (fault := find_damage(directory, entry))
            ]
            if has_keys(claims) and not any(one.fault for one in files):
                files += _recounted(manifest, directory, claims)
            media = _media(manifest, claims["media"], len(lost)) if "media" in claims else None
            digest = hashlib.sha256(data).hexdigest()
            return ManifestCheck(manifest, digest, (*files, *lost), media, _incomplete(claims), claims)
    except UnusableFile as unfit:
        return ManifestCheck(manifest, None, (FileCheck(manifest, 0, str(unfit)),))


def check(manifest: Path) -> Iterator[FileCheck]:
    """The result for each file that the manifest names, or for the manifest itself if that is wrong."""
    yield from judge(manifest).files


def _without(files: list[dict[str, Any]], media: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The data files alone: an export that is a directory lists its media among them."""
    beside = {one["path"] for one in media}
    return [one for one in files if one["path"] not in beside]


def _media(manifest: Path, media: dict[str, Any], faulty: int) -> MediaCheck:
    return MediaCheck(
        directory=manifest.parent / media["directory"],
        files=len(media["files"]),
        size=sum(one["bytes"] for one in media["files"]),
        faulty=faulty,
        not_stored=sum(media["not_stored"].values()),
    )


def find_damage(directory: int, entry: Mapping[str, Any], format_name: str | None = None) -> str | None:
    """How a file differs from its entry in a manifest, as a phrase that follows its name; None if it does not.

    `format_name`: counts the rows of a data file, too.
    """
    digest, counter, size = hashlib.sha256(), Uncounted() if format_name is None else make_counter(format_name), 0
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
    except UnusableFile as unfit:
        return str(unfit)
    except OSError as exc:
        return f"cannot be read: {exc.strerror}"
    if digest.hexdigest() != entry["sha256"]:
        return "has a different SHA-256"
    return None if counter.rows in (None, entry.get("rows")) else f"has {counter.rows} rows instead of {entry['rows']}"


def _recounted(manifest: Path, directory: int, claims: dict[str, Any]) -> Iterator[FileCheck]:
    """Check the rows of files whose bytes match the manifest."""
    counted = Recount(claims)
    for entry in claims["files"]:
        try:
            with open_regular(directory, entry["path"]) as file:
                counted.add(file)
        except (UnexpectedRow, UnusableFile) as odd:
            yield FileCheck(manifest.parent / entry["path"], 0, str(odd))
            return
        except OSError as exc:
            yield FileCheck(manifest.parent / entry["path"], 0, f"cannot be read: {exc.strerror}")
            return
    if wrong := counted.find_contradiction():
        yield FileCheck(manifest, 0, wrong)


def _incomplete(claims: dict[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The channels that its completeness leaves out, with the reasons that newer manifests give."""
    reasons = {one["channel"]: tuple(one["reasons"]) for one in claims.get("incomplete", [])}
    lacking = [name_of(one) for one in claims["channels"] if not one["completeness"]["complete"]]
    return tuple((name, reasons.get(name, ())) for name in lacking)


def _names(manifest: Path) -> list[str] | None:
    """The files that it names; None if it is not readable as a manifest."""
    try:
        with open_parent(manifest) as directory:
            claims = parse_manifest(read_small(directory, manifest.name))
        return [str(file["path"]) for file in claims["files"]]
    except (UnusableFile, KeyError, TypeError):
        return None


def parse_manifest(data: bytes) -> Any:
    """Read the JSON of a manifest. Raises UnusableFile."""
    try:
        claims = orjson.loads(data)
    except ValueError:
        raise UnusableFile("is not a manifest of telekeep: it is not JSON") from None
    try:
        json.loads(data, object_pairs_hook=_expect_once)
    except (ValueError, RecursionError):
        raise UnusableFile("is not a manifest of telekeep: it is nested too deeply, or has invalid numbers") from None
    return claims


def _expect_once(pairs: list[tuple[str, Any]]) -> None:
    """Reject repeated keys, which readers resolve differently. Raises UnusableFile."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UnusableFile(f"is not a manifest of telekeep: it has {twice!r} twice")
