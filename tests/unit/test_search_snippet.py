"""Snippets are bounded, contain the matches, and never split a grapheme cluster."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from search.query.filters import Context
from search.query.parse import parse
from search.show.highlight import highlight
from search.show.snippet import Snippet, snippet, snippets
from search.text.graphemes import MAX_MARKS
from tests.unit.test_search_graphemes import cluster_boundaries
from tests.unit.test_search_highlight import QUERIES, TEXTS

CONTEXT = Context(now=datetime(2024, 5, 20, tzinfo=UTC))
LONG = TEXTS | st.lists(TEXTS, min_size=2, max_size=6).map(" word ".join)


def spans_of(query: str, text: str) -> list[tuple[int, int]]:
    return highlight(parse(query, CONTEXT), text)


def shown(query: str, text: str, width: int) -> list[list[str]]:
    return [[one.text[a:b] for a, b in one.spans] for one in snippets(text, spans_of(query, text), width)]


@example("👩", "convoy👩\u200d👩\u200d👧", 4)
@given(QUERIES, LONG, st.integers(1, 60))
def test_pieces_are_of_the_text_bounded_and_show_a_match(query: str, text: str, width: int) -> None:
    spans = spans_of(query, text)
    for pieces in ([snippet(text, spans, width)], snippets(text, spans, width)):
        assert sum(len(piece.text) for piece in pieces) <= max(width + 48, 3 * (MAX_MARKS + 1))
        assert any(piece.spans for piece in pieces) == bool(spans)
        for piece in pieces:
            assert piece.text in text
            assert all(0 <= a < b <= len(piece.text) for a, b in piece.spans)
            assert all(a[1] <= b[0] for a, b in pairwise(piece.spans))
    if len(text) <= width:
        assert pieces == [Snippet(text, tuple(spans), cut_before=False, cut_after=False)]


@given(LONG, st.integers(0, 200), st.integers(1, 60))
def test_a_piece_begins_and_ends_between_letters(text: str, at: int, width: int) -> None:
    """With a match that stands nowhere twice, so that the place of the piece is known."""
    text = f"{text[:at]} \ue000 {text[at:]}"
    match = text.index("\ue000")
    cuts = cluster_boundaries(text)
    for piece in snippets(text, [(match, match + 1)], width):
        start = match - piece.spans[0][0]
        assert text[start : start + len(piece.text)] == piece.text
        assert len(piece.text) <= max(width, MAX_MARKS + 1)
        if max(b - a for a, b in pairwise(sorted(cuts))) <= MAX_MARKS:
            assert {start, start + len(piece.text)} <= cuts
        assert piece.cut_before == (start > 0)
        assert piece.cut_after == (start + len(piece.text) < len(text))


def test_a_snippet_shows_the_match() -> None:
    text = "word " * 100 + "the convoy went by " + "word " * 100
    piece = snippet(text, spans_of("convoy", text), 60)
    assert [piece.text[a:b] for a, b in piece.spans] == ["convoy"]
    assert (piece.cut_before, piece.cut_after) == (True, True)
    assert len(piece.text) <= 60
    assert piece.text.startswith("word")


def test_a_snippet_prefers_where_most_matches_are() -> None:
    text = "a1 " + "x " * 100 + "a1 b2 a1 b2" + " x" * 100
    assert len(snippet(text, spans_of("a1 OR b2", text), 40).spans) == 4


def test_matches_that_are_far_apart_each_get_a_piece() -> None:
    text = "convoy " * 3 + "x " * 200 + "bridge " + "y " * 200 + "мост " + "z " * 200
    assert shown("convoy OR bridge OR мост", text, 120) == [["convoy"] * 3, ["bridge"], ["мост"]]
    assert sum(len(piece.text) for piece in snippets(text, spans_of("convoy OR bridge OR мост", text), 120)) <= 120


def test_a_word_that_was_not_shown_yet_comes_before_one_that_was() -> None:
    text = ("convoy convoy " + "x " * 100) * 8 + "bridge " + "y " * 100
    assert ["bridge"] in shown("convoy OR bridge", text, 120)


def test_matches_near_each_other_are_in_one_piece() -> None:
    text = "x " * 100 + "convoy on the bridge" + " y" * 100
    assert shown("convoy OR bridge", text, 120) == [["convoy", "bridge"]]


def test_a_text_of_thousands_of_matches_is_answered() -> None:
    text = "ab " * 4_000
    assert sum(len(piece.text) for piece in snippets(text, spans_of("ab", text), 480)) <= 480


def test_an_emoji_sequence_is_never_cut_inside() -> None:
    text = "👩‍👩‍👧" * 20
    for width in range(1, 60):
        piece = snippet(text, [], width)
        assert len(piece.text) % 5 == 0, width
        assert piece.text
