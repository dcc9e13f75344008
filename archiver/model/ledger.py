"""What of the archive is on its way into the index: claimed, under way, to be sent again. Pure, no clock, no I/O.

A *place* orders what is to be sent: `(seq, channel_id, message_id)` in the outbox, the same with 0 in a walk over the
archive. A *stretch* is all that stands within `(after, upto]`. Every stretch that was taken is either under way, or to
be sent again, or done; what is done is what the server said it has applied, in every index that it was sent to.

The outbox has two lanes: news, and behind it, from the sequence LATER on, what the history brought. Each is taken from
its own start, so that a post of this minute does not wait behind the hundred thousand of a channel's past.

    stretch = ledger.take()                  # of the news; or of another lane, or of the walk for an index
    ledger.sent(Batch(...))                  # what of it was sent; the rest is taken again
    ledger.settle(batch, BatchOutcome.APPLIED)    # or FAILED: halved, until a single message is left
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

Place: TypeAlias = tuple[int, int, int]
"""(seq, channel_id, message_id)."""
START: Final[Place] = (-1, 0, 0)
LATER: Final = 2**40
"""The first sequence of what can wait."""
BETWEEN: Final[Place] = (LATER, 0, 0)
"""The end of the news, and the start of what can wait."""
END: Final[Place] = (2**62, 0, 0)
MOST_DOCUMENTS: Final = 50_000
"""Of one task."""


class BatchOutcome(Enum):
    """What became of a batch."""

    APPLIED = "applied"
    """Each index has it."""
    LOST = "lost"
    """It was not applied, for a reason that does not lie in it."""
    FAILED = "failed"
    """It was not applied, and one of its messages may be why."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """All that stands within (after, upto], or the first `most` of it."""

    after: Place = START
    upto: Place = END
    most: int = MOST_DOCUMENTS
    walk_of: str | None = None
    """The index that the archive is walked for; None: of the outbox."""

    @property
    def is_open(self) -> bool:
        """Whether it ends where its lane does: it is taken as far as it is sent."""
        return self.upto in {BETWEEN, END}

    @property
    def lane(self) -> Lane:
        """What it is a stretch of."""
        return Lane(self.walk_of, later=self.walk_of is None and self.after >= BETWEEN)


class Lane(NamedTuple):
    """What is taken from its own start: the news, what can wait, or a walk."""

    walk_of: str | None = None
    later: bool = False

    @property
    def start(self) -> Place:
        """Before its first place."""
        return BETWEEN if self.later else START

    @property
    def end(self) -> Place:
        """Behind its last place."""
        return END if self.later or self.walk_of is not None else BETWEEN


NEWS: Final = Lane()
HISTORY: Final = Lane(later=True)


@dataclass(slots=True)
class Batch:
    """What was sent at once: the first `count` messages of a stretch, which end at its `upto`."""

    name: str
    stretch: Stretch
    count: int
    tasks: dict[str, int] = field(default_factory=dict)
    """The server's task for each index."""
    done: set[str] = field(default_factory=set)
    """Indexes whose task was applied."""
    size: int = 0
    """Bytes."""
    unreadable: list[Place] = field(default_factory=list)
    """What could not be made a document; it was not sent."""


class Ledger:
    """See above."""

    def __init__(self) -> None:
        self.under_way: list[Batch] = []
        self._again: deque[Stretch] = deque()
        self._claimed: dict[Lane, Place] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is under way or to be sent again."""
        return not self.under_way and not self._again

    @property
    def has_more(self) -> bool:
        """Whether something is to be sent again."""
        return bool(self._again)

    def claimed(self, lane: Lane) -> Place:
        """Up to where it was taken."""
        return self._claimed.get(lane, lane.start)

    def count_under_way(self, lane: Lane) -> int:
        """How many batches of it are under way."""
        return sum(batch.stretch.lane == lane for batch in self.under_way)

    def take_again(self) -> Stretch | None:
        """What is to be sent again, the longest waiting first."""
        return self._again.popleft() if self._again else None

    def take(self, lane: Lane = NEWS) -> Stretch:
        """What was never taken of it; it counts as taken as far as it is `sent`."""
        return Stretch(after=self.claimed(lane), upto=lane.end, walk_of=lane.walk_of)

    def sent(self, taken: Stretch, batch: Batch) -> None:
        """A batch of a stretch that was taken is under way."""
        self.under_way.append(batch)
        self.drop(taken, batch.stretch.upto)

    def drop(self, taken: Stretch, upto: Place) -> None:
        """Of a stretch that was taken nothing up to a place is left to be sent; the rest of it is."""
        self.pass_over(taken.lane, upto)
        if not taken.is_open and upto < taken.upto:
            self._again.appendleft(replace(taken, after=upto))

    def pass_over(self, lane: Lane, upto: Place) -> None:
        """Nothing of it up to a place is to be taken."""
        self._claimed[lane] = max(self.claimed(lane), upto)

    def put_back(self, taken: Stretch) -> None:
        """A stretch that was taken was not sent."""
        if not taken.is_open:
            self._again.appendleft(taken)

    def settle(self, batch: Batch, outcome: BatchOutcome, *, suspect: Place | None = None) -> Stretch | None:
        """A batch is not under way any more. A failed one of a single message is given back: that one is bad.

        `suspect`: the place of the message that the server named; only a failure of its own proves anything.
        """
        self.under_way.remove(batch)
        stretch = batch.stretch
        if outcome is BatchOutcome.APPLIED:
            return None
        if outcome is BatchOutcome.FAILED:
            if batch.count <= 1:
                return stretch
            if suspect is not None and stretch.after < suspect <= stretch.upto:
                self._single_out(stretch, suspect)
                return None
            stretch = replace(stretch, most=max(1, batch.count // 2))
        self._again.appendleft(stretch)
        return None

    def forget(self, walk_of: str) -> None:
        """Take a walk from its start again, as what is not done shows it."""
        self.under_way = [batch for batch in self.under_way if batch.stretch.walk_of != walk_of]
        self._again = deque(stretch for stretch in self._again if stretch.walk_of != walk_of)
        self._claimed.pop(Lane(walk_of), None)

    def frontier(self, walk_of: str) -> Place:
        """Up to where a walk is done: behind it something is under way, to be sent again, or not yet taken."""
        open_ = [batch.stretch for batch in self.under_way] + list(self._again)
        return min((one.after for one in open_ if one.walk_of == walk_of), default=self.claimed(Lane(walk_of)))

    def _single_out(self, stretch: Stretch, suspect: Place) -> None:
        seq, channel_id, message_id = suspect
        before = (seq, channel_id, message_id - 1)
        parts = [
            replace(stretch, after=max(before, stretch.after), upto=suspect, most=1),
            replace(stretch, upto=before),
            replace(stretch, after=suspect),
        ]
        self._again.extendleft(reversed([part for part in parts if part.after < part.upto]))
