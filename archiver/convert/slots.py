"""The media list of one message while it is gathered.

The message's own media is slot 0; what hangs inside it follows from 1 and says in `of` where it hangs. Beside each
stands its identity: what must change before a person would speak of another content. A file's identity is its id, never
its reference, which expires; what is derived from elsewhere (the picture of a web page) has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archiver.convert.canonical import to_json
from archiver.model.record import Media


class Slots:
    """Media records and their identities, in the order of their slots."""

    __slots__ = ("_inner", "_own", "identities")

    def __init__(self) -> None:
        self._own: list[Media] = []
        self._inner: list[Media] = []
        self.identities: list[object] = []

    def add(self, kind: str, identity: object, of: str | None, extra: dict[str, Any], **fields: Any) -> None:
        """Append one; `of` None is the message's own media."""
        if identity is not None:
            self.identities.append([kind, identity])
        if of is not None:
            extra["of"] = of
        own = of is None and not self._own
        media = Media(slot=0 if own else self.next_inner, kind=kind, extra=to_json(extra) if extra else None, **fields)
        (self._own if own else self._inner).append(media)

    def add_derived(self, add: Callable[..., None], item: Any, of: str) -> None:
        """Append what comes along without being the author's content: it is listed, but has no identity."""
        known = len(self.identities)
        add(item, self, of)
        del self.identities[known:]

    @property
    def next_inner(self) -> int:
        """The slot that the next inner media will have."""
        return 1 + len(self._inner)

    @property
    def has_own(self) -> bool:
        """Whether the message's own media is there."""
        return bool(self._own)

    @property
    def media(self) -> tuple[Media, ...]:
        """All of them."""
        return (*self._own, *self._inner)
