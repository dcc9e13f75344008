"""How complete a channel is, as runs of ids with one state each. Pure.

    held         a message is archived, and existed when last seen
    missing      a message is archived, and was found to be deleted since
    absent       no message is archived, and an answer proved that none existed at the time
    not fetched  unknown so far
    outside      before the start of the channel's window (`add --since`): never fetched
    not imported no export has a message, of a channel that was never read: nothing is to be fetched

Every id from 1 to the channel's top belongs to exactly one run. A message that only an import has is no answer of
Telegram: where Telegram showed some of a channel, its id stays absent or not fetched until an answer shows it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from archiver.model import coverage
from archiver.model.coverage import Interval

State: TypeAlias = Literal["held", "missing", "absent", "not fetched", "outside", "not imported"]


@dataclass(frozen=True, slots=True)
class Proof:
    """A server's answer that fully accounts for the ids [lo, hi]."""

    lo: int
    hi: int
    at: int
    how: str


@dataclass(frozen=True, slots=True)
class IdRun:
    """Consecutive ids of one state. Times are unix seconds.

    `noticed` and `how` are set for missing and absent ids, if known.
    """

    state: State
    lo: int
    hi: int
    noticed: int | None = None
    """When the ids were first known to have no message."""
    how: str | None = None
    last_seen: int | None = None
    """When a missing message was last seen; None: telekeep never saw it."""
    claimed: bool = False
    """Whether only imports say that the missing messages were posted."""

    @property
    def count(self) -> int:
        """Number of ids."""
        return self.hi - self.lo + 1


class IdRanges:
    """The ids of each state as joined ranges, in little memory: a channel may have hundreds of thousands."""

    def __init__(self) -> None:
        self._ends: dict[str, array[int]] = {}

    def note(self, runs: Iterable[IdRun]) -> Iterator[IdRun]:
        """Pass ascending runs on, and keep their ids."""
        for run in runs:
            self._add(run.state, run)
            if run.claimed:
                self._add("missing if posted", run)
            yield run

    def _add(self, state: str, run: IdRun) -> None:
        ends = self._ends.setdefault(state, array("q"))
        if ends and ends[-1] == run.lo - 1:
            ends[-1] = run.hi
        else:
            ends.extend((run.lo, run.hi))

    def list_ids(self, state: State | Literal["missing if posted"]) -> Iterator[Interval]:
        """The ranges of a state, ascending."""
        ends = iter(self._ends.get(state, ()))
        return zip(ends, ends, strict=True)


@dataclass(frozen=True, slots=True)
class Tally:
    """Number of ids in each state."""

    held: int = 0
    missing: int = 0
    absent: int = 0
    not_fetched: int = 0
    outside: int = 0
    not_imported: int = 0
    if_posted: int = 0
    """Of those missing: only imports say that they were posted."""
    claimed: int = 0
    """Of those held or missing: only imports have them, and no answer accounts for their ids."""
    claims: int = 0
    """Archived messages of a mirrored channel that only imports have: their ids are absent, not fetched..."""
    beyond: int = 0
    """Archived messages above the highest id that Telegram showed: only imports have them."""

    @property
    def complete(self) -> bool:
        """Whether every id is accounted for."""
        return self.not_fetched + self.claimed == 0

    @property
    def known(self) -> int:
        """The ids that are accounted for."""
        return self.held + self.missing + self.absent - self.claimed

    @property
    def imported(self) -> int:
        """The archived messages that only imports have, other than those that count as missing."""
        return self.claimed + self.claims + self.beyond

    @property
    def wanted(self) -> int:
        """These, and those that are to be fetched."""
        return self.known + self.claimed + self.not_fetched

    @property
    def covered(self) -> float:
        """The fraction of wanted ids that are accounted for; 1 if none is wanted."""
        return self.known / self.wanted if self.wanted else 1.0


