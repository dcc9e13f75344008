"""Bodies of requests, and how large they may be. They are neither compressed nor sent in chunks."""

from __future__ import annotations

from io import BufferedIOBase
from typing import Any

from tests.doubles.meilisearch.errors import ApiError

PAYLOAD_LIMIT = 100_000_000  # bytes (--http-payload-size-limit 100 MB)


class Broken(Exception):
    """The client went away in the middle of the body."""


def sent(stream: BufferedIOBase, headers: Any) -> bytes:
    """The bytes of the body. Raises Broken."""
    length = int(headers.get("Content-Length") or 0)
    found = stream.read(length)
    if len(found) < length:
        raise Broken
    return found


def check_size(body: bytes, limit: int) -> None:
    """Raises ApiError (`payload_too_large`)."""
    if len(body) > limit:
        raise too_large(limit)


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
