"""How rows lie in the embedded engine: eight neighbouring docids in one row of SQLite. Pure.

A row of its own would cost a message 17 bytes before it says anything: its docid, the lengths of its columns. An
*octet* says once what its documents mostly share (channel, ids, dates and languages close to one another), and of each
only the difference: a number takes as many bytes as it needs. The view `search_document` gives rows as if each stood
alone. https://www.sqlite.org/fileformat2.html#record_format
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from search.exact.changes import Row
from search.exact.terms import FINGERPRINT_BITS
from search.flags import LANG_MASK, LANG_SHIFT

OCTET_BITS: Final = 3
"""Docids of an octet, as a power of two; windows of docids and blocks begin with one."""
SIZE: Final = 1 << OCTET_BITS
SHARED: Final = ("octet", "channel", "message_id", "date", "flags")
EACH: Final = ("place", "stamp", "flags", "views", "forwards")
"""Of each document, with its number behind the name. `flags` is NULL where there is none."""
PLACE_BITS: Final = 32
"""A place is a difference of channels above that many bits of a difference of message ids."""
STAMP_BITS: Final = FINGERPRINT_BITS
"""A stamp is a difference of dates above the bits of a fingerprint: 48 in all, as no window is as wide as 2**20 s."""

Octet: TypeAlias = tuple[Any, ...]
"""A row of search_octet, in the order of its columns."""

_LANG: Final = LANG_MASK << LANG_SHIFT
_EMPTY: Final = (None,) * len(EACH) * SIZE


def pack(rows: Iterable[Row], known: Mapping[int, Octet]) -> list[Octet]:
    """The octets of these rows, ascending, as they are to be; `known`: those that are there, by their numbers."""
    found: dict[int, list[Any]] = {}
    for row in sorted(rows, key=_by_docid):
        octet = row.docid >> OCTET_BITS
        if octet not in found:
            found[octet] = list(known.get(octet) or _begin(octet, row))
        _put(found[octet], row)
    return [tuple(values) for values in found.values()]


def is_at(docid: str) -> str:
    """SQL: the row `d` of search_document is the one of this docid; found by the octet's key."""
    return f"d.octet = {docid} >> {OCTET_BITS} AND d.slot = {docid} & {SIZE - 1}"


def _begin(octet: int, row: Row) -> Octet:
    return (octet, row.channel, row.message_id, row.date, row.flags & _LANG, *_EMPTY)


def _put(values: list[Any], row: Row) -> None:
    _, channel, message_id, date, flags = values[: len(SHARED)]
    place = (row.channel - channel << PLACE_BITS) + row.message_id - message_id
    at = len(SHARED) + row.docid % SIZE * len(EACH)
    values[at : at + len(EACH)] = (
        place, (row.date - date << STAMP_BITS) + row.fingerprint, row.flags - flags, row.views, row.forwards,
    )  # fmt: skip


def _by_docid(row: Row) -> int:
    return row.docid


_HALF: Final = 1 << PLACE_BITS - 1


def _each(name: str) -> str:
    """SQL: the column of this name of the document at `s.slot` of the octet `o`."""
    return f"CASE s.slot {' '.join(f'WHEN {slot} THEN o.{name}{slot}' for slot in range(SIZE))} END"


def column_at(name: str, slot: int) -> str:
    """SQL: `channel`, `date` or `flags` of the document at a slot of the octet `o`, NULL where there is none; for a
    reading of all rows, in which the view's choice of a slot is half of the work."""
    own = {"channel": f"(o.place{slot} + {_HALF} >> {PLACE_BITS})", "date": f"(o.stamp{slot} >> {STAMP_BITS})"}
    return f"(o.{name} + {own.get(name, f'o.{name}{slot}')})"


SCHEMA: Final = (
    f"""CREATE TABLE IF NOT EXISTS search_octet (
        octet INTEGER PRIMARY KEY, {", ".join(f"{name} INTEGER NOT NULL" for name in SHARED[1:])},
        {", ".join(f"{name}{slot} INTEGER" for slot in range(SIZE) for name in EACH)}
    )""",
    "CREATE TABLE IF NOT EXISTS search_slot (slot INTEGER PRIMARY KEY)",
    f"INSERT OR IGNORE INTO search_slot VALUES {', '.join(f'({slot})' for slot in range(SIZE))}",  # noqa: S608 constants
    f"""CREATE VIEW IF NOT EXISTS search_document AS SELECT
        o.octet << {OCTET_BITS} | s.slot AS docid,
        o.octet AS octet,
        s.slot AS slot,
        o.channel + ({_each("place")} + {_HALF} >> {PLACE_BITS}) AS channel,
        o.message_id + ({_each("place")} + {_HALF} & {(1 << PLACE_BITS) - 1}) - {_HALF} AS message_id,
        o.date + ({_each("stamp")} >> {STAMP_BITS}) AS date,
        o.flags + {_each("flags")} AS flags,
        {_each("views")} AS views,
        {_each("forwards")} AS forwards,
        {_each("stamp")} & {(1 << STAMP_BITS) - 1} AS fingerprint
        FROM search_octet AS o CROSS JOIN search_slot AS s WHERE {_each("flags")} IS NOT NULL""",  # noqa: S608 constants
)
