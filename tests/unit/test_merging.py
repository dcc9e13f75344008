"""How two archives' knowledge of a message, a channel, its names and its counters becomes one."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.model.descriptions import DescribedAt, unite_descriptions
from archiver.model.imported import IMPORTED
from archiver.model.merged_counters import CounterSeries, unite_counters
from archiver.model.merging import (
    CURRENT,
    KnownContent,
    KnownMessage,
    Notice,
    merge_message,
    take_message,
    unite_absences,
)
from archiver.model.sync_state import SyncState, TakenState, take_state
from archiver.model.versions import Absence


def make_content(name: str, moment: int = 1, *, began: int = 10, last_seen: int = 20, **more: object) -> KnownContent:
    digest = sha256(name.encode()).digest()
    return KnownContent(digest, digest, moment, began, last_seen, **more)  # type: ignore[arg-type]


def make_known(current: KnownContent, *earlier: KnownContent, **more: object) -> KnownMessage:
    times = {"first_seen": 10, "origin": "history", "last_seen": current.last_seen}
    return KnownMessage(current=current, earlier=earlier, **times | more)  # type: ignore[arg-type]


A, B, C = (make_content(name, moment) for moment, name in enumerate("ABC", 1))


def test_the_later_edit_becomes_the_present_content_and_ours_an_earlier_one() -> None:
    merged = merge_message(make_known(A), make_known(B))
    assert (merged.takes, merged.keeps, merged.adds) == (True, True, ())
    assert merge_message(make_known(B), make_known(A)).adds == (CURRENT,)


def test_the_later_pts_decides_against_the_date_of_the_edit() -> None:
    merged = merge_message(make_known(B, seen_pts=5), make_known(A, seen_pts=6))
    assert (merged.takes, merged.keeps, merged.seen_pts) == (True, True, 6)


def test_earlier_contents_are_added_once() -> None:
    merged = merge_message(make_known(C, A), make_known(C, A, B, A))
    assert (merged.takes, merged.adds) == (False, (1,))


def test_the_whole_of_a_rich_message_stays_when_the_other_has_its_part() -> None:
    part = make_content("part", 5)
    part = part._replace(part_hash=part.content_hash)
    whole = make_content("whole", 5, part_hash=part.content_hash)
    kept = merge_message(make_known(whole), make_known(part, last_seen=99))
    assert (kept.takes, kept.adds) == (False, ())
    taken = merge_message(make_known(part, last_seen=99), make_known(whole))
    assert (taken.takes, taken.keeps) == (True, False)


@pytest.mark.parametrize(("words", "revised"), [(b"same", False), (b"other", True)])
def test_what_telegram_showed_counts_more_than_an_export_whatever_the_times(words: bytes, revised: bool) -> None:
    captured = make_known(make_content("A", 1, words=b"same"))
    imported = make_known(
        make_content("B", 9, last_seen=500, layer=IMPORTED, words=words), origin="import", first_seen=5
    )
    merged = merge_message(captured, imported)
    assert (merged.takes, merged.adds) == (False, (CURRENT,) if revised else ())
    assert (merged.origin, merged.first_seen, merged.last_seen) == ("history", 10, 20)
    turned = merge_message(imported, captured)
    assert (turned.takes, turned.keeps, turned.last_seen) == (True, revised, 20)


def test_a_deletion_that_both_noticed_is_one_within_the_tightest_bounds() -> None:
    ours = make_known(A, last_seen=10, absences=(Absence(40, "audit", 10, None),))
    theirs = make_known(A, last_seen=15, absences=(Absence(30, "update", 15, None),))
    merged = merge_message(ours, theirs)
    assert merged.absences == (Absence(30, "update", 15, None),)
    assert merged.last_seen == 15


def test_a_message_that_the_other_saw_later_has_returned() -> None:
    ours = make_known(A, last_seen=10, absences=(Absence(40, "audit", 10, None),))
    theirs = make_known(A, last_seen=50)
    assert merge_message(ours, theirs).absences == (Absence(40, "audit", 10, 50),)
    assert merge_message(ours, theirs).absence is None


def test_an_answer_without_the_message_proves_it_gone_only_if_it_came_later() -> None:
    assert take_message(make_known(A), [Notice(30, "audit")]).absences == (Absence(30, "audit", 20, None),)
    assert take_message(make_known(A), [Notice(15, "audit")]).absences == ()


def test_of_two_exports_that_with_the_later_content_says_when_it_was_last_there() -> None:
    earlier = make_known(make_content("A", 1, last_seen=90, layer=IMPORTED, words=b"A"))
    later = make_known(make_content("B", 2, last_seen=20, layer=IMPORTED, words=b"B"))
    assert merge_message(earlier, later).last_seen == merge_message(later, earlier).last_seen == 20


def test_when_an_export_was_made_is_no_sighting_of_a_captured_post() -> None:
    captured = make_known(make_content("A", last_seen=15), last_seen=15)
    claimed = make_known(make_content("A", layer=IMPORTED), absences=(Absence(30, "audit", 20, None),))
    assert merge_message(captured, claimed).absences == (Absence(30, "audit", 15, None),)
    assert merge_message(claimed, captured).last_seen == 15


def test_a_post_that_only_an_import_has_was_last_seen_when_its_export_was_made() -> None:
    claimed = make_known(make_content("A", layer=IMPORTED))
    assert take_message(claimed, [Notice(30, "audit")]).absences == (Absence(30, "audit", 20, None),)


TIMES = st.integers(1, 12)


@st.composite
def known_messages(draw: st.DrawFn) -> KnownMessage:
    """What one archive may know: sightings and absences in turn, contents among few."""
    moments = sorted(draw(st.sets(TIMES, min_size=1, max_size=7)))
    absences: list[Absence] = []
    for at, (seen, gone, back) in enumerate(zip(moments[::2], moments[1::2], [*moments[2::2], None], strict=False)):
        ended = back if at + 1 < len(moments) // 2 or draw(st.booleans()) else None
        absences.append(Absence(gone, draw(st.sampled_from(["audit", "update"])), seen, ended))
    is_gone = bool(absences) and absences[-1].returned_at is None
    last = absences[-1].last_seen if is_gone else moments[-1]
    if not is_gone and absences and absences[-1].noticed_at == moments[-1]:
        last = moments[-1] + 1
        absences[-1] = absences[-1]._replace(returned_at=last)
    names = draw(st.lists(st.sampled_from("ABC"), min_size=1, max_size=4))
    contents = [make_content(name, ord(name), began=moments[0], last_seen=last) for name in names]
    pts = draw(st.none() | st.integers(1, 3))
    return make_known(
        contents[-1], *contents[:-1], first_seen=moments[0], last_seen=last, seen_pts=pts, absences=tuple(absences)
    )


def apply(ours: KnownMessage, theirs: KnownMessage) -> KnownMessage:
    """The message after it was merged."""
    merged = merge_message(ours, theirs)
    earlier = [*ours.earlier, *([ours.current] if merged.keeps else [])]
    earlier += [theirs.current if place == CURRENT else theirs.earlier[place] for place in merged.adds]
    current = theirs.current if merged.takes else ours.current
    return KnownMessage(
        current=current._replace(last_seen=merged.last_seen),
        earlier=tuple(earlier),
        first_seen=merged.first_seen,
        origin=merged.origin,
        last_seen=merged.last_seen,
        seen_pts=merged.seen_pts,
        absences=merged.absences,
    )


@given(known_messages(), known_messages())
def test_either_merge_gives_the_same_and_again_changes_nothing(one: KnownMessage, other: KnownMessage) -> None:
    here, there = apply(one, other), apply(other, one)
    for name in ("first_seen", "origin", "last_seen", "absences"):
        assert getattr(here, name) == getattr(there, name)
    assert here.current.content_hash == there.current.content_hash
    assert {kept.content_hash for kept in here.earlier} == {kept.content_hash for kept in there.earlier}
    assert apply(here, other) == here
    for before, after in zip(here.absences, here.absences[1:], strict=False):
        assert before.returned_at is not None
        assert before.noticed_at <= before.returned_at <= after.noticed_at
        assert before.noticed_at < after.noticed_at


@given(known_messages())
def test_what_one_archive_says_of_absences_stays_as_it_is(one: KnownMessage) -> None:
    assert unite_absences((one,)) == (one.absences, one.last_seen)


OURS = SyncState(5, [(1, 100)], 1000)


@pytest.mark.parametrize(
    ("ours", "theirs", "whole", "taken"),
    [
        pytest.param(OURS, SyncState(9, [(1, 200)], 2000), False, TakenState(proves=False), id="not whole"),
        pytest.param(OURS, SyncState(None, [], None), True, TakenState(proves=True), id="they lost track"),
        pytest.param(OURS, SyncState(4, [(1, 200)], 2000), True, TakenState(proves=True), id="theirs is older"),
        pytest.param(
            OURS, SyncState(9, [(50, 200)], 2000), True, TakenState(proves=True, current=True), id="they know less"
        ),
        pytest.param(
            OURS,
            SyncState(9, [(1, 200)], 2000),
            True,
            TakenState(proves=True, current=True, pts=9, synced_at=2000),
            id="they know more",
        ),
        pytest.param(
            SyncState(None, [], None),
            SyncState(9, [(1, 200)], 2000),
            True,
            TakenState(proves=True, current=True, pts=9, synced_at=2000),
            id="we know nothing",
        ),
        pytest.param(OURS, OURS, True, TakenState(proves=True, current=True), id="the same"),
    ],
)
def test_no_more_is_claimed_than_both_know(ours: SyncState, theirs: SyncState, whole: bool, taken: TakenState) -> None:
    assert take_state(ours, theirs, whole=whole) == taken


def test_counters_of_both_are_one_series_and_ours_stay() -> None:
    ours = CounterSeries(10, (50, None, None, None), [(10, 1, None, None, None), (40, 50, None, None, None)])
    theirs = CounterSeries(20, (30, None, None, None))
    assert unite_counters(ours, theirs) == [(20, 30, None, None, None)]
    assert unite_counters(theirs, ours) == [
        (10, 1, None, None, None),
        (20, 30, None, None, None),
        (40, 50, None, None, None),
    ]


def test_counters_that_never_changed_have_no_rows() -> None:
    same = CounterSeries(10, (5, None, None, None))
    assert unite_counters(same, same._replace(first_seen=30)) == []


def describe(at: int, title: str, about: str | None = None) -> DescribedAt:
    return DescribedAt(at, "name", "[]", title, about, None, "[]", None)


def test_descriptions_are_united_in_time_and_repeat_nothing() -> None:
    ours = [describe(10, "A", "words"), describe(40, "C", "words")]
    theirs = [describe(5, "A", "words"), describe(20, "B"), describe(30, "B")]
    assert unite_descriptions(ours, theirs) == [
        describe(5, "A", "words"),
        describe(20, "B", "words"),
        describe(40, "C", "words"),
    ]
    assert unite_descriptions(ours, ours) == ours
