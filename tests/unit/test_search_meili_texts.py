"""A text is folded piece by piece for the index, as it is folded as a whole for everything else."""

from __future__ import annotations

import sys

from hypothesis import example, given
from hypothesis import strategies as st

from search.meili.words import encode_line, encode_text
from search.text.normalize import fold, index_text

WORDS = (
    *("don't", "об'єкт", 'צה"ל', "e\u0301", "\u0301", "国际法院"),
    *("ｆｕｌｌ", "الـجسر", "می\u200cدانست", "👩\u200d👧", "ﬁ", "\u0f73"),
)
PIECES = st.one_of(st.text(max_size=12), st.sampled_from(WORDS))
SPACES = st.sampled_from([" ", "\n", "  ", "\u00a0", "\u3000", "\u2028", "\t", "\x1c"])


@given(st.lists(st.tuples(PIECES, SPACES)))
@example([("don't", " "), ("об'єкт", " ")])
@example([("a", " "), ("\u0301b", " ")])
@example([("می", " "), ("روم", " "), ("کتاب", " "), ("های", " ")])
def test_pieces_between_spaces_fold_as_the_whole_does(parts: list[tuple[str, str]]) -> None:
    text = "".join(piece + space for piece, space in parts)
    forms: set[str] = set()
    assert encode_text(text, forms, "fr") == encode_line(index_text(text))
    alone: set[str] = set()
    for term in index_text(text).split():
        encode_text(term, alone, "fr")
    assert forms == alone


def test_whatever_counts_as_a_space_folds_to_one() -> None:
    for char in map(chr, range(sys.maxunicode + 1)):
        if char.isspace():
            assert fold(f"a{char}b").split() == ["a", "b"]
