"""Parts of rich messages against their wholes: the last lines of the table of `archiver.model.reconcile`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from archiver.model.reconcile import Changes, find_overtaken, reconcile
from archiver.model.record import Held, Message


def shown(content: str, edit: int = 0, *, head: str | None = None, views: int = 1) -> Message:
    """A sight of message 1. `head`: what the part of it that is shown begins with; None: the whole is shown."""
    words = content if head is None else f"part of {head}"
    return Message(
        channel_id=1,
        message_id=1,
        kind="message",
        date=datetime.fromtimestamp(1_000, UTC),
        edit_date=datetime.fromtimestamp(1_000 + edit, UTC) if edit else None,
        partial=head is not None,
        views=views,
        content_hash=sha256(words.encode()).digest(),
        payload_sha256=sha256(f"{words} {edit} {views}".encode()).digest(),
        raw=b"",
        layer=1,
    )


def whole(content: str, edit: int = 0, *, views: int = 1) -> Message:
    return shown(content, edit, views=views)


def part(head: str, edit: int = 0, *, views: int = 1) -> Message:
    return shown("", edit, head=head, views=views)


class Archive:
    """What `archiver.mirror.apply` makes of the decisions, as far as one message is concerned."""

    def __init__(self, *sights: Message) -> None:
        self.content: Message | None = None
        self.part: Message | None = None
        self.open = False
        self.revisions: list[bytes] = []
        self.pts: int | None = None
        for sight in sights:
            self.see(sight)

    @property
    def held(self) -> dict[int, Held]:
        if self.content is None:
            return {}
        return {
            1: Held(
                message_id=1,
                date=1_000,
                edit_date=int(self.content.edit_date.timestamp()) if self.content.edit_date else None,
                content_hash=self.content.content_hash,
                payload_sha256=self.content.payload_sha256,
                missing_since=None,
                last_seen=0,
                counters=self.content.counters,
                part_hash=self.part.content_hash if self.part else None,
                part_sha256=self.part.payload_sha256 if self.part else None,
                wanted=self.part.moment if self.part and self.open else None,
                seen_pts=self.pts,
            )
        }

    def see(self, message: Message, pts: int | None = None) -> Changes:
        changes = reconcile([message], self.held, pts=pts)
        self.pts = pts or self.pts
        if changes.revise:
            assert self.content is not None
            self.revisions.append(self.content.content_hash)
        for written in (*changes.insert, *changes.update, *changes.revise):
            self.content = written
            if written.partial:
                self.part, self.open = written, True
        for seen in changes.kept:
            assert self.content is not None
            self.part = seen
            self.content = replace(self.content, views=seen.views)
            self.open = self.open or bool(changes.wanted)
        for seen in changes.whole:
            assert self.part is not None
            if self.part.moment < seen.moment:
                self.part, self.open = None, False
            elif self.part.moment == seen.moment:
                self.open = False
        return changes


def test_a_part_seen_first_is_inserted_and_completed_without_a_revision() -> None:
    archive = Archive(part("a", 5))
    assert archive.open
    changes = archive.see(whole("a and more", 5))
    assert ([m.moment for m in changes.completed], changes.revise, archive.open) == ([1_005], [], False)
    assert archive.content is not None
    assert archive.content.content_hash == whole("a and more").content_hash


def test_a_part_of_the_same_edit_never_replaces_its_whole_but_updates_counters() -> None:
    archive = Archive(part("a", 5), whole("a and more", 5))
    again = archive.see(part("a", 5))
    assert (len(again.seen), again.kept, again.update, again.revise, again.stale) == (1, [], [], [], [])
    changes = archive.see(part("a", 5, views=9))
    assert (len(changes.kept), len(changes.counted), changes.wanted, changes.update) == (1, 1, [], [])
    assert archive.content is not None
    assert (archive.content.views, archive.content.content_hash) == (9, whole("a and more").content_hash)
    assert (archive.open, archive.revisions) == (False, [])


def test_a_whole_stays_when_it_is_first_shown_in_part_later() -> None:
    archive = Archive(whole("a and more", 5))
    changes = archive.see(part("a", 5))
    assert (len(changes.kept), changes.wanted, archive.open, archive.revisions) == (1, [], False, [])


def test_a_part_of_a_later_edit_makes_the_old_whole_a_revision() -> None:
    archive = Archive(part("a", 5), whole("a and more", 5), part("b", 6))
    assert archive.revisions == [whole("a and more").content_hash]
    assert archive.open
    archive.see(whole("b and more", 6))
    assert (archive.revisions, archive.open) == ([whole("a and more").content_hash], False)


def test_a_later_date_on_the_same_beginning_makes_no_revision_until_the_whole_is_known() -> None:
    archive = Archive(part("a", 5), whole("a and more", 5))
    changes = archive.see(part("a", 6))
    assert (len(changes.kept), len(changes.wanted), changes.revise, archive.open) == (1, 1, [], True)
    noise = archive.see(whole("a and more", 6))
    assert (len(noise.update), noise.completed, archive.revisions, archive.open) == (1, [], [], False)
    archive.see(part("a", 7))
    archive.see(whole("a and another end", 7))
    assert (archive.revisions, archive.open) == ([whole("a and more").content_hash], False)


def test_the_answer_of_an_earlier_edit_does_not_close_a_later_part() -> None:
    archive = Archive(part("a", 5), whole("a and more", 5), part("a", 6))
    archive.see(whole("a and more", 5, views=3))
    assert archive.open
    late = Archive(part("b", 6))
    changes = late.see(whole("a and more", 5))
    assert (len(changes.stale), late.open) == (1, True)


def test_a_repeated_answer_closes_a_doubtful_part() -> None:
    archive = Archive(part("a", 5), whole("a and more", 5))
    changes = archive.see(part("another view of it", 5))
    assert (len(changes.wanted), changes.revise) == (1, [])
    archive.see(whole("a and more", 5))
    assert (archive.open, archive.revisions) == (False, [])


def test_a_whole_that_begins_like_the_part_completes_it_although_its_date_moved() -> None:
    archive = Archive(part("a", 5))
    assert len(reconcile([whole("a and more", 6)], archive.held, completes=True).completed) == 1
    assert len(reconcile([whole("a and more", 6)], archive.held).revise) == 1
    assert len(reconcile([whole("a and more", 4)], archive.held, completes=True).stale) == 1


def test_parts_of_one_second_that_arrive_after_the_last_whole_are_older() -> None:
    archive = Archive(part("b", 5), whole("b and more", 5))
    edits = [part(head, 5) for head in "ab"]
    overtaken = find_overtaken(edits, archive.held)
    assert overtaken == {0}
    changes = reconcile([edits[0]], archive.held, overtaken=True)
    assert (len(changes.stale), changes.wanted) == (1, [])


def test_a_part_of_a_newer_answer_counts_although_its_date_went_back() -> None:
    archive = Archive(part("a", 5), whole("a and more", 5))
    archive.pts = 10
    assert len(archive.see(part("a", 4, views=2), pts=9).seen) == 1
    changes = archive.see(part("a", 4, views=3), pts=11)
    assert (len(changes.wanted), archive.open, archive.revisions) == (1, True, [])
    archive.see(whole("a and less", 4))
    assert archive.content is not None
    assert (archive.content.content_hash, archive.open) == (whole("a and less").content_hash, False)
    archive.see(part("b", 3), pts=12)
    assert archive.open
    archive.see(whole("b and more", 3))
    assert (archive.content.content_hash, archive.open) == (whole("b and more").content_hash, False)


# Heads may be equal while the wholes differ, as when only the end is edited; every edit has a second of its own.
HEADS = "aabac"
SIGHTS = [sight for n, head in enumerate(HEADS) for sight in (part(head, n), whole(f"{head} and end {n}", n))]


@given(st.permutations(SIGHTS), st.lists(st.sampled_from(SIGHTS), max_size=8))
def test_any_order_of_parts_and_wholes_ends_with_the_whole_of_the_last_edit(
    order: list[Message], again: list[Message]
) -> None:
    archive = Archive(*order, *again)
    assert archive.content is not None
    assert archive.content.content_hash == SIGHTS[-1].content_hash
    assert not archive.open


@given(st.lists(st.sampled_from(SIGHTS), min_size=1, max_size=12), st.lists(st.sampled_from(SIGHTS), max_size=12))
def test_a_message_not_known_to_be_whole_stays_open_until_it_is_fetched(
    before: list[Message], after: list[Message]
) -> None:
    archive = Archive(*before)
    last = max(sight.moment for sight in before)
    newest = next(one for one in SIGHTS if not one.partial and one.moment == last)
    assert archive.content is not None
    if not archive.open:
        assert archive.content.content_hash == newest.content_hash
    archive.see(newest)
    assert (archive.open, archive.content.content_hash) == (False, newest.content_hash)
    revisions = len(archive.revisions)
    for sight in after:
        if sight.moment <= last:
            archive.see(sight)
    assert (archive.open, archive.content.content_hash) == (False, newest.content_hash)
    assert len(archive.revisions) == revisions


def test_an_earlier_observation_of_the_same_beginning_does_not_set_the_date_back() -> None:
    archive = Archive(part("a", 5), part("a", 4))
    archive.see(whole("a and what it said before", 4))
    assert archive.open
