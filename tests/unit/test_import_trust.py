"""An export that contradicts what is held fills nothing, and an older one replaces nothing."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from archiver.cli.view.message_origins import list_origins
from archiver.cli.view.moments import Moments
from archiver.imports.later_import import is_sighted
from archiver.model.compare_import import compare_import
from archiver.model.record import Message
from archiver.model.row import build_row
from archiver.reading.message_context import read_context
from archiver.store.database import Database
from archiver.store.messages.rows import get_messages, list_names
from tests.capturing import START, archive, assert_sound, capture, captured, export_of, rows
from tests.importing import CHANNEL_ID, entry, import_into, messages_of, read_all

__all__ = ["archive"]
FORGED = {"author": "Forged", "reply_to_message_id": 2, "forwarded_from": "Forged"}
CONTEXT = "SELECT post_author, reply_to_msg_id, fwd_from IS NULL FROM message WHERE message_id = 1"


def exported(tmp_path: Path, text: str = "words", **more: Any) -> Message:
    [one] = messages_of(read_all(export_of(tmp_path, entry(1, text, **more), name="one.json")))
    return one.message


@pytest.mark.parametrize(
    "other",
    [
        {"text": "other words"},
        {"date_unixtime": str(START + 61)},
        {"date_unixtime": str(START + 60 + 3600)},
        {"type": "service", "action": "pin_message"},
    ],
    ids=["words", "date", "zone", "kind"],
)
def test_an_export_that_contradicts_a_captured_post_fills_nothing(tmp_path: Path, other: dict[str, Any]) -> None:
    decision = compare_import(exported(tmp_path, **{**FORGED, **other}), captured(1, "words"))
    assert (decision.kind, dict(decision.filled)) == ("differs", {})


def test_an_export_that_shows_nothing_of_a_post_has_no_other_words(tmp_path: Path) -> None:
    decision = compare_import(exported(tmp_path, ""), captured(1, "words"))
    assert (decision.kind, decision.revises) == ("same", False)


def test_an_export_with_a_different_forward_fills_no_signature(tmp_path: Path) -> None:
    held = captured(1, "words", post_author="Desk")
    assert compare_import(exported(tmp_path, **{**FORGED, "author": "Other"}), held).filled == {}


def test_an_export_with_the_words_of_a_captured_post_fills_empty_values(archive: Path, tmp_path: Path) -> None:
    capture(archive, [captured(1, "as it was")])
    edited = datetime.fromtimestamp(START + 999, UTC)
    capture(archive, [captured(1, "as it is", edit_date=edited)])
    import_into(archive, export_of(tmp_path, entry(1, "never shown", **FORGED), name="forged.json"))
    assert rows(archive, CONTEXT) == [(None, None, 1)]
    import_into(archive, export_of(tmp_path, entry(1, "never shown", **FORGED), entry(2), name="again.json"))
    assert rows(archive, CONTEXT) == [(None, None, 1)]
    import_into(archive, export_of(tmp_path, entry(1, "as it was", author="Ann"), name="early.json"))
    assert rows(archive, CONTEXT) == [("Ann", None, 1)]
    assert_sound(archive)


def test_dates_of_two_exports_may_differ_by_a_time_zone(tmp_path: Path) -> None:
    held = exported(tmp_path)
    assert compare_import(exported(tmp_path, date_unixtime=str(START + 60 + 3 * 3600), author="Ann"), held).filled
    assert not compare_import(exported(tmp_path, date_unixtime=str(START + 61), author="Ann"), held).filled


def row_of(text: str, *, last_seen: str, origin: str = "history", **more: Any) -> dict[str, Any]:
    """A row of telekeep's export of message 1."""
    seen = {"origin": origin, "first_seen": "2022-01-01T00:00:00Z", "last_seen": last_seen}
    base = {"channel_id": 1001, "channel": "nb", "message_id": 1, "kind": "message", "date": "2021-12-16T00:01:00Z"}
    return {**base, "text": text, **seen, **more}


def write_rows(path: Path, *found: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one, separators=(",", ":")) + "\n" for one in found), encoding="utf-8")
    return path


