"""An export that contradicts what is held fills nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archiver.model.compare_import import compare_import
from archiver.model.record import Message
from tests.capturing import START, archive, assert_sound, capture, captured, export_of, rows
from tests.importing import entry, import_into, messages_of, read_all

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


def test_another_forward_than_the_captured_one_fills_no_signature(tmp_path: Path) -> None:
    held = captured(1, "words", post_author="Desk")
    assert compare_import(exported(tmp_path, **{**FORGED, "author": "Other"}), held).filled == {}


def test_an_export_with_the_words_of_a_captured_post_fills_what_is_empty(archive: Path, tmp_path: Path) -> None:
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


def test_of_two_exports_dates_by_another_zone_are_no_contradiction(tmp_path: Path) -> None:
    held = exported(tmp_path)
    assert compare_import(exported(tmp_path, date_unixtime=str(START + 60 + 3 * 3600), author="Ann"), held).filled
    assert not compare_import(exported(tmp_path, date_unixtime=str(START + 61), author="Ann"), held).filled
