"""A text lies in the index as its terms do, runs as single characters."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import example, given
from hypothesis import strategies as st

from search.exact.index_line import index_line, line_needle
from search.text.normalize import needle, tokens
from search.text.scripts import is_unspaced

SIGNS = "aZé ,.'´\"-_\n\u00a0\u2028\u200c\u200d\u0301ёґъ'ыeсіїيیکةمن می های 国际法日本語กขค한국어ﷺﬁ①½🔴🇺🇦٣۴"
TEXTS = st.text(st.sampled_from(SIGNS) | st.characters(), max_size=40)


def slow(text: str) -> Iterator[str]:
    """The terms of the whole text; a pair stands for its first character, and a single one ends its run."""
    ended = False
    for term in tokens(text):
        if ended and is_unspaced(term):
            yield ":"
        ended = is_unspaced(term) and len(term) == 1
        yield term[0] if is_unspaced(term) else term


@given(TEXTS)
@example("می روم و کتاب های من")
@example("国际 法, 国\n际a法")
@example("п´ять п'ять it´s")
def test_a_line_has_the_terms_of_the_text(text: str) -> None:
    assert index_line(text).split() == list(slow(text))


@given(TEXTS, st.integers(0, 40), st.integers(1, 40))
def test_a_part_of_a_text_is_found_in_its_line(text: str, start: int, size: int) -> None:
    words = tokens(text)
    found = needle(" ".join(text.split()[start : start + size]))
    if found is None or not words:
        return
    line, terms = index_line(text).split(), line_needle(found).terms
    if any(words[at : at + len(found.terms)] == list(found.terms) for at in range(len(words))):
        assert any(tuple(line[at : at + len(terms)]) == terms for at in range(len(line)))
