"""What prevents an archive from being complete and up to date, each with the command that helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archiver.cli.view import figures, prose, waits
from archiver.cli.view.channel_status import describe_parts, is_backing_off, state_note
from archiver.cli.view.index_status import IndexStatus
from archiver.cli.view.moments import Moments
from archiver.cli.view.status_data import ChannelReport, StatusReport
from archiver.index.node_state import FOREIGN
from archiver.model.clock_offset import describe_offset
from archiver.store.accounts.account import KnownAccount

_SCARCE = 1_000_000_000
"""Bytes of free disk space below which mirroring soon stops."""
_OLD = 86_400.0
"""Seconds without a sync after which a channel counts as out of date."""
_LAG = 300.0
"""Seconds that a message may wait for the index."""
_NAMED = 3
"""Maximum number of channels named in a problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem."""

    what: str
    advice: str = ""
    """What to do, or what the command does; a clause."""
    command: str = ""
    """What to type; empty if no command helps."""

    @property
    def sentence(self) -> str:
        """What is wrong, and the advice."""
        if not self.advice:
            return self.what
        if self.what.endswith("."):
            return f"{self.what} {self.advice[0].upper()}{self.advice[1:]}"
        return f"{self.what}; {self.advice}"

    def draw(self) -> Iterator[str]:
        """Its lines on a terminal, with the command on a line of its own, to be copied."""
        yield from prose.fold(f"{self.sentence}{':' * bool(self.command)}", first="! ", style=prose.ALARM)
        if self.command:
            yield f"    {prose.paint(self.command, prose.BOLD)}"

    def __str__(self) -> str:
        return f"{self.sentence}: {self.command}" if self.command else self.sentence


def find_problems(status: StatusReport, moments: Moments) -> list[Problem]:
    """All problems, most serious first; none for an export, which is not mirrored into."""
    if status.extract is not None:
        return []
    return [
        *_of_disk(status),
        *_of_service(status, moments),
        *_of_accounts(status, moments),
        *_of_channels(status, moments),
        *_of_unreadable(status),
        *_of_histories(status, moments),
        *(problem for node in status.index for problem in _of_index(node, moments)),
    ]


def _of_disk(status: StatusReport) -> Iterator[Problem]:
    if status.free < _SCARCE:
        yield Problem(
            what=f"the archive's disk is nearly full: {figures.size(status.free)} free",
            advice="free some space, or mirroring stops",
        )
    elif status.free < status.min_free and any(one.files and one.files.waiting for one in status.active):
        yield Problem(
            what=f"no files are fetched: {figures.size(status.free)} are free, less than media.min_free"
            f" ({figures.size(status.min_free)})",
            advice="free some space (`telekeep media prune`) or lower the limit; messages are still mirrored",
        )


def _of_service(status: StatusReport, moments: Moments) -> Iterator[Problem]:
    service, now = status.service, status.now
    if what := service.describe_trouble(moments):
        is_hanging = service.is_there and not service.is_running(now)
        advice = "stop that process, then start it again" if is_hanging else "start it again"
        yield Problem(what=what, advice=advice, command="telekeep run")


def _of_accounts(status: StatusReport, moments: Moments) -> Iterator[Problem]:
    for account in status.accounts:
        if account.state == "dead":
            yield logged_out(account, moments)
        elif account.account in status.unconfigured:
            yield not_configured(account)
        elif account.account in status.logged_out:
            yield not_logged_in(account.account, account.channels)
    yield from (Problem(what=line) for line in status.service.describe_accounts(moments))
    for warning in sorted({describe_offset(one.clock_ahead) for one in status.accounts} - {None}, key=str):
        yield Problem(what=str(warning).rstrip("."))
    yield from (Problem(what=waits.describe(one, moments)) for one in status.waits)


def logged_out(account: KnownAccount, moments: Moments) -> Problem:
    """An account that the server no longer accepts."""
    since = f" since {moments.at(account.since)}" if account.since else ""
    reason = f": {account.reason.rstrip('.')}" if account.reason else ""
    return Problem(
        what=f"account {account.account} is logged out: not accepted by the server{since}{reason}",
        advice=f"{_waiting(account.channels)}; log in again" if account.channels else "log in again",
        command=login_command(account.account),
    )


def not_logged_in(name: str, channels: int) -> Problem:
    """An account that has no session here."""
    waiting = f", and {_waiting(channels)}" if channels else ""
    return Problem(what=f"account {name} is not logged in{waiting}", command=login_command(name))


def not_configured(account: KnownAccount) -> Problem:
    """An account with channels that the settings do not have."""
    return Problem(
        what=f"account {account.account} is not in the settings, and {_waiting(account.channels)}",
        advice="add it there, or move its channels",
        command="telekeep move CHANNEL --to default",
    )


def _waiting(channels: int) -> str:
    return "its channel waits" if channels == 1 else f"its {channels:,} channels wait"


def login_command(name: str) -> str:
    """The command that logs the account in."""
    return "telekeep login" if name == "default" else f"telekeep login --account {name}"


def _of_channels(status: StatusReport, moments: Moments) -> Iterator[Problem]:
    for one in status.active:
        name = one.name
        if note := state_note(one.mirrored, one.standing, moments):
            retrying = one.mirrored.state == "active" and is_backing_off(one.mirrored, status.now)
            yield Problem(
                what=note,
                advice="it is retried then; to try now"
                if retrying
                else "it is retried automatically; to stop mirroring it",
                command=f"telekeep sync {name}" if retrying else f"telekeep remove {name}",
            )
        if one.parts.partial:
            yield Problem(what=f"{one.label}: {describe_parts(one.parts)}")
        if one.surplus:
            yield _count_problem(one, one.surplus)


def _of_unreadable(status: StatusReport) -> Iterator[Problem]:
    concerned = [one for one in status.active if one.stubs]
    if concerned:
        number = sum(one.stubs for one in concerned)
        kept = "it is kept raw" if number == 1 else "they are kept raw"
        yield Problem(
            what=f"{_names(concerned)}: {figures.count(number, 'archived message')} cannot be read by this version",
            advice=f"{kept}, and a newer telekeep can read {'it' if number == 1 else 'them'}",
        )


def _count_problem(one: ChannelReport, surplus: int) -> Problem:
    more = "more" if surplus > 0 else "fewer"
    return Problem(
        what=f"{one.label}: the server counts {figures.count(abs(surplus), f'{more} message')} than"
        f" {'is' if abs(surplus) == 1 else 'are'} archived and not deleted",
        advice="an audit reads everything again" if one.count_differs else "all ids were checked",
    )


def _of_histories(status: StatusReport, moments: Moments) -> Iterator[Problem]:
    """Channels that nothing is fetching now."""
    if status.service.holder is not None:
        return
    readable = [one for one in status.active if one.mirrored.state == "active"]
    new = [one for one in readable if not one.is_begun]
    started = [one for one in readable if one.is_begun and not one.tally.complete]
    old = [one for one in readable if one not in started and _is_old(one, status.now)]
    if new:
        yield _to_sync(new, f"{_names(new)}: nothing is fetched yet")
    if started:
        known, whole = (sum(one.known for one in started), sum(one.tally.wanted for one in started))
        left = figures.count(whole - known, "id")
        yield _to_sync(started, f"{_names(started)}: {figures.percent(known, whole)} fetched, {left} not yet")
    if old:
        oldest = moments.at(min(one.mirrored.last_sync_at or 0 for one in old))
        since = f"for over a day, one of them since {oldest}" if len(old) > 1 else f"since {oldest}"
        yield _to_sync(old, f"{_names(old)}: not synced {since}")


def _is_old(one: ChannelReport, now: float) -> bool:
    return one.mirrored.last_sync_at is not None and now - one.mirrored.last_sync_at > _OLD


def _to_sync(channels: Sequence[ChannelReport], what: str) -> Problem:
    return Problem(what=what, command=f"telekeep sync {channels[0].name}" if len(channels) == 1 else "telekeep sync")


def _names(channels: Sequence[ChannelReport]) -> str:
    *before, last = [one.label for one in channels[:_NAMED]]
    if more := len(channels) - _NAMED if len(channels) > _NAMED else 0:
        return f"{', '.join([*before, last])} and {more:,} more"
    return f"{', '.join(before)} and {last}" if before else last


def _of_index(node: IndexStatus, moments: Moments) -> Iterator[Problem]:
    state = node.seen or node.standing.state
    what = node.describe(moments)
    if state == "stale":
        foreign = node.standing.reason == FOREIGN
        yield Problem(what=what, command="" if foreign else "telekeep index rebuild")
    elif state not in ("following", "unused", "busy"):
        yield Problem(what=what, advice="nothing is lost; searches use the embedded engine meanwhile")
    elif node.rejected:
        yield Problem(what=what, advice="to see which", command="telekeep index status")
    elif state != "unused" and node.oldest_age(moments.now) > _LAG and not node.standing.rebuild:
        yield Problem(what=what, advice="to send them now", command="telekeep sync")
