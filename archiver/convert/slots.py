"""The media list of one message while it is built.

The message's own media is slot 0; nested media follow from 1 and say in `of` where they are nested. Each has an
identity: what must change before a person would call it different content. A file's identity is its id, never its file
reference, which expires; derived media (the picture of a web page) have none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archiver.convert.canonical import to_json
from archiver.model.record import Media


class Slots:
    """Media records and their identities, in the order of their slots."""

    __slots__ = ("_inner", "_own", "identities", "spoilers")

    def __init__(self) -> None:
        self._own: list[Media] = []
        self._inner: list[Media] = []
        self.identities: list[object] = []
        self.spoilers: list[object] = []
        """The identities of what is hidden until it is tapped: setting or removing a spoiler is an edit."""

    def add(self, kind: str, identity: object, of: str | None, extra: dict[str, Any], **fields: Any) -> None:
        """Append one; `of` None: the message's own media."""
        if identity is not None:
            self.identities.append([kind, identity])
        if of is not None:
            extra["of"] = of
        own = of is None and not self._own
        media = Media(slot=0 if own else self.next_inner, kind=kind, extra=to_json(extra) if extra else None, **fields)
        (self._own if own else self._inner).append(media)

    def add_derived(self, add: Callable[..., None], item: Any, of: str) -> None:
        """Append media that are not the author's content: listed, but without an identity."""
        known, hidden = len(self.identities), len(self.spoilers)
        add(item, self, of)
        del self.identities[known:]
        del self.spoilers[hidden:]

    @property
    def next_inner(self) -> int:
        """The slot of the next nested media."""
        return 1 + len(self._inner)

    @property
    def has_own(self) -> bool:
        """Whether the message's own media has been added."""
        return bool(self._own)

    @property
    def media(self) -> tuple[Media, ...]:
        """All media, in the order of their slots."""
        return (*self._own, *self._inner)
