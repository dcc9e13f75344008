"""A fault in a JSON document, and where it is."""

from __future__ import annotations


class EndsEarly(Exception):
    """The document ends before the value that was begun."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class BrokenJson(Exception):
    """The document continues with something that cannot be there."""

    def __init__(self, at: int, why: str) -> None:
        super().__init__(at, why)
        self.at, self.why = at, why


class LargeValue(BrokenJson):
    """A value is larger than what is kept in memory."""
