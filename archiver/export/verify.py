"""Check an export against its manifest: every data file is there, whole and unchanged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from archiver.errors import NotFound
from archiver.export.manifest import MANIFEST_NAME


@dataclass(frozen=True, slots=True)
class Checked:
    """One data file; `fault` says what is wrong with it, None that nothing is."""

    path: Path
    rows: int
    fault: str | None


def find_manifests(path: Path) -> list[Path]:
    """The manifests that `path` means: a directory's, a data file's, or the one named. Raises NotFound."""
    if path.is_dir():
        found = sorted({*path.glob(MANIFEST_NAME), *path.glob(f"*.{MANIFEST_NAME}")})
    elif path.name.endswith(MANIFEST_NAME):
        found = [path] if path.is_file() else []
    else:
        beside = (path.with_name(f"{path.name}.{MANIFEST_NAME}"), path.with_name(MANIFEST_NAME))
        found = [one for one in beside if path.name in _names(one)]
    if not found:
        raise NotFound(f"there is no export's manifest for {path}.")
    return found


def check(manifest: Path) -> Iterator[Checked]:
    """Each file that the manifest names."""
    parsed = _read(manifest)
    files = parsed.get("files") if isinstance(parsed, dict) else None
    if not isinstance(files, list):
        yield Checked(manifest, 0, "is no manifest of telekeep")
        return
    for entry in files:
        if not isinstance(entry, dict):
            yield Checked(manifest, 0, "names a file without saying which")
            continue
        name = str(entry.get("path"))
        # A manifest may come from anywhere; it must not make us read elsewhere.
        if not name or Path(name).is_absolute() or ".." in Path(name).parts:
            yield Checked(manifest, 0, "names a file outside its directory")
            continue
        path = manifest.parent / name
        yield Checked(path, int(entry.get("rows") or 0), _fault(path, entry))


def _fault(path: Path, entry: dict[str, Any]) -> str | None:
    try:
        size = path.stat().st_size
        if size != entry.get("bytes"):
            return f"has {size} bytes instead of {entry.get('bytes')}"
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return "is not there"
    except OSError as exc:
        return f"cannot be read: {exc.strerror}"
    return None if digest == entry.get("sha256") else "has another SHA-256"


def _names(manifest: Path) -> list[str]:
    parsed = _read(manifest)
    files = parsed.get("files") if isinstance(parsed, dict) else None
    return [str(file.get("path")) for file in files if isinstance(file, dict)] if isinstance(files, list) else []


def _read(manifest: Path) -> Any:
    try:
        return orjson.loads(manifest.read_bytes())
    except (OSError, ValueError):
        return None
