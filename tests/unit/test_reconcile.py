"""What was seen against what is held: the table of `archiver.model.reconcile`, row by row."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from archiver.model.reconcile import find_overtaken, reconcile
from archiver.model.record import Held, Message


def seen(message_id: int, content: str = "a", *, edited: int | None = None, payload: str | None = None) -> Message:
    return Message(
        channel_id=1,
        message_id=message_id,
        kind="message",
        date=datetime.fromtimestamp(1_000, UTC),
        edit_date=datetime.fromtimestamp(edited, UTC) if edited else None,
        content_hash=sha256(content.encode()).digest(),
        payload_sha256=sha256((payload or content).encode()).digest(),
        raw=b"",
        layer=1,
    )


def known(message: Message, *, missing: int | None = None, seen_pts: int | None = None) -> Held:
    return Held(
        message_id=message.message_id,
        date=int(message.date.timestamp()),
        edit_date=int(message.edit_date.timestamp()) if message.edit_date else None,
        content_hash=message.content_hash,
        payload_sha256=message.payload_sha256,
        missing_since=missing,
        last_seen=0,
        seen_pts=seen_pts,
    )


def held(*messages: Held) -> dict[int, Held]:
    return {message.message_id: message for message in messages}


def test_an_unknown_message_is_inserted_once_even_if_the_server_repeats_it() -> None:
    changes = reconcile([seen(1), seen(2), seen(1)], {})
    assert [m.message_id for m in changes.insert] == [1, 2]


def test_the_same_payload_is_only_seen_again() -> None:
    changes = reconcile([seen(1)], held(known(seen(1))))
    assert (len(changes.seen), changes.update, changes.revise, changes.insert) == (1, [], [], [])


def test_counters_update_without_a_revision() -> None:
    changes = reconcile([seen(1, payload="more views", edited=2_000)], held(known(seen(1))))
    assert (len(changes.update), changes.revise) == (1, [])


def test_a_new_content_keeps_the_old_one_as_a_revision() -> None:
    changes = reconcile([seen(1, "b", edited=2_000)], held(known(seen(1))))
    assert [m.message_id for m in changes.revise] == [1]


def test_with_equal_dates_the_last_observation_wins() -> None:
    changes = reconcile([seen(1, "b", edited=2_000)], held(known(seen(1, edited=2_000))))
    assert len(changes.revise) == 1


def test_a_late_answer_never_undoes_a_newer_content() -> None:
    changes = reconcile([seen(1, "old", edited=2_000)], held(known(seen(1, "new", edited=3_000))))
    assert (len(changes.stale), changes.revise, changes.update) == (1, [], [])


def test_messages_absent_from_a_proven_range_are_missing_and_those_outside_are_not() -> None:
    before = held(*(known(seen(i)) for i in (1, 5, 6, 7, 9)))
    changes = reconcile([seen(5), seen(7)], before, proven=(5, 8))
    assert changes.missing == [6]
    assert reconcile([seen(5), seen(7)], before).missing == []


def test_an_empty_answer_marks_nothing_as_missing() -> None:
    assert reconcile([], held(known(seen(1)), known(seen(2))), proven=(1, 9)).missing == []


def test_a_deletion_is_noticed_once_and_a_return_is_recorded() -> None:
    before = held(known(seen(1), missing=50), known(seen(2), missing=50), known(seen(3)))
    changes = reconcile([seen(2), seen(3)], before, proven=(1, 3))
    assert (changes.missing, changes.returned) == ([], [2])


def test_edits_of_one_second_that_arrive_after_the_last_one_are_older() -> None:
    edits = [seen(1, text, edited=2_000) for text in "bcd"]
    assert find_overtaken(edits, held(known(edits[2]))) == {0, 1}
    assert find_overtaken(edits, held(known(edits[1]))) == {0}
    assert find_overtaken(edits, held(known(edits[0]))) == set()
    # Another second, another message, another content: nothing says that more is known already.
    for other in (seen(1, "d", edited=1_999), seen(2, "d", edited=2_000), seen(1, "x", edited=2_000), seen(1)):
        assert find_overtaken(edits, held(known(other))) == set()


def test_overtaken_content_is_kept_and_changes_nothing() -> None:
    now = known(seen(1, "d", edited=2_000))
    for content, expected in (("b", ["stale"]), ("d", ["seen"])):
        changes = reconcile([seen(1, content, edited=2_000)], held(now), overtaken=True)
        assert [name for name in ("insert", "update", "revise", "seen", "stale") if getattr(changes, name)] == expected


def test_a_newer_answer_is_right_although_its_edit_date_is_older() -> None:
    known_now = held(known(seen(1, edited=3_000), seen_pts=7))
    assert reconcile([seen(1, "b", edited=2_000)], known_now, pts=8).revise
    assert reconcile([seen(1, "b")], known_now, pts=8).revise  # no edit_date at all any more


def test_an_answer_of_unknown_age_is_placed_by_its_edit_date() -> None:
    known_now = held(known(seen(1, edited=3_000), seen_pts=7))
    for pts in (None, 6, 7):
        assert reconcile([seen(1, "b", edited=2_000)], known_now, pts=pts).stale
        assert reconcile([seen(1, "b", edited=4_000)], known_now, pts=pts).revise
    assert reconcile([seen(1, "b", edited=2_000)], held(known(seen(1, edited=3_000))), pts=8).stale


def test_with_equal_pts_the_answer_requested_later_is_right() -> None:
    known_now = held(known(seen(1, edited=3_000), seen_pts=7))
    assert reconcile([seen(1, "b", edited=2_000)], known_now, pts=7, asked_after=True).revise
    assert reconcile([seen(1, "b", edited=2_000)], known_now, pts=6, asked_after=True).stale
