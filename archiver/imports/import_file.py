"""What identifies the file or files of an import: name, size, SHA-256."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import orjson

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.source import Chat, Source
from archiver.media.blob_store import hash_file
from archiver.store.imported import ImportFile


class HashedSource:
    """A source whose files were read once to hash them."""

    def __init__(self, source: Source) -> None:
        """Blocks for as long as reading the files takes."""
        self.source = source
        found = [(_text(path.name), *_hash(path)) for path in source.parts]
        self.bytes = sum(size for _, size, _ in found)
        self.name = found[0][0]
        hashes = [sha256 for _, _, sha256 in found]
        self.sha256 = hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()
        listed = [{"name": name, "sha256": sha256, "bytes": size} for name, size, sha256 in found]
        self._parts = orjson.dumps(listed if len(listed) > 1 else []).decode()
        newest = source.newest
        self._newest = None if newest is None else int(newest.timestamp())

    def describe(self, chat: Chat, channel_id: ChannelId) -> ImportFile:
        """The import of one of its chats."""
        return ImportFile(
            channel_id=channel_id,
            format=self.source.format,
            file_name=self.name,
            sha256=self.sha256,
            bytes=self.bytes,
            parts=self._parts,
            newest=self._newest,
            title=chat.title,
        )


def _text(name: str) -> str:
    """A file's name, which need not be a text on the disk."""
    return os.fsencode(name).decode("utf-8", "replace")


def _hash(path: Path) -> tuple[int, str]:
    try:
        with path.open("rb") as file:
            sha256 = hash_file(file)
            return file.tell(), sha256
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}.") from exc
