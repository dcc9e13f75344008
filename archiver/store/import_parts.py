"""Which of the files of an import has a piece: a series of exports, the pages of HTML. Pure.

It is kept in `imported.differs` as `part`, the place in `import_source.parts`, so that a citation names the file and
the hash that a reader can check.
"""

from __future__ import annotations

from typing import Final

import orjson

_PART: Final = "part"


def with_part(differs: str | None, part: int | None) -> str | None:
    """What is kept in `differs` of a piece. `part`: None if the import has one file."""
    if part is None:
        return differs
    found = {} if differs is None else orjson.loads(differs)
    return orjson.dumps({_PART: part, **found}).decode()


def split_part(differs: str | None, parts: str, whole: tuple[str, str]) -> tuple[tuple[str, str], str | None]:
    """The name and SHA-256 of the file that has a piece, and `differs` without that. `whole`: those of the import."""
    if differs is None or f'"{_PART}"' not in differs:
        return whole, differs
    found = orjson.loads(differs)
    part, listed = found.pop(_PART, None), orjson.loads(parts)
    rest = orjson.dumps(found).decode() if found else None
    if type(part) is not int or not 0 <= part < len(listed):
        return whole, rest
    return (str(listed[part]["name"]), str(listed[part]["sha256"])), rest
