"""Progress of a sync over all its channels, and the result of each."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from archiver.cli import output
from archiver.cli.view import figures
from archiver.cli.view.channel_status import describe_start
from archiver.cli.view.moments import Moments
from archiver.cli.view.progress import Progress, refreshing
from archiver.ids import ChannelId
from archiver.model import coverage
from archiver.model.iso_time import iso
from archiver.store.channels.channel import find_channel
from archiver.store.channels.coverage import list_coverage
from archiver.store.database import Database, Reader

if TYPE_CHECKING:
    from archiver.mirror.comparison import Comparison
    from archiver.mirror.write_changes import StoredCounts
    from archiver.store.channels.channel import Mirrored

POLL_INTERVAL = 0.5
"""Seconds between two reads of the archive."""


class HistoryShare(NamedTuple):
    """The ids of a channel's window, and how many of them are fetched."""

    wanted: int
    fetched: int


def read_extents(conn: Reader, channel_ids: Sequence[ChannelId]) -> dict[ChannelId, HistoryShare | None]:
    """The extents of these channels; None for one about which nothing is known yet."""
    return {channel_id: _read_extent(conn, channel_id) for channel_id in channel_ids}


def _read_extent(conn: Reader, channel_id: ChannelId) -> HistoryShare | None:
    channel = find_channel(conn, channel_id)
    if channel is None or not channel.top_id or channel.pts is None:
        return None
    lowest, top = channel.lowest_wanted, channel.top_id
    gaps = coverage.gaps(list_coverage(conn, channel_id, channel.generation), lowest, top)
    wanted = max(top - lowest + 1, 0)
    return HistoryShare(wanted, wanted - sum(hi - lo + 1 for lo, hi in gaps))


class SyncProgress:
    """Shows the progress of a sync, over all its channels if all their lengths are known.

    It starts from the archive's state: progress is read from the archive, not counted.
    """

    def __init__(self, database: Database, channels: Sequence[Mirrored]) -> None:
        self._database = database
        self._channels = list(channels)
        self._progress = Progress("sync", unit="ids", label=channels[0].label)
        self._now: Mirrored | None = None
        self._place = self._messages = 0
        self._sums_up: bool | None = None
        self._before = (0, 0)
        """Ids and messages at the last look."""

    @asynccontextmanager
    async def over(self, channel: Mirrored, *, wait: Callable[[], float]) -> AsyncIterator[None]:
        """Show the progress while this channel is fetched; `wait` returns the seconds of the server's current wait."""
        self._now, self._place = channel, self._place + 1
        if not self._sums_up:
            self._sums_up = None
        async with refreshing(self._progress, partial(self._refresh, wait), POLL_INTERVAL):
            yield

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.__exit__(kind, error, trace)

    def end(self) -> None:
        """Erase the line: something else is shown from now on."""
        self._progress.end()

    def add(self, stored: StoredCounts) -> None:
        """Count a stored answer."""
        self._messages += stored.inserted

    async def _refresh(self, wait: Callable[[], float]) -> None:
        """Read the progress of the channels, and show it."""
        channel = self._now
        assert channel is not None
        extents = await self._database.read(read_extents, [one.channel_id for one in self._channels])
        if self._sums_up is None:
            self._sums_up = all(extents.values())
            self._begin(extents)
        shown = self._list_shown(extents)
        place = f" ({self._place} of {len(self._channels)})" * (len(self._channels) > 1)
        self._progress.advance(
            sum(one.fetched for one in shown),
            sum(one.wanted for one in shown) or None,
            amount=self._messages,
            counted=f"{figures.number(self._messages)} new",
            label=f"{channel.label}{place}",
            waiting=self._waits(wait, sum(one.fetched for one in shown)),
            more={
                "channel_id": channel.channel_id,
                "channel": channel.name,
                "channels": len(self._channels),
                "number": self._place,
                "over": "all channels" if self._sums_up else "this channel",
                "messages": self._messages,
            },
        )

    def _waits(self, wait: Callable[[], float], fetched: int) -> float:
        """Seconds that the server has us wait, if nothing moved since: other calls than those it means may go on."""
        before, self._before = self._before, (fetched, self._messages)
        return wait() if before == self._before else 0.0

    def _list_shown(self, extents: Mapping[ChannelId, HistoryShare | None]) -> list[HistoryShare]:
        """The extents to add up: all, or that of the current channel while some are unknown."""
        assert self._now is not None
        shown = extents.values() if self._sums_up else [extents[self._now.channel_id]]
        return [one for one in shown if one]

    def _begin(self, extents: Mapping[ChannelId, HistoryShare | None]) -> None:
        self._progress.begin(sum(one.fetched for one in self._list_shown(extents)))


