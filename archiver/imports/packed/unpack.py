"""Unpack an export from a compressed file, a zip or a tar, or as UTF-8; media files stay where they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from archiver.errors import UsageError
from archiver.imports.adopt import ExportedMedia, MediaFolder
from archiver.imports.packed.members import Member, PackedExport, expect_inside, find_export, leads_out
from archiver.imports.packed.room import UnpackRoom, expect_plausible
from archiver.imports.packed.single import Compression, find_compression, unpack_single, unpacked_name
from archiver.imports.packed.tar_members import BLOCK, is_tar
from archiver.imports.packed.tarred import TarredFiles, open_tar, read_tarred
from archiver.imports.packed.transcode import list_wide, transcode, transcode_in_place
from archiver.imports.packed.zipped import ZIP, ZippedFiles, open_zip, unpack_member
from archiver.imports.regular import open_regular
from archiver.imports.source import Flaw

_TAR: Final = Path("unpacked.tar")
_NAMED: Final = 3
_TRUST: Final = "Do not trust its source."
_LARGEST: Final = 64 << 20
"""Maximum size of a manifest in bytes."""


class Unpacked:
    """An unpacked export: what was packed, where its files are, and any damage. Close it to remove them."""

    def __init__(self, path: Path, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Unpack. Raises UsageError, and UnpackStopped once `is_stopped`."""
        self.path = path
        self.originals = list_packed(path)
        """What is unpacked: the path itself, or the files of a directory."""
        self.flaws: list[Flaw] = []
        self.outside: Sequence[Flaw] = ()
        """Members whose names lead outside."""
        self._kind = "zip"
        self._opened = ExitStack()
        self._is_stopped = is_stopped
        self._room = UnpackRoom(is_stopped)
        self._opened.callback(self._room.close)
        self.media: ExportedMedia = MediaFolder(path.parent)
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
        """Remove what was unpacked if the block raises; errors become a UsageError that people can read."""
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
        if self.flaws and said == "it is empty.":
            said = "nothing in it can be unpacked."
        for inside in (getattr(self, "inside", self._room.path), self._room.path):
            said = said.replace(str(inside), str(self.path))
        if str(self.path) not in said:
            said = f"{self.path}{' ' if said.startswith('it ') else ': '}{said.removeprefix('it ')}"
        return UsageError(said, hint="It is damaged or cut: copy it again." if self.flaws else exc.hint)

    def _unpack(self) -> Path:
        if self.path not in self.originals:  # its directory, or pages beside it
            return self._transcode_all()
        head = _head_of(self.path)
        how = find_compression(head)
        if how is not None:
            inside = self._unpack_single(how)
        elif is_tar(head):
            inside = self._unpack_tar(self._opened.enter_context(self.path.open("rb")))
        else:
            inside = self._unpack_zip() if head.startswith(ZIP) else self._transcode_all()
        self._transcode_unpacked()
        return inside

    def _unpack_single(self, how: Compression) -> Path:
        name = unpacked_name(self.path, how)
        chunks, size = unpack_single(self.path, how, self.flaws), self.path.stat().st_size
        if is_tar(_head_of_packed(self.path, how)):
            self._room.write(_TAR, chunks, size)
            return self._unpack_tar(self._opened.enter_context(self._room.take(_TAR)))
        self._room.write(Path(name), chunks, size)
        self._take_manifest(name)
        return self._room.path / name

    def _transcode_all(self) -> Path:
        """Copy text with two or four bytes a character as UTF-8, and the pages around it."""
        top = self.path if self.path.is_dir() else self.path.parent
        self.media = MediaFolder(top)
        for path in self.originals:
            with open_regular(top, path) as file:
                self._room.write(path.relative_to(top), transcode(file, path.name, self.flaws), path.stat().st_size)
        return self._room.path / ("" if self.path.is_dir() else self.path.name)

    def _transcode_unpacked(self) -> None:
        for path, chunks in transcode_in_place(self._room.path, self.flaws):
            written = path.with_name(f"{path.name}.utf-8")
            self._room.write(written.relative_to(self._room.path), chunks, path.stat().st_size)
            written.replace(path)

    def _take_manifest(self, name: str) -> None:
        """Copy what an adjacent manifest says about it next to the unpacked file."""
        folder = self.path.parent
        for path in sorted(folder.glob("*manifest.json")):
            with open_regular(folder, path) as file:
                manifest = _about(file.read(_LARGEST), name)
            if manifest is not None:
                (self._room.path / path.name).write_bytes(orjson.dumps(manifest))

    def _unpack_zip(self) -> Path:
        packed, listed = open_zip(self.path, self.flaws, self._is_stopped)
        self._opened.enter_context(packed)
        members, export = self._choose(listed)
        expect_plausible(sum(one.file_size for one in export.data.values()), self.path.stat().st_size)
        self._room.expect_room(sum(one.file_size for one in export.data.values()))
        for name, member in export.data.items():
            chunks = unpack_member(packed, name, member, self.flaws)
            self._room.write(Path(expect_inside(name)), chunks, member.compress_size)
        self.media = ZippedFiles(packed, members, export.root)
        return self._inside(export)

    def _unpack_tar(self, file: BinaryIO) -> Path:
        self._kind = "tar"
        members, export = self._choose(open_tar(file, self.path.name, self.flaws, self._is_stopped))
        size = os.fstat(file.fileno()).st_size
        self._room.expect_room(sum(one.size_within(size) for one in export.data.values()))
        for name in export.data:
            chunks = read_tarred(file, f"{export.root}{name}", members, self.flaws)
            self._room.write(Path(expect_inside(name)), chunks, size)
        self.media = TarredFiles(file, members, export.root)
        return self._inside(export)

    def _choose(self, listed: Mapping[str, Member]) -> tuple[dict[str, Member], PackedExport[Member]]:
        """The members that do not lead outside, and the export among them. Raises UsageError."""
        members = {name: one for name, one in listed.items() if not leads_out(name)}
        self.outside = _name_outside([name for name in listed if name not in members], self._kind)
        if self.outside and not members:
            raise UsageError(f"everything in it leads outside it ({self.outside[0].where}).", hint=_TRUST)
        return members, find_export(members, is_damaged=bool(self.flaws))

    def _inside(self, export: PackedExport[Member]) -> Path:
        return self._room.path if export.alone is None else self._room.path / export.alone


def _name_outside(names: Sequence[str], kind: str) -> Sequence[Flaw]:
    if not names:
        return ()
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    what = f"leads outside the {kind}, so it is" if len(names) == 1 else f"lead outside the {kind}, so they are"
    return [Flaw(f"{', '.join(names[:_NAMED])}{more}", f"{what} left out; {_TRUST[0].lower()}{_TRUST[1:].rstrip('.')}")]


def list_packed(path: Path) -> Sequence[Path]:
    """The files that must be unpacked before a path can be read; empty if none."""
    try:
        if path.is_file():
            head = _head_of(path)
            if head.startswith(ZIP) or find_compression(head) is not None or is_tar(head):
                return (path,)
        return list_wide(path)
    except (OSError, ValueError):
        return ()


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(BLOCK)


def _head_of_packed(path: Path, how: Compression) -> bytes:
    head = b""
    with closing(unpack_single(path, how, [])) as chunks:
        for chunk in chunks:
            head += chunk
            if len(head) >= BLOCK:
                break
    return head


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
