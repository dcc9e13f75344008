"""What became of the files: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from archiver.cli import output
from archiver.cli.view import figures
from archiver.cli.view.grid import Column, name_cell, print_sentences, print_whole
from archiver.cli.view.media_words import count_files, describe_free, describe_rate, list_rate_objects
from archiver.cli.view.moments import Moments
from archiver.cli.view.next_step import suggest
from archiver.media.blob_store import BlobStore
from archiver.model.iso_time import iso
from archiver.model.media_file import BlobState
from archiver.store.channels.channel import Mirrored
from archiver.store.database import Database
from archiver.store.media.file_counts import (
    BlobCount,
    ChannelCount,
    FailureCount,
    count_blobs,
    count_channel_states,
    count_failures,
)
from archiver.store.media.media_policy import MediaRate, list_rates

_COLUMNS = (
    Column("channel", least=10),
    Column("downloaded", right=True),
    Column("size", right=True, drop_order=2),
    Column("not\ndownloaded", right=True),
    Column("others", drop_order=1, least=16),
)
_STATES: Final[dict[BlobState, str]] = {
    "present": "Stored (identical files once; with thumbnails)",
    "offloaded": "Offloaded (removed here by `media prune`, or moved away; the hash is kept)",
    "missing": "Missing (run `telekeep media offload` if they were moved)",
    "damaged": "Damaged",
}
_MOST = 8
"""Reasons listed for people; JSON has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaReport:
    """The state of all files."""

    channels: Sequence[Mirrored]
    counts: Sequence[ChannelCount]
    failures: Sequence[FailureCount]
    blobs: Sequence[BlobCount]
    rates: dict[str, MediaRate]
    under_way: tuple[int, int]
    """Files that are not whole yet, and their bytes so far."""
    free: int
    min_free: int

    @classmethod
    async def read(cls, database: Database, channels: Sequence[Mirrored], *, min_free: int) -> Self:
        """Count everything. `failures` and `blobs` are of the whole archive."""
        ids = [channel.channel_id for channel in channels]
        store = BlobStore(database.path.parent)
        return cls(
            channels=channels,
            counts=await database.read(count_channel_states, ids),
            failures=await database.read(count_failures),
            blobs=await database.read(count_blobs),
            rates=await database.read(list_rates),
            under_way=store.measure_partial(),
            free=store.free_bytes(),
            min_free=min_free,
        )

    def of(self, channel: Mirrored) -> list[ChannelCount]:
        """The counts of a channel."""
        return [one for one in self.counts if one.channel_id == channel.channel_id]

    @property
    def has_room(self) -> bool:
        """Whether downloads may continue."""
        return self.free >= self.min_free


def print_report(report: MediaReport, moments: Moments) -> None:
    """Print the report for people."""
    rows = [_row(name_cell(channel), report.of(channel)) for channel in report.channels]
    if rows:
        print_whole(_COLUMNS, rows)
        output.line()
    print_sentences(_foot(report, moments))
    if any(one.status == "failed" for one in report.failures):
        suggest("telekeep media retry", "to fetch failed files again")
    elif any(one.state == "offloaded" for one in report.blobs):
        suggest("telekeep media fetch CHANNEL --again", "to fetch a channel's offloaded files again")
    elif not report.blobs:
        suggest("telekeep media plan", "to see what would be fetched")


def channel_object(report: MediaReport, channel: Mirrored) -> dict[str, Any]:
    """The files of a channel as JSON."""
    counts = report.of(channel)
    return {
        "channel_id": channel.channel_id,
        "channel": channel.name,
        "states": [{"status": one.status, "files": one.files, "bytes": one.size} for one in counts],
    }


def report_object(report: MediaReport) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "channels": [channel_object(report, channel) for channel in report.channels],
        "failures": [
            {
                "status": one.status,
                "reason": one.reason,
                "files": one.files,
                "retry_at": iso(one.retry_at),
                "example": one.example,
            }
            for one in report.failures
        ],
        "stored": [{"state": one.state, "contents": one.blobs, "bytes": one.size} for one in report.blobs],
        "rates": list_rate_objects(report.rates),
        "under_way": {"files": report.under_way[0], "bytes": report.under_way[1]},
        "free_bytes": report.free,
        "min_free": report.min_free,
        "has_room": report.has_room,
    }


def _row(name: str, counts: Sequence[ChannelCount]) -> tuple[str, ...]:
    by_status = {one.status: one for one in counts}
    done, left = by_status.pop("downloaded", None), by_status.pop("not downloaded", None)
    others = ", ".join(f"{figures.number(one.files)} {one.status}" for one in by_status.values())
    return (
        name,
        figures.number(done.files) if done else "0",
        figures.size(done.size) if done else "",
        figures.number(left.files) if left else "0",
        others,
    )


def _foot(report: MediaReport, moments: Moments) -> Iterator[str]:
    for blob in report.blobs:
        yield f"{_STATES[blob.state]}: {count_files(blob.blobs, blob.size)}."
    if not report.blobs:
        yield "No file has ever been stored."
    if report.under_way[0]:
        yield f"Partly fetched, to be continued: {count_files(*report.under_way)}."
    for failure in report.failures[:_MOST]:
        at = f", next retry {moments.at(failure.retry_at)}" if failure.retry_at is not None else ""
        reason = f": {failure.reason.rstrip('.')}" if failure.reason else ""
        yield f"{failure.status.capitalize()}, {figures.count(failure.files, 'file')}{at}{reason}."
    if len(report.failures) > _MOST:
        yield f"And {len(report.failures) - _MOST} more reasons: --json lists all."
    yield describe_free(report.free, report.min_free)
    for account, rate in report.rates.items():
        yield f"Rate of account {account} on {moments.at(rate.at)}: {describe_rate(rate)}."
