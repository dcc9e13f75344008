"""Shares of the stored files: as large as asked for, and in turn all of them, whatever their sizes and ages."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from archiver.store.media.blob_check import list_due, note_checked, sum_blobs

_TABLE = "CREATE TABLE blob (sha256 TEXT PRIMARY KEY, size INTEGER, stored_at INTEGER, verified_at INTEGER, state TEXT)"
NOW = 4
BLOBS = st.lists(
    st.tuples(
        st.integers(0, 50) | st.integers(1_000, 5_000),
        st.integers(1, NOW),
        st.none() | st.integers(1, NOW - 1),
        st.sampled_from(["present", "present", "offloaded"]),
    ),
    max_size=30,
)


@given(BLOBS, st.sampled_from([0.01, 0.05, 0.3, 0.5, 1.0]))
def test_every_file_comes_up_within_as_many_runs_as_there_are_shares(
    blobs: list[tuple[int, int, int | None, str]], share: float
) -> None:
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.execute(_TABLE)
        conn.executemany(
            "INSERT INTO blob VALUES (?, ?, ?, ?, ?)", [(f"{at:064}", *one) for at, one in enumerate(blobs)]
        )
        wanted = {f"{at:064}" for at, one in enumerate(blobs) if one[3] != "offloaded"}
        whole = sum_blobs(conn)
        assert (whole.files, whole.size) == (len(wanted), sum(one[1] for one in list_due(conn, 1.0)))
        seen: set[str] = set()
        for _ in range(math.ceil(1 / share)):
            due = list_due(conn, share)
            assert sum(one.size for one in due) >= math.floor(whole.size * share)
            assert sum(one.size for one in due[:-1]) <= whole.size * share
            seen |= {one.sha256 for one in due}
            note_checked(conn, [(one, one.state) for one in due], now=NOW)  # all within the same second
        assert seen == wanted
