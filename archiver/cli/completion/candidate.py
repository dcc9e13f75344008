"""One thing that a word may become."""

from __future__ import annotations

from typing import Final, NamedTuple

FILES: Final = ":files"
"""Stands for the names of files, which the shell knows best."""


class Candidate(NamedTuple):
    """A whole word, and what it means."""

    value: str
    meaning: str = ""

    def prefixed(self, prefix: str) -> Candidate:
        """The same behind a prefix."""
        return self if self.value == FILES else self._replace(value=prefix + self.value)
