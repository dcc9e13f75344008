"""The answer of a view as data, by the encoders of the command line (docs/rows.md), or as a feed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from archiver.export.csv_writer import CsvWriter
from archiver.formatting.html_writer import HtmlTargets
from archiver.formatting.spoilers import veiled
from archiver.formatting.visible import possible
from archiver.model.iso_time import iso
from archiver.model.json_text import dump
from archiver.model.row import Row, to_object
from archiver.web.addresses import link
from archiver.web.site import Asked
from archiver.web.texts import text_html
from archiver.web.view import ViewAnswer

_TITLE = 80
"""Characters of an entry's title."""
_FEED = HtmlTargets(has_styles=False)


def to_json(shown: ViewAnswer, asked: Asked) -> bytes:
    """One object: what the view has to say, and `rows` where it shows messages."""
    answer = {**(shown.data or {})}
    if shown.status == 200:
        answer = {"address": asked.path, **answer}
    if shown.rows is not None:
        answer["rows"] = [to_object(row) for row in shown.rows]
    return dump(answer) + b"\n"


def to_csv(rows: Sequence[Row]) -> bytes:
    """A table as `export --format csv --excel` writes it: browsers hand it to a spreadsheet."""
    writer = CsvWriter(excel=True)
    return b"".join([writer.begin(), *map(writer.encode, rows)])


def feed_values(shown: ViewAnswer, asked: Asked) -> dict[str, Any]:
    """What the template of feeds needs. https://www.rfc-editor.org/rfc/rfc4287"""
    entries = [_entry(row, asked, shown.imported) for row in shown.rows or ()]
    path = link(asked.path, asked.fields)
    return {
        "title": possible(f"{shown.title} · telekeep"),
        "feed_id": f"urn:uuid:{uuid5(NAMESPACE_URL, f'telekeep:{path}')}",
        "self_url": f"{asked.origin}{link(f'{asked.path}.atom', asked.fields)}",
        "html_url": f"{asked.origin}{path}",
        "updated": max((entry["updated"] for entry in entries), default=iso(int(asked.times.now))),
        "entries": entries,
    }


def _entry(row: Row, asked: Asked, imported: Collection[tuple[int, int]]) -> dict[str, Any]:
    address = f"/c/{row['channel_id']}/{row['message_id']}"
    first = " ".join(possible(veiled(row["text"], row["entities"])).split())
    published = row["date"] or row["first_seen"]
    return {
        "title": f"{row['channel']}/{row['message_id']}: {first[:_TITLE]}{'…' if len(first) > _TITLE else ''}",
        "id": f"urn:uuid:{uuid5(NAMESPACE_URL, f'telekeep:{address}')}",
        "url": f"{asked.origin}{address}",
        "published": published,
        "updated": row["edit_date"] or published,
        "author": row["channel"],
        "html": text_html(row["text"], row["entities"], targets=_FEED),
        "is_imported": (row["channel_id"], row["message_id"]) in imported,
        "is_gone": row["missing_since"] is not None,
    }
