"""How many posts `telekeep similar` found, in words."""

from __future__ import annotations

import pytest

from archiver.cli.commands.similar import describe_others


@pytest.mark.parametrize(
    ("posts", "earlier", "words"),
    [
        (1, 1, "1 other post, an earlier one"),
        (1, 0, "1 other post, not an earlier one"),
        (4, 2, "4 other posts, 2 of them earlier"),
        (4, 4, "4 other posts, all of them earlier"),
        (4, 0, "4 other posts, none of them earlier"),
    ],
)
def test_the_share_of_earlier_posts_reads_as_a_person_would_say_it(posts: int, earlier: int, words: str) -> None:
    assert describe_others(posts, earlier) == words
