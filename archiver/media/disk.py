"""The disk side of fetching files: whole files become blobs, in threads."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeVar

from archiver.errors import BlockedPath
from archiver.media.blob_store import DATA, BlobStore
from archiver.media.handover import Handed, Handover
from archiver.media.partial import drop_partial, partial_name
from archiver.model.media_file import FileKey
from archiver.pacing.tasks import finish

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Disk:
    """Where files go; its methods run in threads."""

    store: BlobStore
    handover: Handover
    threads: Executor
    under_way: dict[FileKey, int] = field(default_factory=dict)
    """Bytes of the files that any account is fetching: what one has begun, no other one touches."""

    async def run(self, act: Callable[..., T], *args: object) -> T:
        """Run it in a thread; a cancelled caller ends after it."""
        return await finish(asyncio.get_running_loop().run_in_executor(self.threads, act, *args))

    def keep(self, key: FileKey, data: bytes) -> tuple[Handed, int]:
        """Store a whole file; return it with the argument for `Handover.settled`."""
        name = partial_name(key) + DATA
        handle = self.store.open_partial(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(handle, "wb", buffering=0) as file:
            if file.write(data) != len(data):
                raise OSError("the disk is full")
        try:
            return self.adopt(Handed(key, sha256(data).hexdigest(), len(data)))
        except BlockedPath:
            self.store.drop_partial(name)
            raise

    def adopt(self, handed: Handed) -> tuple[Handed, int]:
        """Make the data in `media/partial/` a blob."""
        turn = self.handover.note(handed)
        try:
            self.store.adopt(partial_name(handed.key) + DATA, sha256=handed.sha256, size=handed.size)
        except BlockedPath:
            self.handover.settled(turn)
            raise
        drop_partial(self.store, handed.key)
        return handed, turn
