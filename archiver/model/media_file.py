"""The files behind the messages: how they are identified, what is known of them, what is wanted. No I/O.

A *file* is a photo or document on Telegram's servers, identified by its `FileKey`: many slots of many messages may show
the same one. A *blob* is stored bytes, named by their SHA-256.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, NewType, TypeAlias, get_args

from archiver.ids import ChannelId, MessageId

FileKey = NewType("FileKey", str)
"""`photo/ID` or `document/ID`, which are separate spaces of ids; `photo/ID/thumb`: its small thumbnail."""

FileState: TypeAlias = Literal[
    "not downloaded",
    "partial",
    "downloaded",
    "offloaded",
    "failed",
    "gone",
    "self-destructing",
    "too big",
    "not wanted",
    "refused",
]
"""What became of a file; `downloaded` is the only one whose bytes can be read now."""

BlobState: TypeAlias = Literal["present", "offloaded", "missing", "damaged"]

Download: TypeAlias = Literal["none", "photos", "all"]

FILE_STATES: Final[tuple[FileState, ...]] = get_args(FileState)
FINAL_STATES: Final[frozenset[FileState]] = frozenset(
    {"downloaded", "offloaded", "gone", "self-destructing", "too big", "not wanted", "refused"}
)
"""States in which a file is not fetched, unless somebody asks for it."""
KEPT_STATES: Final[frozenset[FileState]] = frozenset({"downloaded", "offloaded"})
"""States of a file that was once stored whole."""
FILE_KINDS: Final = (
    "photo",
    "video",
    "round",
    "voice",
    "audio",
    "gif",
    "sticker",
    "custom_emoji",
    "image",
    "document",
)
"""The kinds of media that are files, in the order in which they are listed."""

_THUMB: Final = "/thumb"
_KEY: Final = re.compile(r"(photo|document)/(-?\d{1,20})(/thumb)?")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTask:
    """A file to fetch, and one message that shows it: its reference is refreshed through that message."""

    key: FileKey
    channel_id: ChannelId
    message_id: MessageId
    slot: int
    kind: str
    mime: str | None
    size: int | None
    """Bytes, as announced; None: unknown."""
    dc_id: int | None
    max_size: int | None = None
    """Bytes above which the file is `too big`, should it turn out to be larger than announced; None: no limit."""
    attempts: int = 0
    """Failed attempts so far."""
    protected: bool = False
    """Whether it is wanted even if its channel forbids saving."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStatus:
    """What is known of a file. Times are unix seconds."""

    key: FileKey
    status: FileState = "not downloaded"
    reason: str | None = None
    since: int | None = None
    attempts: int = 0
    retry_at: int | None = None
    sha256: str | None = None
    size: int | None = None
    """Bytes: of the blob if there is one, otherwise as announced."""
    mime: str | None = None
    dc_id: int | None = None

    @property
    def path(self) -> str | None:
        """Where its bytes are, below the archive's directory; None if they are not there."""
        return None if self.sha256 is None or self.status != "downloaded" else blob_path(self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSlot:
    """A slot of a message that shows a file, with what decides whether the file is wanted."""

    channel_id: ChannelId
    message_id: MessageId
    slot: int
    kind: str
    id: str
    mime: str | None = None
    size: int | None = None
    dc_id: int | None = None
    self_destructing: bool = False
    protected: bool = False
    """The channel or the message forbids saving and forwarding (`noforwards`)."""
    missing: bool = False
    """The message is deleted or no longer visible."""
    status: FileState = "not downloaded"
    """Of the file, as known when this was read."""
    attempts: int = 0
    on_request: bool = False
    """It failed, and is fetched again only when somebody asks for it: the stored copy may have been moved away."""
    shared: bool = False
    """Whether other slots show the same file; False if that was not looked up."""

    @property
    def key(self) -> FileKey:
        """The file that it shows."""
        return file_key(self.kind, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPolicy:
    """What is fetched of a channel; sizes in bytes."""

    download: Download = "none"
    max_size: int = 20_000_000
    caps: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """The largest size by kind, where it is not `max_size`; 0: never."""
    thumbnails: bool = True
    quota: int | None = None
    """Bytes that the stored files of one channel may take; None: no limit."""
    protected: bool = False
    """Whether to fetch files whose channel forbids saving."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOverride:
    """What a channel wants other than the settings say; None: as they say."""

    download: Download | None = None
    max_size: int | None = None
    caps: Mapping[str, int] | None = None
    quota: int | None = None
    thumbnails: bool | None = None
    protected: bool | None = None


def is_file(kind: str, id_: str | None) -> bool:
    """Whether a slot of this kind and id shows a file."""
    return id_ is not None and kind in FILE_KINDS


def file_key(kind: str, id_: str) -> FileKey:
    """The key of the file that a slot shows, which `is_file`."""
    return FileKey(f"{'photo' if kind == 'photo' else 'document'}/{id_}")


def find_key(kind: str, id_: str | None) -> FileKey | None:
    """The key of the file that a slot of this kind and id shows; None if it shows none."""
    return file_key(kind, id_) if id_ is not None and is_file(kind, id_) else None


def thumb_key(key: FileKey) -> FileKey:
    """The key of a file's small thumbnail."""
    return FileKey(key + _THUMB)


def whole_key(key: FileKey) -> FileKey:
    """The key of the file that a thumbnail belongs to; of any other file, its own."""
    return FileKey(key.removesuffix(_THUMB))


def is_thumb(key: FileKey) -> bool:
    """Whether it is the key of a thumbnail."""
    return key.endswith(_THUMB)


def parse_key(key: FileKey) -> tuple[bool, str]:
    """Whether it is a photo, and its id. Raises ValueError."""
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValueError(f"{key!r} is not a file's key")
    return found[1] == "photo", found[2]


def blob_path(sha256: str) -> str:
    """Where a blob lies below the archive's directory. Raises ValueError unless it is a SHA-256 in lower case."""
    if _SHA256.fullmatch(sha256) is None:
        raise ValueError(f"{sha256!r} is not a SHA-256 in lower-case hexadecimal")
    return f"media/{sha256[:2]}/{sha256[2:]}"
