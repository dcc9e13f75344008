"""Parts of `telekeep verify` by themselves: names, absences, coverage, words of the index."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson
import pytest
from telethon.tl import types

from archiver.evidence.contents import compare_revision
from archiver.evidence.custody import check_coverage, check_top
from archiver.evidence.findable import is_made_of, text_terms
from archiver.evidence.names import StoredNames
from archiver.evidence.placed_terms import PlacedTerms
from archiver.evidence.task_result import VerifyTask
from archiver.evidence.times import check_absences, check_chain, check_logged
from archiver.evidence.work import Worker
from archiver.store.verify import index_check, search_rows
from archiver.store.verify.checked import AFTER, MEDIA_NAMES
from archiver.store.verify.custody import ChannelLog
from archiver.store.verify.search_rows import PLACE_BITS
from search.exact.fts5_pages import SEGMENT_BITS
from tests.sample import make_message, photo
from tests.unit.search_tables import tables

USER = types.PeerUser(5)


class Full:
    """A connection of a process without memory; SQLite raises the same."""

    in_transaction = False

    def execute(self, query: str, *_: object) -> None:
        if query != "BEGIN":
            raise MemoryError


def test_a_check_for_which_memory_ran_out_says_so_and_not_that_the_archive_is_damaged() -> None:
    [fault] = Worker(Full()).do(VerifyTask("words")).faults
    assert "memory ran out" in fault.wrong


def test_stored_names_belong_to_their_peers_only() -> None:
    sender = orjson.dumps({"type": "user", "id": 5, "name": "Nadia", "username": None}).decode()
    header = orjson.dumps({"from_id": {"type": "channel", "id": 9}, "name": "Desk", "username": "desk"}).decode()
    names = StoredNames(None, header, sender)
    assert names.sender(USER) == sender
    assert names.names(types.PeerChannel(9)) == ("Desk", "desk")
    assert names.names(types.PeerUser(6)) == names.names(types.PeerChat(9)) == (None, None)


@pytest.mark.parametrize("text", ["", "[", "7", "[]", '{"type":"user","id":5,"name":7,"username":[]}', b"x", 3.5])
def test_garbled_names_are_none(text: Any) -> None:
    assert StoredNames(text).names(USER) == (None, None)


CHANNEL = {"generation": 2, "top_id": 50, "window_start": None, "floor_id": None}


def answer(lo: int | None, hi: int | None, generation: int = 2) -> dict[str, Any]:
    return {"lo": lo, "hi": hi, "generation": generation, "method": "history"}


@pytest.mark.parametrize(
    ("covered", "wrong"),
    [
        ([(0, 1, 30), (2, 10, 50)], None),
        ([(1, 1, 20), (1, 25, 30), (2, 10, 50)], "earlier generations"),
        ([(0, 1, 30), (2, 10, 49)], "does not match the capture log"),
        ([(0, 1, 30), (2, 10, 51)], "is not a range of its ids"),
        ([(0, 1, 30), (2, 10, 30), (2, 31, 50)], "touches another"),
        ([(0, 1, 30), (2, 10, 50), (3, 1, 5)], "has not begun"),
        ([(2, 10, 50)], "earlier generations"),
    ],
)
def test_coverage_is_what_answers_proved(covered: list[tuple[int, int, int]], wrong: str | None) -> None:
    log = [answer(1, 20, 1), answer(21, 30, 1), answer(30, 50), answer(10, 29), answer(None, None)]
    found = list(check_coverage(CHANNEL, covered, log))
    assert (found == []) if wrong is None else any(wrong in one for one in found)


def test_a_newest_id_outside_of_the_window_needs_no_answer() -> None:
    assert list(check_top(CHANNEL, [answer(1, 40)], highest=40)) != []
    assert list(check_top(CHANNEL, [answer(1, 50)], highest=50)) == []
    assert list(check_top(CHANNEL, [answer(1, 40), answer(None, None)], highest=40)) == []
    assert list(check_top(CHANNEL | {"window_start": 5}, [answer(1, 40)], highest=40)) == []


def after(since: int | None, how: str | None) -> tuple[Any, ...]:
    return tuple({"missing_since": since, "missing_how": how}.get(name) for name in AFTER)


@pytest.mark.parametrize(
    ("since", "how", "absences", "sound"),
    [
        (None, None, [], True),
        (None, None, [(5, "audit", 1, 9)], True),
        (None, None, [(5, "audit", 1, None)], False),
        (5, "audit", [(5, "audit", 1, None)], True),
        (5, "update", [(5, "audit", 1, None)], False),
        (5, "audit", [], False),
        (5, None, [(5, "audit", 1, None)], False),
        (5, "audit", [(4, "audit", 1, None)], False),
        (5, "update", [(5, "audit", 1, 5)], True),  # back and gone again within a second
        (5, "audit", [(3, "audit", 1, None), (5, "audit", 1, None)], False),
    ],
)
def test_a_message_is_missing_exactly_while_an_absence_is_open(
    since: int | None, how: str | None, absences: list[Any], sound: bool
) -> None:
    assert (list(check_absences(after(since, how), absences)) == []) is sound


def test_an_absence_that_an_update_told_is_of_an_answer_in_the_log() -> None:
    log = ChannelLog(answers={5: {"difference"}, 6: {"audit"}})
    assert list(check_logged(log, [(5, "update", 6, None)], [], 5, 6)) == []
    assert list(check_logged(log, [(6, "update", 6, None)], [], 5, 6)) != []
    assert list(check_logged(log, [(9, "audit", 6, None)], [], 5, 6)) == []  # it was asked for by its id


@pytest.mark.parametrize(
    ("times", "sound"),
    [
        ([(1, 2, 3), (3, 4, 5), (5, 5, 6)], True),
        ([(1, 2, 3), (4, 4, 4), (3, 4, 5)], True),  # the second came late
        ([(1, 2, 3), (7, 7, 7), (7, 8, 9)], True),  # as early versions wrote it
        ([(1, 2, 3), (2, 4, 5)], False),
        ([(2, 2, 3)], False),
        ([(1, 1, 1), (1, 2, 3)], True),  # two edits within the second in which it was first seen
    ],
)
def test_earlier_contents_follow_one_another(times: list[tuple[int, int, int]], sound: bool) -> None:
    names = ("first_seen", "last_seen", "replaced_at")
    revisions = [{"revision": number, **dict(zip(names, one, strict=True))} for number, one in enumerate(times, 1)]
    assert (list(check_chain(1, revisions)) == []) is sound


def test_words_of_the_index_are_those_of_a_line_whatever_spaces_it_has() -> None:
    line = "channel:1 from:desk  bridge   opens :: video mp4"
    terms = ["channel:1", "from:desk", "bridge", "opens", "::", "video", "mp4"]
    assert is_made_of(terms, line)
    assert not is_made_of([*terms, "more"], line)
    assert not is_made_of(["channel:1", "from:desk", "opens", "bridge", *terms[4:]], line)
    assert text_terms(terms) == terms[2:]
    assert is_made_of(["x" * 32_768], "x" * 40_000)


def test_places_of_words_have_no_holes() -> None:
    places = {"a": [(7, 1), (8, 0), (9, 0)], "b": [(7, 0), (8, 2), (9, 0), (7, 2)], "c": [(8, 1)]}
    placed = PlacedTerms((term, [doc << PLACE_BITS | at for doc, at in each]) for term, each in places.items())
    assert placed.docids == {7, 8, 9}
    assert [placed.take_terms(docid) for docid in (6, 7, 8, 9)] == [[], ["b", "a", "b"], ["a", "c", "b"], None]


def test_places_are_told_whatever_the_number_of_the_document() -> None:
    """An hour with more than four thousand messages has numbers beyond 32 bits, a second of them some of 52."""
    docids = [7, (1 << 32) - 1, 1 << 32, (1 << 32) + 7, (1 << 52) - 1]
    with tables() as conn:
        for docid in docids:
            conn.execute("INSERT INTO search_text (rowid, line) VALUES (?, ?)", (docid, f"bridge {docid} bridge"))
        placed = PlacedTerms(search_rows.iter_terms(conn, search_rows.Docids(0, 1 << 62)))
    assert placed.docids == set(docids)
    assert [placed.take_terms(docid) for docid in docids] == [["bridge", str(docid), "bridge"] for docid in docids]


def test_an_index_in_the_middle_of_a_merge_is_whole() -> None:
    with tables() as conn:
        conn.execute("INSERT INTO search_text (search_text, rank) VALUES ('automerge', 0)")
        for segment in range(4):
            conn.execute("BEGIN")
            for row in range(60):
                line = " ".join(f"word{row:03}{number:03}{segment}" for number in range(60))
                conn.execute("INSERT INTO search_text (rowid, line) VALUES (?, ?)", (segment * 100 + row + 1, line))
            conn.execute("COMMIT")
        half = 0
        for _ in range(60):
            conn.execute("INSERT INTO search_text (search_text, rank) VALUES ('merge', -3)")
            assert index_check.check_index(conn)
            assert index_check.check_pages(conn)
            half += read_first_page(conn) > 1
        assert half > 5, "no merge was seen in its middle"


def read_first_page(conn: sqlite3.Connection) -> int:
    """The highest number of a page that is the first of its segment."""
    firsts: dict[int, int] = {}
    for (number,) in conn.execute("SELECT id FROM search_text_data WHERE id >= ? ORDER BY id", (1 << SEGMENT_BITS,)):
        firsts.setdefault(number >> SEGMENT_BITS, number & (1 << 31) - 1)
    return max(firsts.values())


POLL = photo(
    kind="poll",
    title="Which?",
    search_text="this\nthat",
    extra='{"answers":[{"text":"this","voters":3},{"text":"that"}],"total_voters":3}',
)


def revised(**changes: Any) -> dict[str, Any]:
    """A revision of a poll, as it is kept, with other values in its media."""
    row = dict.fromkeys(("edit_date", "text", "entities", "markup", "extra", "content_hash", "layer"))
    kept = {name: getattr(POLL, name) for name in MEDIA_NAMES if name != "slot"}
    slot = {**kept, "extra": orjson.loads(POLL.extra or ""), **changes}
    media = orjson.dumps([{name: value for name, value in slot.items() if value is not ...}]).decode()
    return {**row, "text": "", "content_hash": RECORD.content_hash, "layer": 229, "media": media}


RECORD = make_message(1, media=(POLL,))
WRONG = ["media does not match its payload"]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        # An earlier version kept neither.
        ({"extra": ..., "search_text": ...}, []),
        ({"extra": {"answers": [{"text": "this", "voters": 3}, {"text": "those"}], "total_voters": 3}}, WRONG),
        ({"extra": None}, WRONG),
        ({"search_text": "this"}, WRONG),
        ({"title": "When?"}, WRONG),
        # Votes that only an earlier copy had are marked as kept.
        ({"extra": {"answers": [{"text": "this", "voters": 9}, {"text": "that"}], "total_voters": 9,
                    "kept": {"answers": "2026-01-01T00:00:00Z", "total_voters": "2026-01-01T00:00:00Z"}}}, []),
    ],
)  # fmt: skip
def test_a_changed_detail_of_an_earlier_attachment_is_found(changes: dict[str, Any], wrong: list[str]) -> None:
    assert list(compare_revision(RECORD, revised(**changes))) == wrong


@pytest.mark.parametrize("rows", [0, 1, 300, 5_000])
def test_a_sample_of_search_rows_is_spread_out_and_large_enough(rows: int) -> None:
    with tables() as conn:
        places = [one * 8192 + at for one in range(500) for at in range(rows // 500 + 1)][:rows]
        conn.executemany(
            "INSERT INTO search_document (docid, channel, message_id, date, views, forwards, flags, fingerprint)"
            " VALUES (?, 1, ?, 0, NULL, NULL, 0, 0)",
            [(place, number) for number, place in enumerate(places, 1)],
        )
        found = [row.docid for row in search_rows.list_rows(conn, search_rows.sample_blocks(conn, 100))]
    assert min(rows, 100) <= len(found) <= max(300, rows // 4)
    assert rows < 5_000 or {docid // (125 * 8192) for docid in found} == set(range(4))