class ChannelResult:
    """What a sync did to one channel, as a line and as JSON."""

    def __init__(self, channel: Mirrored) -> None:
        self.channel = channel
        self.partial = 0
        """Number of its partial messages."""
        self.found: Comparison | None = None
        """What comparing it with the server showed, if it came to that."""
        self.denied = 0
        """Messages that an import has otherwise than Telegram, or that are not there."""
        self._inserted = self._changed = self._missing = 0
        self._started = time.monotonic()

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many messages are new, edited and deleted."""
        return self._inserted, self._changed, self._missing

    def add(self, stored: StoredCounts) -> None:
        """Count a stored answer."""
        self._inserted += stored.inserted
        self._changed += stored.revised
        self._missing += stored.missing
        self.denied += stored.denied

    def as_object(self, result: str, *, error: str | None = None, exit_status: int = 0) -> dict[str, Any]:
        """As JSON. `result`: complete, partial, differs, removed or failed."""
        return {
            "channel_id": self.channel.channel_id,
            "channel": self.channel.name,
            "account": self.channel.account,
            "result": result,
            "new": self._inserted,
            "edited": self._changed,
            "deleted": self._missing,
            "partial": self.partial,
            "surplus": self.found.surplus if self.found else None,
            "settled": self.found.settled if self.found else None,
            "window_start": iso(self.channel.window_start),
            "seconds": round(time.monotonic() - self._started, 1),
            "error": error,
            "exit_status": exit_status,
        }

    def print(self, found: Comparison) -> None:
        """Print the result."""
        name = self.channel.label
        counts = describe_counts([self])
        took = describe_time(time.monotonic() - self._started)
        output.note(f"{name}: {describe_end(found, self.channel.window_start)} ({counts}; {took}).")
        if surplus := found.surplus:
            messages = figures.count(abs(surplus), "more message" if surplus > 0 else "fewer message")
            output.warn(
                f"{name}: not known to be complete: the server counts {messages} than it shows,"
                " even after they were read again. The next sync checks again."
            )


def describe_counts(results: Sequence[ChannelResult]) -> str:
    """`1,234 new, 2 edited`: of all these results together."""
    new, edited, deleted = (sum(counts) for counts in zip(*(one.counts for one in results), strict=True))
    partial, denied = sum(one.partial for one in results), sum(one.denied for one in results)
    more = ((edited, "edited"), (deleted, "deleted"), (partial, "partial"), (denied, "not as imported"))
    return ", ".join([f"{new:,} new", *(f"{count:,} {word}" for count, word in more if count)])


def describe_time(seconds: float) -> str:
    """`0.3 s`, `12 min`."""
    return f"{seconds:.1f} s" if seconds < 100 else figures.duration(seconds)


def describe_end(found: Comparison, window_start: int | None) -> str:
    """The state of a channel after its sync, as far as it was compared."""
    since = "" if window_start is None else f" since {describe_start(window_start, Moments())}"
    if not found.settled:
        return f"archived{since} as far as it was read; it kept changing, so the next sync compares it"
    if found.surplus == 0:
        return f"up to date{since}"
    shown = f"everything the server shows{since} is archived"
    return shown if found.surplus else f"{shown}; its count cannot be compared"
