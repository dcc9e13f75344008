"""Hooks: programs of the user's that make texts of stored files. Which files each gets, and when one is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOOK_KINDS: Final = {"transcribe": ("voice", "round", "audio", "video"), "ocr": ("photo", "image")}
"""Kinds of media by the name of the hook."""
_SUFFIXES: Final = {
    "audio/ogg": ".ogg", "audio/mpeg": ".mp3", "audio/mp4": ".m4a", "audio/x-m4a": ".m4a", "audio/aac": ".aac",
    "audio/flac": ".flac", "audio/x-flac": ".flac", "audio/wav": ".wav", "audio/x-wav": ".wav", "audio/opus": ".opus",
    "video/mp4": ".mp4", "video/webm": ".webm", "video/quicktime": ".mov", "video/x-matroska": ".mkv",
    "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif", "image/bmp": ".bmp",
    "image/tiff": ".tif", "image/heic": ".heic", "image/avif": ".avif",
}  # fmt: skip
"""They show programs the type of a file, whose name is never one from the network."""
_OF_KIND: Final = {"voice": ".ogg", "audio": ".mp3", "round": ".mp4", "video": ".mp4", "photo": ".jpg", "image": ".png"}
_FIRST_RETRY: Final = 3_600
_LAST_RETRY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A program as the settings give it."""

    name: str
    """A key of HOOK_KINDS."""
    command: tuple[str, ...]
    version: tuple[str, ...] | None = None
    """What prints its version."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of media that it gets."""
        return HOOK_KINDS[self.name]

    @property
    def program(self) -> str:
        """Its name, without a directory."""
        return self.command[0].rpartition("/")[2]


def choose_suffix(kind: str, mime: str | None) -> str:
    """The suffix of the name under which a program gets a file."""
    return _SUFFIXES.get((mime or "").partition(";")[0].strip().lower()) or _OF_KIND.get(kind, "")


def retry_after(attempts: int) -> int:
    """Seconds until a file is tried again that has failed so often."""
    return min(_FIRST_RETRY << 2 * max(attempts - 1, 0), _LAST_RETRY)
