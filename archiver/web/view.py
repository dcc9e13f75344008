"""What a view answers: a template with its values, or the same as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from archiver.model.row import Row
from archiver.web.site import Asked, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewAnswer:
    """The answer of a view."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    rows: Sequence[Row] | None = None
    """The messages, for the other formats; None: there are none of this view."""
    imported: frozenset[tuple[int, int]] = frozenset()
    """Those of them that telekeep never saw on Telegram, by channel and id."""
    data: Mapping[str, Any] | None = None
    """What JSON says beside or instead of rows."""
    title: str = ""
    """Of a feed."""
    location: str | None = None
    """Where it is instead."""
    shorten: Callable[[float], Awaitable[ViewAnswer]] | None = None
    """Makes the same with this share of its messages; None if it cannot be shorter."""


View: TypeAlias = Callable[[Site, Asked], Awaitable[ViewAnswer]]
