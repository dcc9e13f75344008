"""A single compressed file: gzip, bzip2 or xz; Zstandard if pyarrow is installed. Streamed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Final, cast

from archiver.errors import UsageError, install_command
from archiver.imports.source import Flaw

PACKED_ENDS_EARLY: Final = "the compressed file ends too early: the rest is missing"
MAY_BE_WRONG: Final = "and message texts may be wrong; copy it again"
SMALL: Final = 1 << 11
"""Bytes per read: where a file is damaged, this much before the damage is lost, too."""


@dataclass(frozen=True, slots=True)
class Compression:
    """A way of compressing a file."""

    name: str
    magic: bytes
    suffixes: tuple[str, ...]
    open: Callable[[Path], AbstractContextManager[BufferedIOBase]]


def _open_gzip(path: Path) -> AbstractContextManager[BufferedIOBase]:
    return cast("AbstractContextManager[BufferedIOBase]", gzip.open(path, "rb"))


def _open_bzip2(path: Path) -> AbstractContextManager[BufferedIOBase]:
    return cast("AbstractContextManager[BufferedIOBase]", bz2.open(path, "rb"))


def _open_xz(path: Path) -> AbstractContextManager[BufferedIOBase]:
    return cast("AbstractContextManager[BufferedIOBase]", lzma.open(path, "rb"))


def _open_zstandard(path: Path) -> AbstractContextManager[BufferedIOBase]:
    try:
        import pyarrow as pa
    except ImportError as exc:
        raise UsageError(
            f"{path} is compressed with Zstandard, which this installation cannot read.",
            hint=f"Unpack it (`zstd -d {path.name}`), or install pyarrow: {install_command('parquet')}.",
        ) from exc
    return cast("AbstractContextManager[BufferedIOBase]", pa.input_stream(str(path), compression="zstd"))


COMPRESSIONS: Final = (
    Compression("gzip", b"\x1f\x8b", (".gz", ".gzip"), _open_gzip),
    Compression("bzip2", b"BZh", (".bz2",), _open_bzip2),
    Compression("xz", b"\xfd7zXZ\0", (".xz",), _open_xz),
    Compression("Zstandard", b"\x28\xb5\x2f\xfd", (".zst", ".zstd"), _open_zstandard),
)


def find_compression(head: bytes) -> Compression | None:
    """How a file with this head is compressed; None if it is not, or not in a supported way."""
    return next((one for one in COMPRESSIONS if head.startswith(one.magic)), None)


def unpacked_name(path: Path, how: Compression) -> str:
    """The name of the content: the file's own without the suffix."""
    name = path.name
    suffix = next((one for one in how.suffixes if name.lower().endswith(one)), "")
    return name[: -len(suffix)] if suffix and len(name) > len(suffix) else f"{name}.unpacked"


def unpack_single(path: Path, how: Compression, flaws: list[Flaw]) -> Generator[bytes, None, None]:
    """The bytes of the file, as far as they can be unpacked; damage is added to `flaws`."""
    read = 0
    try:
        with how.open(path) as file:
            while chunk := file.read1(SMALL):
                read += len(chunk)
                yield chunk
    except EOFError:
        flaws.append(Flaw(path.name, PACKED_ENDS_EARLY))
    except (OSError, ValueError, zlib.error, lzma.LZMAError) as exc:
        if isinstance(exc, OSError) and exc.errno is not None:
            raise UsageError(f"{path} cannot be read: {exc.strerror}.") from exc
        if str(exc).startswith("Truncated"):  # pyarrow has no other sign of it
            flaws.append(Flaw(path.name, PACKED_ENDS_EARLY))
            return
        # A checksum fails only at the end: what came before may be altered and still be well-formed.
        flaws.append(Flaw(path.name, f"the compressed file is damaged: {read:,} bytes were unpacked, {MAY_BE_WRONG}"))
