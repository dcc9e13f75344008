"""The foot of `telekeep status`: totals, work in progress, service, accounts, index and disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archiver.cli.terminal import terminal_safe
from archiver.cli.view import figures
from archiver.cli.view.account_table import describe_owner
from archiver.cli.view.file_sums import FileSum, describe_on_disk
from archiver.cli.view.gap_sums import describe_alone, describe_deleted
from archiver.cli.view.moments import Moments
from archiver.cli.view.status_data import ChannelReport, StatusReport
from archiver.model.completeness import Tally
from archiver.store.media.blob_check import BlobSum

_NAMED = 3
"""Channels that are named."""
_ACCOUNTS = 5
"""Accounts that get a line each."""


def describe_rest(status: StatusReport, moments: Moments) -> Iterator[str]:
    """A line for each part without problems; those that `find_problems` named are omitted."""
    if status.extract is not None:
        yield f"export: this archive is {status.extract}"
    if len(status.active) > 1:
        yield _sum_up(status)
    if claimed := [one for one in status.channels if one.tally.if_posted and not _is_summed_up(one, status)]:
        count = sum(one.tally.if_posted for one in claimed)
        yield f"deleted: {figures.number(count)} of {_name(claimed)} only if posted as imported"
    if alone := [one for one in status.channels if one.tally.claims + one.tally.beyond]:
        claims, beyond = sum(one.tally.claims for one in alone), sum(one.tally.beyond for one in alone)
        yield f"imports: {describe_alone(Tally(claims=claims, beyond=beyond), f' of {_name(alone)}')}"
    if files := [one.files for one in status.channels if one.files is not None]:
        yield f"files: {_describe_files(sum(files[1:], files[0]), status.stored)}"
    if status.speed and status.ids_left:
        yield status.speed.describe(status.ids_left)
    if status.extract is None and not status.service.describe_trouble(moments):
        yield status.service.describe(moments, has_channels=status.has_channels)
    yield from _accounts(status)


def _describe_files(files: FileSum, stored: BlobSum) -> str:
    same = stored.files == files.downloaded
    return files.describe() if same else f"{files.describe()}; on disk: {describe_on_disk(files.downloaded, stored)}"


def describe_archive(status: StatusReport) -> str:
    """Where the archive is, its size, and how much space is left."""
    return f"archive: {figures.size(status.size)} ({figures.size(status.free)} free on its disk) in {status.path}"


def _sum_up(status: StatusReport) -> str:
    held = sum(one.tally.held for one in status.active)
    claimed = sum(one.tally.if_posted for one in status.active)
    gone = Tally(missing=sum(one.tally.missing for one in status.active), if_posted=claimed)
    known = sum(one.known for one in status.active)
    left = status.ids_left
    rest = f", {figures.number(left)} ids not fetched" if left else ""
    deleted = f"and {describe_deleted(gone)}" if gone.missing else "no deletion noticed"
    removed = [one for one in status.channels if one.mirrored.state == "removed" and not one.mirrored.imported_only]
    imported = [one for one in status.channels if one.mirrored.imported_only]
    besides = _besides(removed, "removed channel") + _besides(imported, "imported channel")
    return (
        f"{'mirrored' if besides else 'all'}: {figures.count(len(status.active), 'channel')},"
        f" {figures.count(held, 'message')} archived ({deleted}),"
        f" {figures.percent(known, known + left)} fetched{rest}{besides}"
    )


def _name(channels: Sequence[ChannelReport]) -> str:
    names = ", ".join(terminal_safe(one.label) for one in channels[:_NAMED])
    return f"{names} and {figures.number(len(channels) - _NAMED)} more" if len(channels) > _NAMED else names


def _is_summed_up(one: ChannelReport, status: StatusReport) -> bool:
    return len(status.active) > 1 and one in status.active


def _besides(channels: Sequence[ChannelReport], what: str) -> str:
    kept = sum(one.tally.held for one in channels)
    return f"; {figures.count(kept, 'more message')} of {figures.count(len(channels), what)}" if channels else ""


def _accounts(status: StatusReport) -> Iterator[str]:
    troubled = {*status.logged_out, *status.unconfigured, *status.service.list_away(status.now)}
    fine = [one for one in status.accounts if one.state == "active" and one.account not in troubled]
    if len(fine) > _ACCOUNTS:
        yield f"accounts: {len(fine):,} logged in (`telekeep accounts` lists them)"
        return
    for one in fine:
        who = describe_owner(one.first_name, one.phone_end)
        as_whom = f" as {who}" if who else ""
        yield f"account {one.account}: logged in{as_whom}, {figures.count(one.channels, 'channel')}"