CURRENT = "SELECT text, date, last_seen FROM message WHERE message_id = 1"
SEEN = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "later"])
def test_what_a_telekeep_saw_later_is_current_whatever_edit_an_older_export_claims(
    tmp_path: Path, archive: Path, *, is_first: bool
) -> None:
    own = write_rows(tmp_path / "own.jsonl", row_of("seen", last_seen="2026-01-01T00:00:00Z"))
    claimed = entry(1, "claimed", edited_unixtime=str(SEEN - 9), date_unixtime=str(START + 61))
    forged = export_of(tmp_path, claimed, entry(2, "last", date_unixtime=str(SEEN - 5)))
    for path in (own, forged) if is_first else (forged, own):
        outcome = import_into(archive, path)
    assert (outcome.counts.revisions, outcome.counts.replaced) == (1, 0 if is_first else 1)
    assert rows(archive, CURRENT) == [("seen", START + 60, SEEN)]
    assert rows(archive, "SELECT text FROM revision") == [("claimed",)]
    assert_sound(archive)


def test_an_edit_after_a_telekeep_saw_it_is_current_and_last_seen_never_goes_back(
    tmp_path: Path, archive: Path
) -> None:
    import_into(archive, write_rows(tmp_path / "own.jsonl", row_of("seen", last_seen="2026-01-01T00:00:00Z")))
    same = entry(1, "seen", edited_unixtime=str(START + 99))
    import_into(archive, export_of(tmp_path, same, name="same.json"))
    assert rows(archive, CURRENT) == [("seen", START + 60, SEEN)]
    later = entry(1, "edited", edited_unixtime=str(SEEN + 9))
    import_into(archive, export_of(tmp_path, later, name="later.json"))
    assert rows(archive, CURRENT) == [("edited", START + 60, SEEN)]
    assert_sound(archive)


def test_an_export_with_another_date_never_replaces_another(tmp_path: Path, archive: Path) -> None:
    import_into(archive, export_of(tmp_path, entry(1, "held"), name="held.json"))
    dated = entry(1, "other", date_unixtime=str(START + 61), edited_unixtime=str(START + 999))
    outcome = import_into(archive, export_of(tmp_path, dated, entry(2, "new")))
    assert (outcome.counts.differing, outcome.counts.replaced) == (1, 0)
    assert rows(archive, CURRENT)[0][:2] == ("held", START + 60)
    assert_sound(archive)


def test_only_a_row_of_a_telekeep_that_saw_the_message_itself_is_a_sighting() -> None:
    row = row_of("seen", last_seen="2026-01-01T00:00:00Z")
    assert is_sighted(json.dumps(row).encode())
    assert is_sighted(json.dumps({"id": 1, "telekeep": row}).encode())
    assert not is_sighted(json.dumps({**row, "origin": "import"}).encode())
    assert not is_sighted(json.dumps(entry(1, "seen")).encode())
    assert not is_sighted(b"<div>")


def test_rows_and_show_name_what_an_import_filled_and_telegram_did_not_show(archive: Path, tmp_path: Path) -> None:
    capture(archive, [captured(2, "plain"), captured(1, "words", silent=True)])
    more = {"author": "Ann", "reply_to_message_id": 2}
    import_into(archive, export_of(tmp_path, entry(1, "words", **more), entry(2, "plain"), entry(3, "new", author="B")))

    async def found() -> list[Any]:
        async with await Database.open_readonly(archive) as database:
            held = await database.read(get_messages, [(CHANNEL_ID, number) for number in (1, 2, 3)])
            [name] = await database.read(list_names)
            marks = [orjson.loads(build_row(name, *one)["extra"] or "{}") for one in held.values()]
            context = await read_context(database.connection, name, held[CHANNEL_ID, 1])
            return [marks, dict(list_origins(context, Moments()))]

    marks, said = asyncio.run(found())
    assert marks == [{"filled_by_import": ["post_author", "reply_to"]}, {}, {}]
    assert said["by"] == "Ann (from an import, not from Telegram)"
    assert said["reply to"].endswith(" (from an import, not from Telegram)")
    assert_sound(archive)
