"""What an export is to contain: plain data, resolved, so that the same request gives the same bytes."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.model.row import ChannelName
from search.query.dates import Bounds
from search.query.tree import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which messages, by whom and when."""

    channels: tuple[ChannelName, ...]
    """By id, so that the order in which they were typed changes nothing."""
    bounds: Bounds
    """[since, until)."""
    zone: str = "UTC"
    """In which the days of the bounds were counted."""
    query: str | None = None
    tree: Node | None = None
    """The query, parsed."""
