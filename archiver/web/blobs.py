"""Stored files, by hash only: pictures, films and sounds are shown, all others are only saved, and sandboxed.

The type of a file is read from its first bytes; names and types that strangers chose are never believed. SVG, HTML and
PDF can run something, so they are never shown. https://mimesniff.spec.whatwg.org/
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from typing import BinaryIO, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from archiver.errors import Error, NotFound
from archiver.media.blob_store import BlobStore, hash_file
from archiver.store.database import read
from archiver.store.media.file import find_blob
from archiver.web.site import Site

_CHUNK: Final = 256 * 1024
_HASHED: Final = 8 << 20
"""Bytes up to which a file is hashed before it is served; larger ones only have their size compared."""
_REMEMBERED: Final = 10_000
"""Number of files that are not hashed again while they are the same files on disk."""
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
SIGNS: Final[tuple[tuple[bytes, int, str], ...]] = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
    (b"OggS", 0, "audio/ogg"),
    (b"ID3", 0, "audio/mpeg"),
    (b"\xff\xfb", 0, "audio/mpeg"),
    (b"\xff\xf3", 0, "audio/mpeg"),
    (b"fLaC", 0, "audio/flac"),
    (b"\x1aE\xdf\xa3", 0, "video/webm"),
)
BRANDS: Final = {b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"avif": "image/avif"}
_SANDBOX: Final = "default-src 'none'; sandbox"


class ByteRange(NamedTuple):
    """Some of a file's bytes, `[start, end)`."""

    start: int
    end: int


def sniff(head: bytes) -> str | None:
    """The type of a file that may be shown, by its first bytes; None for all others."""
    for sign, at, kind in SIGNS:
        if head[at : at + len(sign)] == sign and (kind != "image/webp" or head[:4] == b"RIFF"):
            return kind
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:12], "video/mp4")
    return None


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The part that is asked for; None for all of it. Raises ValueError if there is no such part."""
    found = _RANGE.fullmatch(header or "")
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(int(found[2]) + 1 if found[2] else size, size)
    if start >= end:
        raise ValueError("no such part")
    return ByteRange(start, end)


class Blobs:
    """Answers requests for stored files."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._store = BlobStore(site.directory)
        self._intact: dict[str, tuple[int, ...]] = {}

    async def serve(self, request: Request) -> Response:
        """The file with this hash. Raises NotFound."""
        sha256 = request.path_params["sha256"]
        if not _HASH.fullmatch(sha256):
            raise NotFound("there is no such file.")
        async with self._site.reading() as conn:
            blob = await read(conn, find_blob, sha256)
        if blob is None or blob.state != "present":
            raise NotFound("this file is not stored here.")
        file = await asyncio.to_thread(self._store.open, sha256)
        try:
            size = os.fstat(file.fileno()).st_size
            kind = sniff(await asyncio.to_thread(file.read, 16))
            if size != blob.size:
                raise Error("this file is damaged: its size has changed since it was stored.")
            if size <= _HASHED and not await asyncio.to_thread(self._is_intact, sha256, file):
                raise Error("this file is damaged: its bytes are not those that were stored.")
            return _answer(request, sha256, file, size, None if request.query_params.get("save") else kind)
        except BaseException:
            file.close()
            raise

    def _is_intact(self, sha256: str, file: BinaryIO) -> bool:
        """Whether the bytes have this hash; those of a file that did are not read again until it changes."""
        found = os.fstat(file.fileno())
        version = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        if self._intact.get(sha256) == version:
            return True
        file.seek(0)
        if hash_file(file) != sha256:
            return False
        if len(self._intact) >= _REMEMBERED:
            self._intact.clear()
        self._intact[sha256] = version
        return True


def _answer(request: Request, sha256: str, file: BinaryIO, size: int, kind: str | None) -> Response:
    headers = {"Accept-Ranges": "bytes", "Content-Security-Policy": _SANDBOX}
    if kind is None:
        headers["Content-Disposition"] = f'attachment; filename="{sha256}"'
    try:
        part = parse_range(request.headers.get("range"), size)
    except ValueError:
        file.close()
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    start, end = part or ByteRange(0, size)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    headers["Content-Type"] = kind or "application/octet-stream"
    if request.method == "HEAD":
        file.close()
        return Response(status_code=206 if part else 200, headers=headers)
    return StreamingResponse(_stream(file, start, end), 206 if part else 200, headers)


async def _stream(file: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    try:
        await asyncio.to_thread(file.seek, start)
        left = end - start
        while left > 0 and (chunk := await asyncio.to_thread(file.read, min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk
    finally:
        file.close()
