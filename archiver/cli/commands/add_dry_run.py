"""`telekeep add --dry-run`: what would be looked up, added and changed. Makes no requests and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from archiver.address import ChannelRef, echo, parse_address
from archiver.cli import output
from archiver.cli.view import figures, prose
from archiver.cli.view.added import added_object, failed_object, open_object
from archiver.cli.view.addition import list_changes
from archiver.cli.view.moments import Moments
from archiver.cli.view.shape import JsonObjects
from archiver.compose.privacy import check_permissions
from archiver.errors import Error, NotFound, UsageError
from archiver.mirror.add_channel import no_username, only_an_id
from archiver.reading.find_channel import get_named_channel
from archiver.store.channels.channel import Mirrored, list_channels
from archiver.store.database import Database
from archiver.store.messages.rows import list_names

if TYPE_CHECKING:
    from archiver.model.row import ChannelName
    from archiver.store.channels.intake import Order
    from config.settings import Settings


async def tell(settings: Settings, orders: Sequence[Order], moments: Moments, objects: JsonObjects) -> list[int]:
    """Print a line for each order. Returns the exit status of each that would fail."""
    names, channels = await _read(settings)
    failures, new = [], 0
    for order in orders:
        ref = parse_address(order.channel).channel
        try:
            known = _find(ref, names)
            if known is None:
                new += 1
                objects.add(open_object(order.channel, "to look up"))
                line: tuple[str, str, str] = (str(ref), "look up and add", "")
            else:
                line = _plan_known(order, channels[int(known.channel_id)], moments, objects)
            if not objects.is_shown:
                _say(*line)
        except Error as exc:
            output.error(f"{echo(order.channel)}: {exc}")
            failures.append(exc.exit_status)
            objects.add(failed_object(order.channel, exc, exc.exit_status))
    looked_up = f"{figures.count(new, 'look-up')} of a name would be needed" if new else "no look-up would be needed"
    output.note(f"{looked_up}; nothing was requested or changed (--dry-run).")
    return failures


def _say(channel: str, action: str, detail: str) -> None:
    if not output.is_terminal():
        output.tsv(channel, action, detail)
        return
    for line in prose.fold(f"{action}{f': {detail}' if detail else ''}", first=f"{channel}: ", then="  "):
        output.line(line)


async def _read(settings: Settings) -> tuple[Sequence[ChannelName], dict[int, Mirrored]]:
    """The names and channels of the archive; none if there is no archive."""
    check_permissions(settings.archive.dir, close=False, remarks=output)
    try:
        async with await Database.open_readonly(settings.archive.dir) as database:
            channels = await database.read(list_channels, removed=True)
            return await database.read(list_names), {int(one.channel_id): one for one in channels}
    except NotFound:
        return [], {}


def _find(ref: ChannelRef, names: Sequence[ChannelName]) -> ChannelName | None:
    """The known channel; None if a look-up could find it. Raises UsageError and NotFound for what no look-up finds."""
    try:
        return get_named_channel(ref, names)
    except NotFound:
        if ref.channel_id is not None:
            raise only_an_id() from None
        if not ref.may_be_username:
            raise no_username() from None
        return None


def _plan_known(order: Order, before: Mirrored, moments: Moments, objects: JsonObjects) -> tuple[str, str, str]:
    """The line about a known channel. Raises UsageError."""
    if order.account and order.account != before.account:
        raise UsageError(
            f"it already belongs to account {before.account}.",
            hint=f"Move it: telekeep move {before.name} --to {order.account}",
        )
    start = before.window_start if order.keep_window else order.window_start
    after = replace(before, alias=order.alias or before.alias, window_start=start)
    changes = list(list_changes(before, after, moments))
    if before.state == "removed":
        changes.insert(0, "mirror it again")
    if order.media is not None:
        changes.append(f"files wanted: {order.media}")
    objects.add(added_object(order.channel, before, after, media=order.media))
    return str(parse_address(order.channel).channel), "change" if changes else "nothing to do", "; ".join(changes)
