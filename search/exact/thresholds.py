"""Sizes from which reading FTS5's pages is quicker than asking FTS5. The answers are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Sizes, each from measurements with a million messages."""

    hits: int = 3_000
    """Up to this many hits are all ranked."""
    documents: int = 1_000
    """A word's list is read only if more documents have it."""
    share: int = 20
    """A word is common from this fraction of all occurrences on; the rare ones together have no more."""
    spare: int = 3
    """Candidates per wanted hit: some are superseded or fail a condition."""
    prefix_hits: int = 2_000
    """For more hits than this, a prefix by date is left to FTS5, which takes longer per hit the more words it joins."""
    prefix_words: int = 300
    """Up to this many words with a prefix are all left to FTS5."""
    list_bytes: int = 128
    """A list up to this long is read from its page: some thirty postings."""
    prefix_bytes: int = 64_000
    """A prefix with fewer bytes of postings is ranked by FTS5."""


MEASURED: Final = Thresholds()
"""The thresholds that searches use."""
