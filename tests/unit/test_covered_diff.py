from __future__ import annotations

import pytest

from archiver.formatting.html_writer import HtmlTargets, to_html
from archiver.reading.word_diff import diff
from archiver.web.covered_diff import MarkedText, cover, veil_pieces
from tests.sample import entities


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (MarkedText("a b", None), MarkedText("a c", None), "=a  -b +c"),
        (MarkedText("it was him", entities(("spoiler", 7, 3))), MarkedText("it was her", None), "=it was  -▒▒▒ +her"),
        (MarkedText("it was", None), MarkedText("it was", entities(("spoiler", 3, 3))), "=it ▒▒▒"),
        (MarkedText("😀 him", entities(("spoiler", 3, 3))), MarkedText("😀 him!", None), "=😀 ▒▒▒ +!"),  # UTF-16 units
    ],
)
def test_what_is_a_spoiler_in_either_text_is_covered(old: MarkedText, new: MarkedText, shown: str) -> None:
    pieces = cover(diff(old.text, new.text), old, new)
    signs = {"equal": "=", "delete": "-", "insert": "+"}
    assert " ".join(f"{signs[op]}{text}" for op, text in veil_pieces(pieces)) == shown
    assert "".join(one.text for one in pieces if one.op != "insert") == old.text
    assert "".join(one.text for one in pieces if one.op != "delete") == new.text


def test_html_without_styles_has_no_words_of_spoilers() -> None:
    marks = entities(("bold", 0, 6), ("spoiler", 3, 7))
    html = to_html("so it was him", marks, targets=HtmlTargets(has_styles=False))
    assert html == '<div class="tk-line" dir="auto"><strong>so ▒▒ </strong>▒▒▒ him</div>'
