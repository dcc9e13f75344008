"""A completion candidate."""

from __future__ import annotations

from typing import Final, NamedTuple

FILES: Final = ":files"
"""Placeholder for file names, which the shell completes itself."""


class Candidate(NamedTuple):
    """A whole word, and what it means."""

    value: str
    meaning: str = ""

    def prefixed(self, prefix: str) -> Candidate:
        """The same candidate with a prefix."""
        return self if self.value == FILES else self._replace(value=prefix + self.value)
