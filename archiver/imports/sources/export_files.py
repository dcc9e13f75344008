"""The files of a telekeep export: those that its manifests name, or the one given, and whether they were changed.

A manifest is believed only where it can be checked. Its paths are followed within its directory, never through a link.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from archiver.errors import UsageError
from archiver.imports.regular import open_regular
from archiver.imports.source import Flaw
from archiver.model.row import SCHEMA_VERSION

MANIFEST: Final = "manifest.json"
PARQUET_FILES: Final = ("*.parquet", "month=*/*.parquet", "peer=*/month=*/*.parquet")
"""Where files of Parquet are in a directory that has no manifest."""
_PART: Final = re.compile(r"_([0-9]{4,9})$")
"""What `export --append` adds to names; from part 10,000 on they are not in the order of their letters."""
_LARGEST: Final = 256 << 20
_CHANGED: Final = "it was changed after the export, so its contents replace none that is held"
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """A data file."""

    path: Path
    entry: Mapping[str, Any] = field(default_factory=dict)
    """Its entry in its manifest."""
    manifest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFiles:
    """The data files of an export in one format; of a series the newest first: the last row of a message counts."""

    root: Path
    files: tuple[ExportFile, ...]
    lost: tuple[Flaw, ...] = ()
    """Those that manifests name and that cannot be opened."""

    @property
    def has_media(self) -> bool:
        """Whether the files behind the messages are beside it."""
        return any(isinstance(one.manifest.get("media"), dict) for one in self.files)

    def channels(self) -> dict[int, Mapping[str, Any]]:
        """The channels that the manifests name."""
        listed = [one for file in self.files for one in _objects(file.manifest.get("channels"))]
        return {one["channel_id"]: one for one in reversed(listed) if isinstance(one.get("channel_id"), int)}

    def notes(self) -> Iterator[Flaw]:
        """What to know before trusting it."""
        options = [one.manifest.get("options") for one in self.files]
        if any(isinstance(one, dict) and one.get("pseudonymised") for one in options):
            what = "it was made with --pseudonymise: names of persons, also in texts, are not those of Telegram"
            yield Flaw("", what, note=True)


def find_files(path: Path, name: str, *patterns: str) -> ExportFiles:
    """The files at a path. `name`: the format in manifests; `patterns`: of files without any. Raises UsageError.

    If the path itself is a link, it is followed; no link inside the export is.
    """
    path = path.resolve()
    directory = path if path.is_dir() else path.parent
    manifests = [one for one in _read_manifests(directory) if one.get("format") == name]
    _expect_readable(manifests)
    listed = [(manifest, entry) for manifest in manifests for entry in _entries(manifest)]
    if not path.is_dir():
        own = [(manifest, entry) for manifest, entry in listed if entry.get("path") == path.name]
        series = _series(own[0][0], manifests) if own else []
        chosen = [(one, entry) for one in series for entry in _entries(one)] or own
        files = [_file(directory, *one) for one in chosen] or [ExportFile(path=path)]
    else:
        files = [_file(directory, *one) for one in listed]
        files = files or [ExportFile(path=one) for pattern in patterns for one in sorted(directory.glob(pattern))]
    return _sort_out(directory, sorted(files, key=_number, reverse=True))


def _sort_out(directory: Path, files: Sequence[ExportFile]) -> ExportFiles:
    """Those that can be opened, and what is wrong with the others. Raises UsageError if none can."""
    found: list[ExportFile] = []
    lost: list[UsageError] = []
    for file in files:
        try:
            with open_regular(directory, file.path):
                found.append(file)
        except UsageError as exc:
            lost.append(exc)
    if lost and not found:
        raise lost[0]
    return ExportFiles(root=directory, files=tuple(found), lost=tuple(Flaw("", str(one).rstrip(".")) for one in lost))


def _number(file: ExportFile) -> int:
    """Its place in a series: as its manifest says, else as its name does (`day_0002.jsonl`)."""
    if not file.manifest:
        found = _PART.search(file.path.stem)
        return int(found[1]) if found else 1
    append = file.manifest.get("append")
    number = append.get("number") if isinstance(append, dict) else None
    return number if isinstance(number, int) else 1


def _series(manifest: Mapping[str, Any], manifests: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The manifests of a series that ends with this one: each names the file that it continues."""
    found = [manifest]
    while len(found) <= len(manifests):
        append = found[-1].get("append")
        previous = append.get("previous") if isinstance(append, dict) else None
        name = previous.get("file") if isinstance(previous, dict) else None
        before = next((one for one in manifests if any(entry.get("path") == name for entry in _entries(one))), None)
        if name is None or before is None or before in found:
            break
        found.append(before)
    return found


def _entries(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    media = manifest.get("media")
    behind = _objects(media.get("files")) if isinstance(media, dict) else []
    beside = {one["path"] for one in behind if isinstance(one.get("path"), str)}
    listed = _objects(manifest.get("files"))
    return [one for one in listed if isinstance(one.get("path"), str) and one["path"] not in beside]


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _file(directory: Path, manifest: Mapping[str, Any], entry: Mapping[str, Any]) -> ExportFile:
    parts = Path(entry["path"]).parts
    if not parts or Path(entry["path"]).is_absolute() or ".." in parts or "\0" in entry["path"]:
        raise UsageError(f"the manifest in {directory} names a file outside of it.")
    return ExportFile(path=directory.joinpath(*parts), entry=entry, manifest=manifest)


def _expect_readable(manifests: Sequence[Mapping[str, Any]]) -> None:
    for one in manifests:
        schema = one.get("row_schema_version")
        if isinstance(schema, int) and schema > SCHEMA_VERSION:
            raise UsageError(
                f"it was made by a newer telekeep (rows of schema {schema}; this one knows {SCHEMA_VERSION}).",
                hint="Update telekeep.",
            )


def _read_manifests(directory: Path) -> list[Mapping[str, Any]]:
    found = []
    for path in sorted(directory.glob(f"*{MANIFEST}")):
        if path.name == MANIFEST or path.name.endswith(f".{MANIFEST}"):
            with open_regular(directory, path) as file:
                found.append(_parse(file.read(_LARGEST)))
    return [one for one in found if one]


def _parse(data: bytes) -> Mapping[str, Any]:
    try:
        manifest = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    is_ours = isinstance(manifest, dict) and "manifest_version" in manifest
    return manifest if is_ours else {}


def compare(root: Path, file: ExportFile) -> Flaw | None:
    """How a file differs from its manifest; None without one, and if it does not."""
    if not file.entry:
        return None
    digest, size = hashlib.sha256(), 0
    with open_regular(root, file.path) as opened:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    expected = file.entry.get("bytes")
    if size != expected:
        named = f"{expected:,}" if isinstance(expected, int) else "no number"
        return Flaw(file.path.name, f"it has {size:,} bytes, and its manifest says {named}: {_CHANGED}")
    if digest.hexdigest() != file.entry.get("sha256"):
        return Flaw(file.path.name, f"its SHA-256 differs from that in its manifest: {_CHANGED}")
    return None
