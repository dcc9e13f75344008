"""What every source of an import gives: chats, and their messages one by one, in constant memory.

A source is a file or directory in one of the formats of `archiver.imports.detect`. It knows nothing of the archive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final, Protocol, TypeAlias, runtime_checkable

from archiver.errors import UsageError
from archiver.ids import ChannelId, MessageId
from archiver.model.record import Message
from config.records import record


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file beside the source that belongs to a slot of a message's media."""

    slot: int
    path: str
    """As written in the source, relative to its `root`; not checked yet, so never open it without confining it."""
    size: int | None = None
    """Bytes, if the source says."""
    sha256: str | None = None
    """In hexadecimal, if the source says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """What a program made of a stored file of a message: an annotation."""

    sha256: str
    """Of the file, in hexadecimal."""
    hook: str
    program: str
    version: str | None
    language: str | None
    text: str
    exit_status: int | None
    at: int
    """Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """When another telekeep saw a message; only its own formats know. Times are unix seconds."""

    by_telegram: bool = True
    """Whether Telegram showed it; if not, that telekeep had it from an import alone."""
    first_seen: int
    last_seen: int
    missing_since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierContent:
    """An earlier content of a message, and when another telekeep saw it. Times are unix seconds."""

    message: Message
    """Of layer 0, like the message itself."""
    first_seen: int
    last_seen: int
    claimed_by: str | None = None
    """The file from which alone the exporting archive had it, as its export says; None: it says that it saw it."""
    claimed_sha256: str | None = None
    """The SHA-256 of that file, as the export says."""


@record(frozen=True, slots=True, kw_only=True)
class ImportedMessage:
    """One message of a source."""

    message: Message
    """Of layer 0, made by `archiver.model.imported.imported_message`; `raw` is its piece of the source."""
    files: tuple[AttachedFile, ...] = ()
    seen: Seen | None = None
    earlier: tuple[EarlierContent, ...] = ()
    """Oldest first."""
    texts: tuple[FileText, ...] = ()
    """They are kept if the archive has the bytes that they were made of."""
    part: int | None = None
    """Place in `ChatSource.parts` of the file that has it, where there are several."""

    @property
    def message_id(self) -> MessageId:
        """Its id."""
        return self.message.message_id

    @property
    def raw(self) -> bytes:
        """Its piece of the source."""
        return self.message.raw


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something of the source that is not imported, or that ends it."""

    where: str
    """`message 123`, `byte 1048576`, `messages3.html, line 80`."""
    what: str
    """One sentence in our words, never a message's text."""
    fatal: bool = False
    """Whether nothing can be read after it."""
    note: bool = False
    """Whether nothing is lost by it: it is reported and counted, but the exit status stays 0."""


ENDS_EARLY: Final = "the file ends too early: the rest is missing"
REPLACED: Final = "bytes that are not text were replaced by U+FFFD"
"""Of a damaged text, or one in another encoding."""

Entry: TypeAlias = ImportedMessage | Flaw


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """One chat of a source."""

    channel_id: ChannelId | None
    """Bare positive id; None: the format does not know it."""
    title: str | None
    username: str | None = None
    megagroup: bool | None = None
    """None: the format does not know it."""
    type: str | None = None
    """`public_channel`, `private_supergroup`...; None: the format does not know it."""
    of_several: bool = False
    """Whether the source may have others: `--channel` then chooses."""
    refused: str | None = None
    """What it is if telekeep does not archive it: `a personal chat`, `a basic group`..."""
    read: Callable[[ChannelId], Iterator[Entry]]
    """Its messages as those of this channel, oldest first where the source is; called once, before the next chat."""


class ZoneUnknown(UsageError):
    """An export's dates are local times of a zone that it does not name, and it names no channel either: HTML."""


class ChatSource(Protocol):
    """An opened source. Reading it may raise `archiver.errors.Error`, nothing else."""

    format: str
    """`desktop-json`, `desktop-html`, `tg-archive`, `jsonl`, `parquet`."""
    root: Path
    """The directory that paths of files are relative to; no path may lead out of it."""
    parts: tuple[Path, ...]
    """Its files in order: one, or all `messages*.html`."""

    @property
    def zone_used(self) -> bool:
        """Whether a date read so far needed the zone."""
        ...

    @property
    def newest(self) -> datetime | None:
        """The newest date in it, from a quick look before reading; None: not known without reading it all."""
        ...

    def chats(self) -> Iterator[Chat | Flaw]:
        """Its chats in order, and what is wrong between them. The next may be requested without reading one."""
        ...


def find_unread(one: Entry) -> Flaw | None:
    """The remark on a message's unreadable parts, which `extra.convert_error` names; None if there are none."""
    if isinstance(one, Flaw) or one.message.extra is None or '"convert_error"' not in one.message.extra:
        return None
    return Flaw(f"message {one.message.message_id}", "a part of it cannot be read, and is kept in its piece", note=True)


@runtime_checkable
class MixedSource(Protocol):
    """A source in which messages of several chats follow each other in any order: all are read at once."""

    def read_mixed(self, wanted: Sequence[tuple[Chat, ChannelId]]) -> Iterator[tuple[int, Entry]]:
        """The messages of some of its chats, each as one of the channel given, and the chat's place in `wanted`."""
        ...


Open: TypeAlias = Callable[[Path, tzinfo | None], ChatSource]
"""`open_file` of a source's module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedPiece:
    """What `verify` reads from a stored piece again."""

    text: str
    """The text, or the words of a rich message."""
    date: datetime | None = None
    """Aware UTC; None: the piece alone does not say."""


Derive: TypeAlias = Callable[[bytes, tzinfo | None], DerivedPiece | None]
"""`derive` of a source's module: reads a stored piece (`raw`) again, for `verify` to prove the row. None: it cannot be
read. Pure; by the same functions as reading the whole source."""
