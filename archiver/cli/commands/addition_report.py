"""Reports what `telekeep add` did with each channel, as the archive shows it before and after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from archiver.address import echo
from archiver.cli import output
from archiver.cli.view.added import added_object, failed_object, open_object
from archiver.cli.view.addition import describe_addition
from archiver.cli.view.moments import Moments
from archiver.cli.view.next_step import suggest
from archiver.cli.view.shape import JsonObjects
from archiver.errors import Error
from archiver.ids import ChannelId
from archiver.model.media_policy_text import INHERIT, parse_policy, write_override
from archiver.reading.coverage_report import tally_channel
from archiver.store.channels.channel import Mirrored, find_channel, list_channels
from archiver.store.channels.intake import Order, OrderOutcome
from archiver.store.database import Connection, read
from archiver.store.media.media_policy import list_overrides


class AdditionReport:
    """Compares each channel with what it was before."""

    def __init__(
        self,
        conn: Connection,
        before: dict[int, Mirrored],
        moments: Moments,
        objects: JsonObjects,
        *,
        media: dict[ChannelId, str],
    ) -> None:
        """`media`: which files each channel wants now, as `add --media` takes it."""
        self._conn = conn
        self._media = media
        self._before = before
        self._moments = moments
        self.objects = objects
        """The results as JSON, if that is wanted."""
        self._to_fetch: list[str] = []

    @classmethod
    async def begin(cls, conn: Connection, moments: Moments, objects: JsonObjects) -> Self:
        """Remember the channels as they are now."""
        channels = await read(conn, list_channels, removed=True)
        media = {one: write_override(override) for one, override in (await read(conn, list_overrides)).items()}
        return cls(conn, {int(one.channel_id): one for one in channels}, moments, objects, media=media)

    async def show(self, order: Order, outcome: OrderOutcome) -> list[int]:
        """Report an outcome. Returns the exit status of a failure."""
        if outcome.remark:
            output.note(f"{echo(order.channel)}: {outcome.remark}")
        if outcome.error is not None or outcome.channel_id is None:
            output.error(f"{echo(order.channel)}: {outcome.error}")
            self.objects.add(failed_object(order.channel, outcome.error or "", outcome.exit_status))
            return [outcome.exit_status]
        after = await read(self._conn, find_channel, outcome.channel_id)
        assert after is not None, "channels are never deleted"
        before = self._before.get(int(outcome.channel_id))
        left = (await tally_channel(self._conn, after)).not_fetched
        wanted = None if order.media is None else write_override(parse_policy(order.media))
        new = None if wanted == self._media.get(outcome.channel_id, INHERIT) else wanted
        output.note(describe_addition(before, after, self._moments, ids=left, media=new))
        self.objects.add(added_object(order.channel, before, after, ids=left, media=order.media, changed_media=new))
        if before is None or before.imported_only or left or outcome.added:
            self._to_fetch.append(after.name)
        self._before[int(outcome.channel_id)] = after
        return []

    def fail(self, orders: Iterable[Order], error: Error) -> None:
        """Report that these orders were not carried out because of an error that is reported elsewhere."""
        for order in orders:
            self.objects.add(failed_object(order.channel, error, error.exit_status))

    def leave_open(self, orders: Iterable[Order], exit_status: int) -> None:
        """Report that the service was asked for these, but has not answered."""
        for order in orders:
            self.objects.add(open_object(order.channel, "requested", exit_status))

    def show_next(self, *, in_service: bool) -> None:
        """Name the next step, if there is anything to fetch."""
        if not self._to_fetch:
            return
        one = self._to_fetch[0] if len(self._to_fetch) == 1 else ""
        if in_service:
            suggest("telekeep status --watch", "the running service fetches the history")
        else:
            suggest(f"telekeep sync {one}".rstrip(), "to fetch the history")
