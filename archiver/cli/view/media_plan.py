"""What `telekeep media plan` found: for people, as cells, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from archiver.cli import output
from archiver.cli.view import figures
from archiver.cli.view.grid import Column, name_cell, print_sentences, print_whole
from archiver.cli.view.media_words import (
    count_files,
    describe_free,
    describe_policy,
    describe_rate,
    list_rate_objects,
    policy_object,
)
from archiver.cli.view.next_step import suggest
from archiver.media.blob_store import BlobStore
from archiver.media.plan import FETCH, STORED, THUMBNAIL, ChannelPlan, FileTally, estimate_seconds
from archiver.model.media_file import FILE_KINDS
from archiver.store.channels.channel import Mirrored
from archiver.store.database import Database
from archiver.store.media.media_policy import MediaRate, list_rates

Pair = tuple[Mirrored, ChannelPlan]
_ORDER = (*FILE_KINDS, THUMBNAIL)
_COLUMNS = (
    Column("channel", least=10),
    Column("kind"),
    Column("fetch", right=True),
    Column("size", right=True),
    Column("stored", right=True, drop_order=2),
    Column("left out", drop_order=1, least=20),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTotals:
    """The plan as a whole."""

    fetch: FileTally
    stored: FileTally
    left_out: dict[str, FileTally]
    free: int
    """Bytes free on the disk."""
    min_free: int
    seconds: float | None
    rates: dict[str, MediaRate]
    """By account."""

    @classmethod
    async def read(
        cls, database: Database, channels: Sequence[Mirrored], plans: Sequence[ChannelPlan], *, min_free: int
    ) -> Self:
        """Add everything up, and look at the disk."""
        rates = await database.read(list_rates)
        by_account: dict[str, FileTally] = {}
        fetch, stored, left_out = FileTally(), FileTally(), dict[str, FileTally]()
        for channel, plan in zip(channels, plans, strict=True):
            by_account.setdefault(channel.account, FileTally()).merge(plan.total(FETCH))
            fetch.merge(plan.total(FETCH))
            stored.merge(plan.total(STORED))
            for reason, tally in plan.left_out().items():
                left_out.setdefault(reason, FileTally()).merge(tally)
        return cls(
            fetch=fetch,
            stored=stored,
            left_out=left_out,
            free=BlobStore(database.path.parent).free_bytes(),
            min_free=min_free,
            seconds=estimate_seconds([(tally, rates.get(name)) for name, tally in by_account.items()]),
            rates=rates,
        )

    @property
    def fits(self) -> bool:
        """Whether the files, as far as their sizes are known, leave `min_free` bytes on the disk."""
        return self.free - self.fetch.size >= self.min_free


def print_plan(pairs: Sequence[Pair], totals: PlanTotals, *, now: float, is_supposed: bool) -> None:
    """Print a table for people, and what follows from it. `is_supposed`: the policies say something else."""
    rows = [row for channel, plan in pairs for row in _rows(channel, plan)]
    if rows:
        print_whole(_COLUMNS, rows)
        output.line()
    print_sentences(_foot(totals, now))
    if not totals.fetch.files and all(plan.policy.download == "none" for _, plan in pairs):
        suggest(
            "telekeep media policy CHANNEL --download photos",
            "to fetch files of one channel; [media] is for all channels",
        )
    elif totals.fetch.files and is_supposed:
        suggest(
            "telekeep media policy CHANNEL --download all", "to make this the policy of one channel; [media] is for all"
        )
    elif totals.fetch.files:
        suggest("telekeep media fetch", "to fetch them now; `telekeep run` does so after everything else")


def print_cells(pairs: Sequence[Pair]) -> None:
    """Print a line for each channel, kind and outcome."""
    for channel, plan in pairs:
        for (kind, outcome), tally in _in_order(plan):
            output.tsv(channel.name, kind, outcome, tally.files, tally.known_size, tally.unknown, channel.title)


def channel_object(channel: Mirrored, plan: ChannelPlan) -> dict[str, Any]:
    """A channel's plan as JSON."""
    return {
        "channel_id": channel.channel_id,
        "channel": channel.name,
        "account": channel.account,
        "policy": policy_object(plan.policy),
        "fetch": tally_object(plan.total(FETCH)),
        "stored": tally_object(plan.total(STORED)),
        "left_out": {reason: tally_object(tally) for reason, tally in plan.left_out().items()},
        "kinds": [
            {"kind": kind, "outcome": outcome, **tally_object(tally)} for (kind, outcome), tally in _in_order(plan)
        ],
    }


