"""Bodies of requests: chunked transfer, compression, and the limit on what comes out of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Any

from tests.doubles.meilisearch.errors import ApiError

PAYLOAD_LIMIT = 100_000_000  # bytes after decompression (--http-payload-size-limit 100 MB)
_CHUNK = 1 << 16


class Broken(Exception):
    """The client went away in the middle of the body."""


def sent(stream: BufferedIOBase, headers: Any) -> bytes:
    """The bytes of the body as they were sent. Raises Broken."""
    if "chunked" in (headers.get("Transfer-Encoding") or "").lower():
        return b"".join(_chunks(stream))
    length = int(headers.get("Content-Length") or 0)
    found = stream.read(length)
    if len(found) < length:
        raise Broken
    return found


def _chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    while True:
        head = stream.readline(1 << 12)
        if not head.strip():
            raise Broken
        length = int(head.split(b";")[0], 16)
        data = stream.read(length)
        if len(data) < length:
            raise Broken
        stream.readline(1 << 12)
        if not length:
            return
        yield data


def decoded(body: bytes, encoding: str | None, limit: int) -> bytes:
    """What is in the body. Raises ApiError (`payload_too_large`, `bad_request`)."""
    # An encoding that is not known reaches the parser as it is.
    match (encoding or "identity").strip().lower():
        case "gzip":
            found = _inflated(body, 31, limit)
        case "deflate":
            found = _inflated(body, 15, limit)
        case "br":
            found = _brotli(body)
        case _:
            found = body
    if len(found) > limit:
        raise too_large(limit)
    return found


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    machine = zlib.decompressobj(window)
    found = bytearray()
    try:
        for start in range(0, len(body), _CHUNK):
            found += machine.decompress(body[start : start + _CHUNK])
            if len(found) > limit:
                raise too_large(limit)
        found += machine.flush()
    except zlib.error:
        raise ApiError("bad_request", "The provided payload is incomplete and cannot be parsed") from None
    if body and not machine.eof:
        raise ApiError("bad_request", "The provided payload is incomplete and cannot be parsed")
    return bytes(found)


def _brotli(body: bytes) -> bytes:
    try:
        import brotli  # type: ignore[import-not-found]
    except ImportError:
        raise ApiError("bad_request", "br is not known to this double (no brotli package)") from None
    return bytes(brotli.decompress(body))


def too_large(limit: int) -> ApiError:
    return ApiError(
        "payload_too_large",
        f"The provided payload reached the size limit. The maximum accepted payload size is {_written(limit)}.",
    )


def _written(size: int) -> str:
    base, units = (1024, ("B", "KiB", "MiB", "GiB")) if size % 1024 == 0 else (1000, ("B", "KB", "MB", "GB"))
    value, unit = float(size), 0
    while value >= base and unit < len(units) - 1:
        value, unit = value / base, unit + 1
    return f"{value:g} {units[unit]}"
