"""Which rows of table `media` show a file, and the key of that file, as SQL."""

from __future__ import annotations

from typing import Final

from archiver.model.media_file import FILE_KINDS

_KINDS: Final = ", ".join(repr(kind) for kind in FILE_KINDS)
FILE_SLOT: Final = f"id IS NOT NULL AND kind IN ({_KINDS})"
"""Spelled as in the index `media_file`: SQLite uses the index only for these words."""


def file_slot(table: str) -> str:
    """FILE_SLOT of `media` under this name."""
    return f"{table}.id IS NOT NULL AND {table}.kind IN ({_KINDS})"


def shows_file(table: str) -> str:
    """Whether a row shows one file, given the file's id and whether it is a photo (`media_file.parse_key`)."""
    return f"{table}.id = ? AND {file_slot(table)} AND ({table}.kind = 'photo') = ?"


def key_of(table: str) -> str:
    """The key of the file that a row shows, as `media_file.file_key` writes it."""
    return f"CASE {table}.kind WHEN 'photo' THEN 'photo/' ELSE 'document/' END || {table}.id"
