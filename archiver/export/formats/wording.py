"""What exports and the page say about a message besides its text: the command line brings the words of its output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class MessageWords(Protocol):
    """Describes what a message has besides text. The words are untrusted, and not yet escaped."""

    def media(self, slot: Mapping[str, Any]) -> str:
        """`video clip.mp4, 1280x720, 0:24, 92.8 kB, not downloaded`; a poll with its answers."""
        ...

    def action(self, action: Mapping[str, Any]) -> str:
        """`title changed to "..."`."""
        ...

    def buttons(self, rows: Sequence[Sequence[Mapping[str, Any]]]) -> str:
        """`[Open] https://example.org`."""
        ...


class Wording(MessageWords, Protocol):
    """The same, with what formats for readers need in addition."""

    def reactions(self, reactions: Sequence[Mapping[str, Any]]) -> str:
        """`👍 22, 😢 17`."""
        ...

    def origin(self, forward: Mapping[str, Any]) -> str:
        """`forwarded from atlas/12`."""
        ...
