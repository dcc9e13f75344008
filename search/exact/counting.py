"""Count hits, and how many of them have each value of a facet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo

from search.engine.facets import (
    Count,
    Counts,
    FacetName,
    by_channel,
    by_date,
    by_file,
    by_lang,
    by_media,
    order,
    step_seconds,
)
from search.exact.condition import SqlValue
from search.exact.docid import ANY, docid_range
from search.exact.query_plan import MESSAGE, QueryPlan
from search.exact.tables import Tables
from search.flags import STATE_BITS, SUPERSEDED

_COLUMNS: dict[FacetName, str] = {"channel": "channel", "media": "flags", "lang": "flags", "file": "flags"}
"""Column counted for each facet; days and months are counted as time steps."""


def count_hits(tables: Tables, plan: QueryPlan) -> int:
    """Count the hits exactly."""
    if plan.revisions:
        statement, values = plan.select("DISTINCT d.channel, d.message_id", ANY)
        return _sum(tables, f"SELECT count(*) FROM ({statement})", values)  # noqa: S608 bound
    return sum(_sum(tables, *plan.select("count(*)", docid_range(tier, plan.bounds))) for tier in tables.tiers())


def count_facets(tables: Tables, plan: QueryPlan, names: Sequence[FacetName], zone: tzinfo) -> Counts:
    """Count the hits by each of these facets."""
    columns = {name: _COLUMNS.get(name, f"date / {step_seconds(zone)}") for name in names if name != "fwd"}
    read = _count_columns(tables, plan, sorted(set(columns.values())))
    return {
        name: order(name, _origins(tables, plan) if name == "fwd" else _counts(tables, name, read[columns[name]], zone))
        for name in names
    }


def _counts(tables: Tables, name: FacetName, read: Counter[int], zone: tzinfo) -> list[Count]:
    match name:
        case "channel":
            channels = tables.channels(read)
            return by_channel({channels[number]: count for number, count in read.items()})
        case "media":
            return by_media(read)
        case "lang":
            return by_lang(read)
        case "file":
            return by_file(read)
        case _:
            return by_date(name, read, zone)


def _count_columns(tables: Tables, plan: QueryPlan, columns: Sequence[str]) -> dict[str, Counter[int]]:
    """Count the values of these columns, in one pass.

    Each column is read as one long text: GROUP BY would sort in SQLite, and reading row by row is slower.
    """
    if not columns:
        return {}
    statement, values = _select_each_message(plan)
    texts = ", ".join(f"group_concat({column}, ' ')" for column in columns)
    [row] = tables.rows(f"SELECT {texts} FROM ({statement})", values)  # noqa: S608 bound
    return {column: _count_values(text) for column, text in zip(columns, row, strict=True)}


def _origins(tables: Tables, plan: QueryPlan) -> list[Count]:
    """Count hits by the origin of the forward."""
    statement, values = _select_each_message(plan, f"d.flags & {STATE_BITS['forwarded']}")
    rows = tables.rows(
        f"""SELECT o.channel_id, o.name, count(*) FROM ({statement}) AS h CROSS JOIN search_forward AS f
            ON f.docid = h.docid JOIN search_origin AS o ON o.number = f.origin GROUP BY o.number""",  # noqa: S608 bound
        values,
    )
    return [
        Count(name, count) if channel_id is None else Count(str(channel_id), count, name)
        for channel_id, name, count in rows
    ]


def _sum(tables: Tables, statement: str, values: tuple[SqlValue, ...]) -> int:
    return sum(row[0] for row in tables.rows(statement, values))


def _count_values(text: str | None) -> Counter[int]:
    counts = Counter((text or "").split())
    return Counter({int(value): count for value, count in counts.items()})


def _select_each_message(plan: QueryPlan, condition: str = "1") -> tuple[str, tuple[SqlValue, ...]]:
    """Return a statement that reads the facet columns once per message, choosing among contents as `record` does."""
    statement, values = plan.select("d.docid AS docid, d.flags AS flags, " + MESSAGE, ANY)
    statement += f" AND {condition}"
    if plan.revisions:
        newest = f"max(CASE WHEN flags & {SUPERSEDED} THEN revision ELSE 1 << 32 END)"
        columns = "docid, flags, date, channel, message_id"
        statement = f"SELECT {columns}, {newest} FROM ({statement}) GROUP BY channel, message_id"  # noqa: S608 bound
    return statement, values
