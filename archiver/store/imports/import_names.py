"""How people read of an imported file: with its SHA-256 if another file of its channel has the same name."""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.store.database import Reader

_SHOWN: Final = 8
"""Hexadecimal digits of a SHA-256."""


class FileNames(NamedTuple):
    """The names of the files imported into a channel."""

    shared: frozenset[str] = frozenset()
    """Those that more than one file has."""

    def call(self, name: str, sha256: str) -> str:
        """`result.json`, or `result.json (SHA-256 1f0a77c2…)`."""
        return f"{name} (SHA-256 {sha256[:_SHOWN]}…)" if name in self.shared and sha256 else name


NO_NAMES: Final = FileNames()


def read_file_names(conn: Reader, channel_id: ChannelId) -> FileNames:
    """The names of the files imported into a channel, and of the parts of those that have several."""
    found: dict[str, set[str]] = defaultdict(set)
    rows = conn.execute("SELECT file_name, sha256, parts FROM import_source WHERE channel_id = ?", (channel_id,))
    for name, digest, parts in rows:
        found[name].add(digest)
        for part in orjson.loads(parts):
            found[str(part["name"])].add(str(part["sha256"]))
    return FileNames(frozenset(name for name, digests in found.items() if len(digests) > 1))


def list_import_files(conn: Reader, channel_id: ChannelId) -> list[str]:
    """The files imported into a channel, as people read of them, in the order of import."""
    names = read_file_names(conn, channel_id)
    query = "SELECT file_name, sha256 FROM import_source WHERE channel_id = ? ORDER BY import_id"
    return list(dict.fromkeys(names.call(*row) for row in conn.execute(query, (channel_id,))))
