"""The end of a sync: its last line, what an interrupted one keeps, and the next step."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.cli import output
from archiver.cli.view.next_step import suggest
from archiver.cli.view.sync_progress import ChannelResult, describe_counts, describe_time
from archiver.store.channels.channel import Mirrored


def describe_kept(results: Sequence[ChannelResult]) -> str:
    """What is kept if the sync stops now; empty if nothing was fetched yet."""
    if not any(sum(one.counts) for one in results):
        return ""
    return f"everything fetched is kept ({describe_counts(results)}); the next sync continues from there."


def describe_done(done: int, whole: int) -> str:
    """How many of an account's channels are complete."""
    if whole == 1:
        return "Its channel is not complete."
    return f"{'None' if done == 0 else f'{done:,}'} of its {whole:,} channels {'are' if done > 1 else 'is'} complete."


def sum_up(results: Sequence[ChannelResult], complete: int, chosen: Sequence[Mirrored], seconds: float) -> None:
    """Print the last line of a sync of several channels, and the next step after a first one."""
    if len(chosen) > 1 and results:
        done = "all" if complete == len(chosen) else f"{complete:,} of"
        output.note(f"{done} {len(chosen):,} channels complete ({describe_counts(results)}; {describe_time(seconds)}).")
    if complete and any(one.last_sync_at is None for one in chosen):
        suggest("telekeep search WORDS", "or `telekeep run`, to mirror each post as it arrives")
