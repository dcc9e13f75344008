from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.model.row import ChannelName, StoredMedia, StoredMessage
from archiver.model.versions import Absence, Counters, StoredRevision, list_versions
from archiver.reading.message_history import MessageHistory

HASH = bytes(32)
CHANNEL = ChannelName(1001, "NightBridge", None, "Night Bridge")


def message(text: str = "now", **changes: Any) -> StoredMessage:
    values: dict[str, Any] = dict.fromkeys(StoredMessage._fields)
    values |= {"channel_id": 1001, "message_id": 5, "kind": "message", "date": 50, "text": text, "origin": "history"}
    values |= {"first_seen": 100, "last_seen": 900, "revisions": 0, "payload_sha256": HASH, "layer": 229}
    return StoredMessage(**{**values, **changes})


def slot(kind: str = "photo", id: str | None = "1", **changes: Any) -> StoredMedia:  # noqa: A002 - the column's name
    values: dict[str, Any] = dict.fromkeys(StoredMedia._fields)
    return StoredMedia(**{**values, "kind": kind, "id": id, "status": "not downloaded", **changes})


def revision(number: int, text: str = "", **changes: Any) -> StoredRevision:
    at = 100 * number
    values = {"edit_date": None, "text": text or f"text {number}", "entities": None, "media": "[]", "markup": None}
    values |= {"extra": None, "first_seen": at, "last_seen": at + 50, "replaced_at": at + 100}
    return StoredRevision(revision=number, payload_sha256=HASH, layer=229, **{**values, **changes})


def test_versions_follow_their_edit_dates_and_the_current_one_is_last() -> None:
    late = revision(3, edit_date=None, first_seen=700, last_seen=700, replaced_at=700)
    versions = list_versions(message(), [], [revision(1), revision(2, edit_date=150), late])
    assert [one.revision for one in versions] == [1, 3, 2, None]
    # What came late was seen once, and interrupted nothing.
    assert [(one.first_seen, one.last_seen) for one in versions] == [(100, 150), (700, 700), (200, 250), (300, 900)]


@given(st.lists(st.none() | st.integers(0, 9), max_size=8))
def test_no_version_is_left_out_and_none_precedes_an_older_one(dates: list[int | None]) -> None:
    versions = list_versions(message(), [], [revision(at, edit_date=date) for at, date in enumerate(dates, 1)])
    assert versions[-1].revision is None
    told = [(one.edit_date is not None, one.edit_date or 0, one.revision) for one in versions[:-1]]
    assert told == sorted(told)
    assert len(told) == len(dates)


def links(*places: int) -> str:
    return orjson.dumps([{"type": "url", "offset": at, "length": 3} for at in places]).decode()


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({"text": "a"}, {"text": "b"}, ("text",)),
        ({"text": "a t.m"}, {"text": "👍 a t.m"}, ("text",)),
        ({"text": "t.m t.m", "entities": links(0)}, {"text": "t.m t.m", "entities": links(0, 4)}, ("entities",)),
        # Entities that only moved with their words are none that changed.
        ({"text": "a t.m", "entities": links(2)}, {"text": "👍 t.m", "entities": links(3)}, ("text",)),
        ({"text": "a", "markup": None}, {"text": "a", "markup": '[[{"text":"Open"}]]'}, ("markup",)),
        ({"text": "a", "extra": '{"rich":[1]}'}, {"text": "a", "extra": '{"rich":[2]}'}, ("rich",)),
        ({"text": "a", "extra": '{"ttl_period":1}'}, {"text": "a", "extra": None}, ("other",)),
    ],
)
def test_changed_fields_are_named(before: dict[str, Any], after: dict[str, Any], changed: tuple[str, ...]) -> None:
    first, last = list_versions(message(**after), [], [revision(1, **before)])
    assert (first.changed, last.changed) == ((), changed)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ([], [slot()], ["nothing -> photo 1"]),
        ([{"kind": "photo", "id": "7"}], [slot()], ["photo 7 -> photo 1"]),
        ([{"kind": "photo", "id": "1"}, {"kind": "video", "id": "2"}], [slot()], ["video 2 -> nothing"]),
        ([{"kind": "webpage", "url": "https://a"}], [slot("document", None, file_name="b.pdf")],
         ["webpage https://a -> document b.pdf"]),
        # The same poll asks something else: what it asks is kept elsewhere.
        ([{"kind": "poll", "id": "1"}], [slot("poll")], []),
    ],
)  # fmt: skip
def test_changed_media_are_named(old: list[dict[str, Any]], new: list[StoredMedia], named: list[str]) -> None:
    [_, last] = list_versions(message("same"), new, [revision(1, "same", media=orjson.dumps(old).decode())])
    assert last.changed == ("media",)
    assert [f"{before or 'nothing'} -> {after or 'nothing'}" for before, after in last.media_changes] == named


def happened(*revisions: StoredRevision, **more: Any) -> MessageHistory:
    stored = message(missing_since=950, revisions=len(revisions))
    values: dict[str, Any] = {"absences": [], "counters": None} | more
    return MessageHistory(channel=CHANNEL, message=stored, versions=list_versions(stored, [], revisions), **values)


def test_events_are_in_the_order_in_which_they_happened() -> None:
    late = revision(2, first_seen=700, last_seen=700, replaced_at=700)
    history = happened(
        revision(1),
        late,
        absences=[Absence(400, "audit", 300, 420), Absence(950, "update", 900, None)],
        counters=[Counters(100, 5, None, None, None), Counters(410, 6, None, None, '[{"reaction":"👍","count":1}]')],
    )
    told = [(event["event"], event["at"][14:19]) for event in history.events(diff=False)]
    assert told == [
        ("version", "01:40"),
        ("counters", "01:40"),
        ("version", "11:40"),
        ("version", "03:20"),
        ("missing", "06:40"),
        ("counters", "06:50"),
        ("returned", "07:00"),
        ("missing", "15:50"),
    ]
    assert all(event["permalink"] == "https://t.me/NightBridge/5" for event in history.events(diff=True))


def test_return_in_the_same_second_follows_the_deletion() -> None:
    history = happened(absences=[Absence(400, "audit", 300, 400)])
    assert [event["event"] for event in history.events(diff=False)] == ["version", "missing", "returned"]


def test_diffs_put_each_text_together_from_the_one_before() -> None:
    shown = happened(revision(1, "the old text"), revision(2, "the new text")).to_object(diff=True)["versions"]
    assert shown[0]["diff"] == [{"op": "equal", "text": "the old text"}]
    for before, one in pairwise(shown):
        assert "".join(piece["text"] for piece in one["diff"] if piece["op"] != "insert") == before["text"]
        assert "".join(piece["text"] for piece in one["diff"] if piece["op"] != "delete") == one["text"]