def split_holes(holes: Iterable[Interval], covered: Sequence[Interval], *, lowest_wanted: int = 1) -> Iterator[IdRun]:
    """Classify the ids without an archived message: absent if covered, else not fetched, or outside the window."""
    for lo, hi in holes:
        if lo < lowest_wanted:
            yield IdRun("outside", lo, min(hi, lowest_wanted - 1))
        lo = max(lo, lowest_wanted)  # noqa: PLW2901 - the rest of the same hole
        if lo > hi:
            continue
        known = [IdRun("absent", a, b) for a, b in coverage.clip(covered, lo, hi)]
        unknown = [IdRun("not fetched", a, b) for a, b in coverage.gaps(covered, lo, hi)]
        yield from sorted(known + unknown, key=lambda run: run.lo)


def with_proofs(runs: Iterable[IdRun], proofs: Iterable[Proof]) -> Iterator[IdRun]:
    """Split absent runs by when and how each id was first known to be absent. Runs ascend; proofs are in time order."""
    firsts = first_proofs(proofs)
    at = 0
    for run in runs:
        if run.state != "absent":
            yield run
            continue
        while at < len(firsts) and firsts[at].hi < run.lo:
            at += 1
        yield from _cut(run, firsts, at)


def first_proofs(proofs: Iterable[Proof]) -> list[Proof]:
    """The first proof for each id, as disjoint ascending ranges. Proofs are in time order.

    Histories are read repeatedly, so most proofs add nothing new, and must cost next to nothing.
    """
    known: list[Interval] = []
    firsts: list[Proof] = []
    for proof in proofs:
        new = coverage.gaps(known, proof.lo, proof.hi)
        if new:
            known = coverage.add(known, proof.lo, proof.hi)
            firsts += [replace(proof, lo=lo, hi=hi) for lo, hi in new]
    return sorted(firsts, key=lambda proof: proof.lo)


def _cut(run: IdRun, firsts: Sequence[Proof], at: int) -> Iterator[IdRun]:
    """Split a run into pieces that became known together; ids without a proof get no time."""
    lo, hi = run.lo, run.lo - 1  # of the current piece
    known: tuple[int | None, str | None] = (None, None)
    found: tuple[int | None, str | None]
    while hi < run.hi:
        proof = firsts[at] if at < len(firsts) and firsts[at].lo <= run.hi else None
        if proof is not None and proof.lo <= hi + 1:
            found, end = (proof.at, proof.how), min(run.hi, proof.hi)
            at += 1
        else:
            found, end = (None, None), run.hi if proof is None else proof.lo - 1
        if found != known and hi >= lo:
            yield IdRun(run.state, lo, hi, *known)
            lo = hi + 1
        known, hi = found, end
    yield IdRun(run.state, lo, hi, *known)


def of_imports(runs: Iterable[IdRun]) -> Iterator[IdRun]:
    """The runs of a channel known only from exports, where missing ids are "not imported"."""
    return (replace(one, state="not imported") if one.state == "not fetched" else one for one in runs)


def fill_held(runs: Iterable[IdRun], lo: int, hi: int) -> Iterator[IdRun]:
    """Add the held runs in between, so that the runs cover [lo, hi]. Runs are ascending and disjoint."""
    at = lo
    for run in runs:
        if run.lo > at:
            yield IdRun("held", at, run.lo - 1)
        yield run
        at = run.hi + 1
    if at <= hi:
        yield IdRun("held", at, hi)


def tally(runs: Iterable[IdRun]) -> Tally:
    """Count ids by state."""
    counts: dict[str, int] = {}
    if_posted = 0
    for run in runs:
        counts[run.state] = counts.get(run.state, 0) + run.count
        if_posted += run.count if run.claimed else 0
    return Tally(
        held=counts.get("held", 0),
        missing=counts.get("missing", 0),
        absent=counts.get("absent", 0),
        not_fetched=counts.get("not fetched", 0),
        outside=counts.get("outside", 0),
        not_imported=counts.get("not imported", 0),
        if_posted=if_posted,
    )
