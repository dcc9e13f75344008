from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.reading.word_diff import MARKS, DiffPiece, cut_words, diff, excerpt, mark

CLUSTERS = (
    "a",
    "b",
    "1",
    " ",
    "\n",
    "\r\n",
    ".",
    "👩‍👩‍👧",
    "👍🏽",
    "🇩🇪",
    "🇫🇷",
    "1️⃣",
    "é",
    "e\u0301",
    "كَ",
    "تُّ",
    "می‌",
    "字",
    "ก็",
    "ก่ำ",
    "\u0301",
)
TEXTS = st.lists(st.sampled_from(CLUSTERS), max_size=30).map("".join) | st.text(max_size=40)


def put_together(pieces: list[DiffPiece], without: str) -> str:
    return "".join(text for op, text in pieces if op != without)


@given(TEXTS, TEXTS)
def test_pieces_give_back_both_texts_exactly(old: str, new: str) -> None:
    pieces = diff(old, new)
    assert put_together(pieces, "insert") == old
    assert put_together(pieces, "delete") == new
    assert all(piece.text for piece in pieces)
    if old == new:
        assert pieces == ([DiffPiece("equal", old)] if old else [])


@given(TEXTS)
def test_words_are_the_text(text: str) -> None:
    words = cut_words(text)
    assert "".join(words) == text
    assert all(words)


@given(st.lists(st.sampled_from(CLUSTERS[:-1]), max_size=20), st.lists(st.sampled_from(CLUSTERS[:-1]), max_size=20))
def test_no_cluster_is_ever_cut(old: list[str], new: list[str]) -> None:
    for clusters, left_out in ((old, "insert"), (new, "delete")):
        text = "".join(clusters)
        ends = {sum(map(len, clusters[:at])) for at in range(len(clusters) + 1)}
        at = 0
        for op, piece in diff("".join(old), "".join(new)):
            if op != left_out:
                at += len(piece)
                assert at in ends, (text, at)


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("report 2 of the harbour", "report 2 of the lighthouse", "report 2 of the [-harbour-]{+lighthouse+}"),
        ("the old bridge is open", "the new road is open", "the [-old bridge-]{+new road+} is open"),
        ("10,000 people at 12:30", "12,000 people at 12:45", "[-10,000-]{+12,000+} people at [-12:30-]{+12:45+}"),
        ("don't go", "won't go", "[-don't-]{+won't+} go"),
        ("see t.me/a/1", "see t.me/a/2", "see t.me/a/[-1-]{+2+}"),
        ("one", "one two", "one{+ two+}"),
        ("", "new", "{+new+}"),
        ("gone", "", "[-gone-]"),
        ("桥梁已关闭", "桥梁已开放", "桥梁已[-关闭-]{+开放+}"),
        ("كتَبَ الوَلد", "كتب الوَلد", "[-كتَبَ-]{+كتب+} الوَلد"),
        ("👩‍👩‍👧 here", "👩‍👩‍👦 here", "[-👩‍👩‍👧-]{+👩‍👩‍👦+} here"),
        ("می‌خواهم", "می‌خواهند", "[-می‌خواهم-]{+می‌خواهند+}"),
        ("a\nb", "a\nc", "a\n[-b-]{+c+}"),
    ],
)
def test_what_changed_is_marked_by_the_word(old: str, new: str, marked: str) -> None:
    assert mark(diff(old, new)) == marked


def test_marks_stay_outside_of_what_is_made_safe() -> None:
    assert mark(diff("a\x1b", "b\x1b"), safe=lambda text: text.replace("\x1b", "␛")) == "[-a-]{+b+}␛"


def test_excerpt_shows_the_change_and_a_little_around_it() -> None:
    long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    pieces = diff(f"{long} old {long}", f"{long} new {long}")
    assert mark(excerpt(pieces, around=2)) == "… fourteen fifteen [-old-]{+new+} one two …"
    assert mark(excerpt(diff("", long), within=3)) == "{+one two three …+}"
    many = diff(f"a {long} a {long} a {long} a", f"b {long} b {long} b {long} b")
    assert mark(excerpt(many, around=1, changes=2)) == "[-a-]{+b+} one … fifteen [-a-]{+b+} one …"
    assert excerpt(diff("same", "new"), around=2) == diff("same", "new")


@given(TEXTS, TEXTS)
def test_excerpt_never_shows_what_was_not_there(old: str, new: str) -> None:
    for op, text in excerpt(diff(old, new)):
        assert op in MARKS
        for part in text.split("…"):
            assert part.strip() in (new if op == "insert" else old)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a " * 2048, "b " * 1024 + "a " * 1024),
        ("".join(f"x y{n} " for n in range(700)), "".join(f"x z{n} " for n in range(700))),
        ("字" * 4096, "字" * 2000 + "宇" * 2096),
        ("🇩🇪" * 1024, "🇩🇪" * 1023),
    ],
)
def test_the_longest_texts_take_no_time(old: str, new: str) -> None:
    began = time.process_time()
    diff(old, new)
    assert time.process_time() - began < 5