def totals_object(totals: PlanTotals) -> dict[str, Any]:
    """The whole plan as JSON, without its channels."""
    return {
        "fetch": tally_object(totals.fetch),
        "stored": tally_object(totals.stored),
        "left_out": {reason: tally_object(tally) for reason, tally in totals.left_out.items()},
        "free_bytes": totals.free,
        "min_free": totals.min_free,
        "fits": totals.fits,
        "seconds": None if totals.seconds is None or not totals.fetch.files else round(totals.seconds),
        "rates": list_rate_objects(totals.rates),
    }


def tally_object(tally: FileTally) -> dict[str, int | None]:
    """A tally as JSON."""
    return {"files": tally.files, "bytes": tally.known_size, "unknown_sizes": tally.unknown}


def _in_order(plan: ChannelPlan) -> list[tuple[tuple[str, str], FileTally]]:
    """The outcomes of a channel by kind, and what is fetched before what is not."""
    return sorted(plan.outcomes.items(), key=lambda one: (_ORDER.index(one[0][0]), one[0][1] != FETCH, one[0][1]))


def _rows(channel: Mirrored, plan: ChannelPlan) -> Iterator[tuple[str, ...]]:
    kinds = sorted({kind for kind, _ in plan.outcomes}, key=_ORDER.index)
    for at, kind in enumerate(kinds):
        of_kind = {outcome: tally for (one, outcome), tally in plan.outcomes.items() if one == kind}
        fetch, stored = of_kind.pop(FETCH, FileTally()), of_kind.pop(STORED, FileTally())
        yield (
            name_cell(channel) if at == 0 else "",
            kind,
            figures.number(fetch.files),
            _size(fetch),
            figures.number(stored.files) if stored.files else "",
            "; ".join(f"{reason}: {count_files(t.files, t.size, t.unknown)}" for reason, t in of_kind.items()),
        )
    if not kinds:
        yield name_cell(channel), f"no files archived ({describe_policy(plan.policy)} wanted)", "", "", "", ""


def _size(tally: FileTally) -> str:
    if not tally.files:
        return ""
    return "?" if tally.known_size is None else figures.size(tally.known_size)


def _foot(totals: PlanTotals, now: float) -> Iterator[str]:
    fetch = totals.fetch
    if not fetch.files:
        yield "Nothing to fetch."
    else:
        yield f"To fetch: {count_files(fetch.files, fetch.size, fetch.unknown)}."
    if totals.left_out:
        reasons = (
            f"{reason}: {count_files(tally.files, tally.size, tally.unknown)}"
            for reason, tally in totals.left_out.items()
        )
        yield f"Left out: {'; '.join(reasons)}."
    is_short = fetch.files and not totals.fits and totals.free >= totals.min_free
    short = " The files do not all fit: downloads will stop; mirroring continues." if is_short else ""
    yield f"{describe_free(totals.free, totals.min_free)}{short}"
    if fetch.files:
        yield _time(totals, now)


def _time(totals: PlanTotals, now: float) -> str:
    if totals.seconds is None:
        return "Time: unknown, because no download rate has been measured yet."
    newest = max(totals.rates.values(), key=lambda rate: rate.at)
    age = figures.duration(max(now - newest.at, 0))
    needed = figures.about(totals.seconds) if totals.seconds >= 1 else "less than a second"
    return f"Time: {needed} at the rate observed {age} ago ({describe_rate(newest)})."
