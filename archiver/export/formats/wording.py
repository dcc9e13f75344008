"""What exports and the page say about a message besides its text, in the words of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class MessageWords(Protocol):
    """Describes what a message has besides text. The words are untrusted, and not yet escaped."""

    def media(self, slot: Mapping[str, Any]) -> Sequence[str]:
        """`video clip.mp4`, `1280x720`, `0:24`, `92.8 kB`, `not downloaded`; a poll with its answers."""
        ...

    def action(self, action: Mapping[str, Any]) -> str:
        """`title changed to "..."`."""
        ...

    def buttons(self, rows: Sequence[Sequence[Mapping[str, Any]]]) -> str:
        """`[Open] https://example.org`."""
        ...


class Wording(MessageWords, Protocol):
    """The same, and what formats for readers need besides."""

    def reactions(self, reactions: Sequence[Mapping[str, Any]]) -> str:
        """`👍 22, 😢 17`."""
        ...

    def origin(self, forward: Mapping[str, Any]) -> str:
        """`forwarded from atlas/12`."""
        ...
