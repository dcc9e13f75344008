"""The ids of a channel that are deleted, absent or not fetched: summed up on a terminal, or each range."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.cli import output
from archiver.cli.terminal import terminal_safe
from archiver.cli.view import figures, prose
from archiver.cli.view.grid import Column, print_grid
from archiver.cli.view.moments import Moments
from archiver.model.completeness import IdRun, State, Tally
from archiver.model.iso_time import iso
from archiver.store.channels.channel import Mirrored
from archiver.store.imports.imported_channel import is_unaccounted

_MEANING: dict[State, str] = {
    "held": "in the archive, and in the channel when last read",
    "missing": "in the archive, but deleted or no longer visible",
    "absent": "the channel had no such message when asked",
    "not fetched": "not known yet: telekeep sync",
    "outside": "before the start of the window (add --since)",
    "not imported": "in no import: never posted, deleted, or left out; nothing says which",
}
_WORDS: dict[State, str] = {"held": "archived", "missing": "deleted"}
_NAMED = 3
"""Maximum number of files named."""
_SUMS = (
    Column("state"),
    Column("ids", right=True),
    Column("ranges", right=True, drop_order=2),
    Column("last noticed", drop_order=3),
    Column("meaning", drop_order=1),
)
_RANGES = (
    Column("state"),
    Column("ids"),
    Column("count", right=True, drop_order=1),
    Column("noticed", drop_order=4),
    Column("how", drop_order=2),
    Column("last seen", drop_order=3),
)


def print_sums(channel: Mirrored, runs: Sequence[IdRun], over: str, moments: Moments, *, is_extract: bool) -> None:
    """Print the number of ids in each state on a terminal, and the range they cover: `over`."""
    for line in prose.fold(over):
        output.line(line)
    output.line()
    print_grid(
        _SUMS, [_sum(state, runs, moments, channel, is_extract=is_extract) for state in _list_states(channel, runs)]
    )
    if claimed := sum(one.count for one in runs if one.claimed):
        output.line()
        for line in prose.fold(f"deleted: {figures.number(claimed)} only if posted as imported"):
            output.line(line)
    if any(one.state != "held" for one in runs):
        output.line()
        for line in prose.fold(f"`telekeep gaps {channel.alias or channel.name} --all` lists each range"):
            output.line(line)


def print_ranges(runs: Sequence[IdRun], moments: Moments) -> None:
    """Print each range: a table on a terminal, TSV in a pipe."""
    if not output.is_terminal():
        for one in runs:
            output.tsv(one.state, _ids(one), one.count, iso(one.noticed), one.how, iso(one.last_seen), _doubt(one))
        return
    rows = [
        (
            _word(one.state),
            _ids(one),
            figures.number(one.count),
            "" if one.noticed is None else moments.at(one.noticed),
            ", ".join(filter(None, (one.how, _doubt(one)))),
            "" if one.last_seen is None else moments.at(one.last_seen),
        )
        for one in runs
    ]
    print_grid(_RANGES, rows)


def sum_up(counts: Tally, over: str, *, imported: bool) -> str:
    """The number of ids in each state, on one line. `imported`: the channel is known only from exports."""
    outside = f", {counts.outside:,} outside the window" if counts.outside else ""
    if imported:
        absent = f", {counts.absent:,} absent" if counts.absent else ""
        lacking = f"{counts.not_imported:,} in no import"
        return f"{over}: {counts.held:,} archived, {describe_deleted(counts, within=True)}{absent}, {lacking}"
    return (
        f"{over}: {counts.held:,} archived, {describe_deleted(counts, within=True)},"
        f" {counts.absent:,} absent, {counts.not_fetched:,} not fetched{outside}"
    )


def describe_deleted(counts: Tally, *, within: bool = False) -> str:
    """`4 deleted, 2 of them if posted as imported`. `within`: the second in parentheses."""
    if not counts.if_posted:
        return f"{counts.missing:,} deleted"
    doubt = f"{counts.if_posted:,} of them if posted as imported"
    return f"{counts.missing:,} deleted ({doubt})" if within else f"{counts.missing:,} deleted, {doubt}"


def describe_alone(counts: Tally, of: str = "") -> str:
    """`2 archived messages only from imports, above the newest id that Telegram showed`. `of`: their channels."""
    beyond, alone = counts.beyond, counts.claims + counts.beyond
    above = f"{'' if beyond == alone else f'{figures.number(beyond)} of them '}above the newest id that Telegram showed"
    return f"{figures.count(alone, 'archived message')}{of} only from imports{f', {above}' if beyond else ''}"


def describe_imported(channel: Mirrored, files: Sequence[str], runs: Sequence[IdRun]) -> str:
    """The files and the id range that a channel known only from exports is known from."""
    said = [terminal_safe(name) for name in files]
    named = ", ".join(said[:_NAMED])
    more = f" and {figures.number(len(said) - _NAMED)} more" if len(said) > _NAMED else ""
    lowest = next((one.lo for one in runs if one.state in ("held", "missing")), 1)
    return f"{_called(channel)}: known only from imports ({named}{more}), which have ids from {lowest} to {runs[-1].hi}"


def _list_states(channel: Mirrored, runs: Sequence[IdRun]) -> list[State]:
    """States that are always listed, plus those that occur."""
    alone = is_unaccounted(channel)
    always = {"held", "missing", *(["not imported"] if alone else ["absent", "not fetched"])}
    return [state for state in _MEANING if state in always or any(one.state == state for one in runs)]


def _called(channel: Mirrored) -> str:
    alias = f" ({channel.alias})" if channel.alias and channel.alias != channel.name else ""
    return f"{terminal_safe(channel.label)}{alias}"


def describe_synced(channel: Mirrored, moments: Moments) -> str:
    """The highest id, and as of when."""
    synced = (
        "not synced to its end yet" if channel.last_sync_at is None else f"as of {moments.at(channel.last_sync_at)}"
    )
    return f"{_called(channel)}: {figures.count(channel.top_id, 'id')}, {synced}"


def _sum(
    state: State, runs: Sequence[IdRun], moments: Moments, channel: Mirrored, *, is_extract: bool
) -> tuple[str, ...]:
    own = [one for one in runs if one.state == state]
    ids = sum(one.count for one in own)
    noticed = max((one.noticed for one in own if one.noticed is not None), default=None)
    return (
        _word(state),
        figures.number(ids),
        figures.number(len(own)),
        "" if noticed is None else moments.at(noticed),
        _mean(state, channel, is_extract=is_extract) if ids else "",
    )


def _doubt(run: IdRun) -> str:
    """Note on messages that only an import claims."""
    return "if posted as imported" if run.claimed else ""


def _mean(state: State, channel: Mirrored, *, is_extract: bool) -> str:
    if state == "not fetched" and is_extract:
        return "not in this export"
    if state == "held" and is_unaccounted(channel):
        return "in the archive, from imports"
    if state == "not fetched" and channel.imported_only:
        return "the archive that was imported had not fetched them"
    return _MEANING[state]


def _word(state: State) -> str:
    return _WORDS.get(state, state)


def _ids(run: IdRun) -> str:
    return str(run.lo) if run.lo == run.hi else f"{run.lo}-{run.hi}"
