"""Excerpts on the page keep a spoiler's words to themselves."""

from __future__ import annotations

import pytest

from archiver.formatting.spoilers import veiled

SPOILER = '[{"type": "spoiler", "offset": 3, "length": 5}]'


@pytest.mark.parametrize(
    ("text", "entities", "shown"),
    [
        ("it was him", SPOILER, "it ▒▒▒ ▒im"),
        ("😀 was him", SPOILER, "😀 ▒▒▒ ▒im"),  # offsets count UTF-16 units
        ("it", SPOILER, "it"),
        ("it was him", '[{"type": "bold", "offset": 3, "length": 5}]', "it was him"),
        ("it was him", None, "it was him"),
        ("it was him", [{"type": "spoiler", "offset": 0, "length": 99}], "▒▒ ▒▒▒ ▒▒▒"),
    ],
)
def test_the_words_of_a_spoiler_are_not_in_an_excerpt(text: str, entities: str | None, shown: str) -> None:
    assert veiled(text, entities) == shown
