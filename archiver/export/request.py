"""What to export: plain, resolved data, so that the same request gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archiver.model.row import ChannelName
from search.query.dates import Bounds

if TYPE_CHECKING:
    from search.query.tree import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which channels, dates and query to export."""

    channels: tuple[ChannelName, ...]
    """Sorted by id, so that the order in which they were given does not matter."""
    bounds: Bounds
    """[since, until)."""
    zone: str = "UTC"
    """Time zone of the days in the bounds."""
    query: str | None = None
    tree: Node | None = None
    """The query, parsed."""
    query_instead: str | None = None
    """Shown in place of the query; None: the query itself."""
    by_channel: bool = False
    """Whether channels follow each other instead of being merged by date."""
    revisions: bool = False
    """Whether rows have one more key, `versions`: the earlier contents."""

    @property
    def shown_query(self) -> str | None:
        """The query, as the export shows it."""
        return self.query_instead if self.query is not None and self.query_instead is not None else self.query

    @property
    def shown_tree(self) -> str | None:
        """The query as it was understood, as the export shows it."""
        if self.tree is None:
            return None
        if self.query_instead is not None:
            return self.query_instead
        from search.query.write import write

        return write(self.tree)

    @property
    def titles(self) -> dict[int, str]:
        """The title of each channel, or its name, by its id."""
        return {int(channel.channel_id): channel.title or channel.name for channel in self.channels}

    @property
    def heading(self) -> str:
        """The first titles, and the number of the others."""
        return join_titles(list(self.titles.values()))

    @property
    def order(self) -> list[str]:
        """The keys that the rows are sorted by."""
        return ["channel_id", "date", "message_id"] if self.by_channel else ["date", "channel_id", "message_id"]


NAMED_TITLES = 3
"""Maximum number of channels named in a heading."""


def join_titles(titles: Sequence[str]) -> str:
    """`Atlas, Meridian, Harbour and 12 more`."""
    return f"{', '.join(titles[:NAMED_TITLES])}{count_others(titles)}"


def count_others(titles: Sequence[str]) -> str:
    """` and 12 more`; nothing if all are named."""
    return f" and {len(titles) - NAMED_TITLES} more" if len(titles) > NAMED_TITLES else ""
