from __future__ import annotations

import pytest

from archiver.cli.view.exported import describe_lacking
from archiver.cli.view.figures import name_few

ALONE = ("known only from imports: what is missing is not known",)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("a", "a"),
        ("ab", "a and b"),
        ("abc", "a, b and c"),
        ("abcd", "a, b, c and 1 more"),
        ("abcdefgh", "a, b, c and 5 more"),
    ],
)
def test_a_sentence_names_three_at_most(names: str, said: str) -> None:
    assert name_few(list(names)) == said


def test_channels_that_lack_the_same_share_a_line_and_others_have_their_own() -> None:
    parts = [("a", ALONE), ("big", ("never fetched",)), ("b", ALONE), ("c", ALONE), ("d", ALONE)]
    assert list(describe_lacking(parts)) == [
        f"a, b, c and 1 more are not known to be complete in this range ({ALONE[0]}).",
        "big is not known to be complete in this range (never fetched).",
    ]
