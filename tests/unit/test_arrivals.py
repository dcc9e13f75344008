"""Each event once: whatever the order of the times and of the commits, and wherever somebody looked between them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.reading import arrivals
from archiver.reading.arrivals import LAG, Arrivals
from archiver.store.messages.arrivals import Arrival, find_row_before
from tests.tiers import examples

NOW = 1_700_000_000
TABLES = """
    CREATE TABLE message (channel_id, message_id, first_seen, import_id, origin, PRIMARY KEY (channel_id, message_id));
    CREATE TABLE revision (channel_id, message_id, revision, replaced_at, layer);
    CREATE TABLE absence (channel_id, message_id, noticed_at, returned_at);
"""
COMMIT = st.tuples(
    st.integers(0, 400),  # seconds after the commit before
    st.integers(0, LAG - 1) | st.just(0),  # how much earlier its events were noticed
    st.lists(st.sampled_from(("new", "edited", "deleted", "returned", "imported")), max_size=5),
    st.booleans(),  # whether somebody looks after it
)


class Archive:
    """What the events are read from, and all that happened."""

    def __init__(self) -> None:
        self.conn = sqlite3.connect(":memory:")
        self.conn.executescript(TABLES)
        self.events: list[tuple[str, int, int]] = []
        self._number = 0

    def close(self) -> None:
        self.conn.close()

    def commit(self, kinds: list[str], at: int) -> None:
        for kind in kinds:
            self._number += 1
            number = self._number
            if kind == "imported":  # from another archive, which saw it long ago: no news
                self.conn.execute("INSERT INTO message VALUES (1, ?, ?, 1, 'history')", (number, at - 10**7))
                continue
            self.events.append((kind, at, number))
            if kind == "new":
                self.conn.execute("INSERT INTO message VALUES (1, ?, ?, NULL, 'history')", (number, at))
            elif kind == "edited":
                self.conn.execute("INSERT INTO revision VALUES (1, ?, 1, ?, 201)", (number, at))
            else:
                gone = (number, -1, at) if kind == "returned" else (number, at, None)
                self.conn.execute("INSERT INTO absence VALUES (1, ?, ?, ?)", gone)


@pytest.fixture
def archive() -> Iterator[Archive]:
    with closing(Archive()) as made:
        yield made


def told(found: list[Arrival]) -> list[tuple[str, int, int]]:
    return [(one.event, one.at, one.message_id) for one in found]


def drain(follower: Arrivals, archive: Archive, now: int) -> list[tuple[str, int, int]]:
    found = []
    while new := follower.read_next(archive.conn, now=now):  # type: ignore[arg-type]
        found += told(new)
    return found


@settings(max_examples=examples(200), deadline=None)
@given(
    before=st.lists(COMMIT, max_size=8), after=st.lists(COMMIT, max_size=20), chunk=st.integers(1, 4), data=st.data()
)
def test_each_event_comes_once_however_late_it_is_committed(
    before: list[Any], after: list[Any], chunk: int, data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patch, closing(Archive()) as archive:
        patch.setattr(arrivals, "CHUNK", chunk)
        now = NOW
        for pause, lag, kinds, _ in before:
            now += pause
            archive.commit(kinds, now - lag)
        known = len(archive.events)
        since = data.draw(st.none() | st.integers(NOW - LAG, now + 10))
        follower = Arrivals(archive.conn, now=now, since=since)  # type: ignore[arg-type]
        found: list[tuple[str, int, int]] = []
        for pause, lag, kinds, looks in after:
            now += pause
            archive.commit(kinds, now - lag)
            if looks:
                found += drain(follower, archive, now)
        found += drain(follower, archive, now)
    wanted = archive.events[known:] if since is None else [one for one in archive.events if one[1] >= since]
    assert sorted(found) == sorted(wanted)


def test_what_is_remembered_is_forgotten_when_nothing_can_add_to_it(archive: Archive) -> None:
    follower = Arrivals(archive.conn, now=NOW)  # type: ignore[arg-type]
    for minute in range(1, 500):
        now = NOW + 60 * minute
        archive.commit(["edited"], now)
        assert len(drain(follower, archive, now)) == 1
    assert len(follower._seen) <= LAG // 60 + 1


def test_messages_first_seen_since_a_time_are_after_the_row(archive: Archive) -> None:
    for at in (10, 20, 20, 30, 40):
        archive.commit(["new"], at)
    assert [find_row_before(archive.conn, since) for since in (0, 15, 20, 35, 50)] == [0, 1, 1, 4, 5]
