"""How the chain of custody names another archive: its file, a hash, and a summary of its log."""

from __future__ import annotations

import hashlib
from typing import Final

import orjson

from archiver.store.merging.foreign import ForeignArchive
from archiver.store.merging.foreign_log import describe_log, hash_log
from archiver.store.merging.merged_channel import SourceFile
from archiver.store.raw_file import read_at
from archiver.version import version

_CHUNK: Final = 1 << 20


def describe_source(archive: ForeignArchive) -> SourceFile:
    """Hash the file, or its log while it is in use: then no two readings of the file are the same."""
    octets = archive.path.stat().st_size
    sha256 = hash_log(archive) if archive.is_live else _hash_file(archive)
    archive.expect_unchanged()
    described = {
        "schema": archive.version,
        **describe_log(archive)._asdict(),
        "hashed": "log" if archive.is_live else "file",
    }
    return SourceFile(archive.path.name, sha256, octets, version(), orjson.dumps(described).decode())


def _hash_file(archive: ForeignArchive) -> str:
    digest, at = hashlib.sha256(), 0
    while chunk := read_at(archive.path, _CHUNK, at):
        digest.update(chunk)
        at += len(chunk)
    return digest.hexdigest()
