"""All variants of a word in an unspaced script. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from search.query.variants.han import han_variants
from search.query.variants.japanese import japanese_variants
from search.query.variants.kana import kana_variants
from search.query.variants.korean import korean_variants
from search.query.variants.okurigana import okurigana_variants


def unspaced_variants(word: str) -> Iterator[str]:
    """Yield other spellings of a folded word; there may be none."""
    for variants in (japanese_variants, okurigana_variants, kana_variants, korean_variants, han_variants):
        yield from variants(word)
    for one in japanese_variants(word):
        yield from okurigana_variants(one)
