"""Names of files in an export: made from our own numbers and the file's hash, never from what a server says. Pure.

`1500001013/237-0-64995c0860b3ad18.jpg`: channel, message, place among its attachments, beginning of the SHA-256. The
ending comes from a list by MIME type, without any that a system would run or a browser would interpret. A name contains
the beginning of its file's own hash, so that our files can be distinguished from those of others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

DIGITS: Final = 16
"""Digits of the hash in a name."""
UNKNOWN: Final = "bin"
ENDINGS: Final[Mapping[str, str]] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/bmp": "bmp",
    "image/tiff": "tif",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "video/x-matroska": "mkv",
    "video/mpeg": "mpg",
    "video/3gpp": "3gp",
    "video/x-msvideo": "avi",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "application/pdf": "pdf",
    "application/epub+zip": "epub",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/json": "json",
    "application/zip": "zip",
    "application/x-zip-compressed": "zip",
    "application/gzip": "gz",
    "application/x-tar": "tar",
    "application/x-7z-compressed": "7z",
    "application/vnd.rar": "rar",
    "application/x-rar-compressed": "rar",
    "application/x-tgsticker": "tgs",
    "text/plain": "txt",
    "text/csv": "csv",
    "text/markdown": "md",
}
"""By MIME type in lower case. Not among them: programs, scripts, HTML, SVG, shortcuts."""
_NAME: Final = re.compile(rf"[0-9]{{1,20}}/[0-9]{{1,20}}-[0-9]{{1,6}}-([0-9a-f]{{{DIGITS}}})\.[0-9a-z]{{2,5}}")


def name_file(channel_id: int, message_id: int, slot: int, *, sha256: str, kind: str, mime: str | None) -> str:
    """The name of a file below the media directory of an export."""
    return f"{channel_id}/{message_id}-{slot}-{sha256[:DIGITS]}.{ending(kind, mime)}"


def ending(kind: str, mime: str | None) -> str:
    """The ending for a kind of attachment and a MIME type, which a stranger chose."""
    if mime is None and kind == "photo":
        return "jpg"
    return ENDINGS.get((mime or "").partition(";")[0].strip().lower(), UNKNOWN)


def find_digits(name: str) -> str | None:
    """The beginning of the hash in a name of ours; None if it is not one."""
    found = _NAME.fullmatch(name)
    return found[1] if found else None
