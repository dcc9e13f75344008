"""Puts files into an archive as the downloader does: by the blob store and the settling of their rows."""

from __future__ import annotations

import hashlib
import os

from archiver.media.blob_store import BlobStore
from archiver.model.media_file import FileKey
from archiver.store.database import Database
from archiver.store.media.file import settle_downloaded


async def store_file(database: Database, key: str, content: bytes, *, now: int = 1_640_000_100) -> str:
    """Store a file; return its SHA-256."""
    blobs = BlobStore(database.path.parent)
    blobs.prepare()
    descriptor = blobs.open_partial("made")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    sha256 = hashlib.sha256(content).hexdigest()
    blobs.adopt("made", sha256=sha256, size=len(content))
    await database.write(settle_downloaded, FileKey(key), sha256=sha256, size=len(content), now=now)
    return sha256
