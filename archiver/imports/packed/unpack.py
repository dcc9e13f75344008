"""Unpack an export from a compressed file or a zip; media files stay where they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from archiver.errors import UsageError
from archiver.imports.adopt import Beside, Folder
from archiver.imports.packed.members import expect_inside, find_export, leads_out
from archiver.imports.packed.room import UnpackRoom, expect_plausible
from archiver.imports.packed.single import Compression, find_compression, unpack_single, unpacked_name
from archiver.imports.packed.zipped import ZIP, ZippedFiles, open_zip, unpack_member
from archiver.imports.regular import open_regular
from archiver.imports.source import Flaw

_HEAD: Final = 8
_NAMED: Final = 3
_TRUST: Final = "Do not trust its source."
_LARGEST: Final = 64 << 20
"""Maximum size of a manifest in bytes."""


class Unpacked:
    """An unpacked export: what was packed, where its files are, and any damage. Close it to remove them."""

    def __init__(self, path: Path, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Unpack. Raises UsageError, and UnpackStopped once `is_stopped`."""
        self.path = path
        self.flaws: list[Flaw] = []
        self.outside: Sequence[Flaw] = ()
        """Members whose names lead outside."""
        self._opened = ExitStack()
        self._room = UnpackRoom(is_stopped)
        self._opened.callback(self._room.close)
        self.beside: Beside = Folder(path.parent)
        """Its media files."""
        with self.closed_on_error():
            self.inside = self._unpack()
            if self.flaws and not size_of(self.inside):
                raise UsageError("nothing in it can be unpacked.")

    def close(self) -> None:
        """Remove what was unpacked."""
        self._opened.close()

    @contextmanager
    def closed_on_error(self) -> Iterator[None]:
        """Remove what was unpacked if this raises. UsageError is raised as it is said to people."""
        try:
            yield
        except UsageError as exc:
            self.close()
            raise self._explain(exc) from exc
        except BaseException:
            self.close()
            raise

    def _explain(self, exc: UsageError) -> UsageError:
        """The same error, about the user's file instead of the unpacked copy."""
        said = str(exc.args[0])
        for inside in (getattr(self, "inside", self._room.path), self._room.path):
            said = said.replace(str(inside), str(self.path))
        if str(self.path) not in said:
            said = f"{self.path}{' ' if said.startswith('it ') else ': '}{said.removeprefix('it ')}"
        return UsageError(said, hint="It is damaged or cut: copy it again." if self.flaws else exc.hint)

    def _unpack(self) -> Path:
        with self.path.open("rb") as file:
            head = file.read(_HEAD)
        how = find_compression(head)
        return self._unpack_zip() if how is None else self._unpack_single(how)

    def _unpack_single(self, how: Compression) -> Path:
        name = unpacked_name(self.path, how)
        chunks = unpack_single(self.path, how, self.flaws)
        self._room.write(Path(name), chunks, self.path.stat().st_size)
        self._take_manifest(name)
        return self._room.path / name

    def _take_manifest(self, name: str) -> None:
        """Copy what an adjacent manifest says about it next to the unpacked file."""
        folder = self.path.parent
        for path in sorted(folder.glob("*manifest.json")):
            with open_regular(folder, path) as file:
                manifest = _about(file.read(_LARGEST), name)
            if manifest is not None:
                (self._room.path / path.name).write_bytes(orjson.dumps(manifest))

    def _unpack_zip(self) -> Path:
        packed, listed = open_zip(self.path)
        self._opened.enter_context(packed)
        members = {name: one for name, one in listed.items() if not leads_out(name)}
        self.outside = _name_outside([name for name in listed if name not in members])
        if self.outside and not members:
            raise UsageError(f"everything in it leads outside it ({self.outside[0].where}).", hint=_TRUST)
        export = find_export(members)
        size = sum(one.file_size for one in export.data.values())
        expect_plausible(size, self.path.stat().st_size)
        self._room.expect_room(size)
        for name, member in export.data.items():
            path = Path(expect_inside(name))
            self._room.write(path, unpack_member(packed, name, member, self.flaws), member.compress_size)
        self.beside = ZippedFiles(packed, members, export.root)
        return self._room.path if export.alone is None else self._room.path / export.alone


def _name_outside(names: Sequence[str]) -> Sequence[Flaw]:
    if not names:
        return ()
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    what = "leads outside the zip, so it is" if len(names) == 1 else "lead outside the zip, so they are"
    return [Flaw(f"{', '.join(names[:_NAMED])}{more}", f"{what} left out; {_TRUST[0].lower()}{_TRUST[1:].rstrip('.')}")]


def is_packed(path: Path) -> bool:
    """Whether the path is a file that can be unpacked."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except (OSError, ValueError):
        return False
    return head.startswith(ZIP) or find_compression(head) is not None


def _about(data: bytes, name: str) -> Mapping[str, Any] | None:
    """What a manifest says about one file; None if it does not list it."""
    try:
        manifest = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    files = manifest.get("files") if isinstance(manifest, dict) else None
    found: Sequence[Any] = [one for one in files if isinstance(one, dict)] if isinstance(files, list) else []
    own = [one for one in found if one.get("path") == name]
    return {**manifest, "files": own} if own else None


def size_of(path: Path) -> int:
    """Size in bytes of a file, or of all files below a directory."""
    if path.is_file():
        return path.stat().st_size
    return sum((Path(at) / name).stat().st_size for at, _, names in os.walk(path) for name in names)
