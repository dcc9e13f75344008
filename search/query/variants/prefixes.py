"""English words with a prefix, written with a hyphen or without: reopen, re-open; nonviolent, non-violent. Pure.

`compounds` joins what is typed with a hyphen. Here a prefix is split off where the rest is an English word, except
where that makes another word (`unhyphenated.txt`): `re-sign` is not `resign`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from search.words.dictionary.lookup import languages

_PREFIXES: Final = (
    "re", "co", "pre", "non", "multi", "counter", "ex", "de", "un", "sub", "inter", "semi", "mid", "post", "pro",
    "anti",
)  # fmt: skip
_SHORTEST_REST: Final = 4
_ENDINGS: Final = ("", "s", "ed", "d", "ing", "es", "er", "ers", "ment", "ion", "ions", "al", "ly")


def is_joined_only(word: str) -> bool:
    """Whether a folded word is never the same as the one with a hyphen after its prefix."""
    return any(word.endswith(end) and word.removesuffix(end) in _always_joined() for end in _ENDINGS) or any(
        f"{word.removesuffix(end)}e" in _always_joined() for end in ("ing", "ed", "ion", "ions") if word.endswith(end)
    )


def prefix_variants(word: str) -> Iterator[str]:
    """Yield a folded English word with a hyphen after its prefix, if it may be written so."""
    if not (word.isascii() and word.isalpha()):
        return
    for prefix in _PREFIXES:
        rest = word[len(prefix) :]
        if word.startswith(prefix) and len(rest) >= _SHORTEST_REST and "en" in languages(rest):
            if not is_joined_only(word):
                yield f"{prefix}-{rest}"
            return


@cache
def _always_joined() -> frozenset[str]:
    text = Path(__file__).with_name("unhyphenated.txt").read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())
