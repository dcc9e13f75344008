"""Messages on their way from the archive to the index: claimed, in flight, to be resent. Pure, no clock, no I/O.

A *place* is a position in the sending order: `(seq, channel_id, message_id)` in the outbox, with seq 0 in a walk over
the archive. A *stretch* is everything within `(after, upto]`. A stretch that was taken is in flight, or to be resent,
or done: the server has confirmed it in every index it was sent to.

The outbox has two lanes: news, and from the sequence LATER on, what the history brought. Each is taken from its own
start, so that a new post does not wait behind a hundred thousand old ones.

    stretch = ledger.take()                     # of the news, of another lane, or of the walk for an index
    ledger.sent(stretch, Batch(...))            # the part that was sent; the rest is taken again
    ledger.settle(batch, BatchOutcome.APPLIED)  # or FAILED: halved, until a single message is left
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
"""The first sequence of the history lane."""
BETWEEN: Final[Place] = (LATER, 0, 0)
"""The end of the news lane and the start of the history lane."""
END: Final[Place] = (2**62, 0, 0)
MOST_DOCUMENTS: Final = 50_000
"""Maximum documents per task."""


class BatchOutcome(Enum):
    """The outcome of a batch."""

    APPLIED = "applied"
    """Every index has it."""
    LOST = "lost"
    """Not applied, for a reason unrelated to its content."""
    FAILED = "failed"
    """Not applied, possibly because of one of its messages."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Everything within (after, upto], or the first `most` messages of it."""

    after: Place = START
    upto: Place = END
    most: int = MOST_DOCUMENTS
    walk_of: str | None = None
    """The index that the archive is walked for; None for the outbox."""

    @property
    def is_open(self) -> bool:
        """Whether it ends where its lane does: only the part that is sent counts as taken."""
        return self.upto in {BETWEEN, END}

    @property
    def lane(self) -> Lane:
        """The lane it belongs to."""
        return Lane(self.walk_of, later=self.walk_of is None and self.after >= BETWEEN)


class Lane(NamedTuple):
    """An independent order of sending: the news, the history, or a walk."""

    walk_of: str | None = None
    later: bool = False

    @property
    def start(self) -> Place:
        """The place before its first one."""
        return BETWEEN if self.later else START

    @property
    def end(self) -> Place:
        """The place after its last one."""
        return END if self.later or self.walk_of is not None else BETWEEN


NEWS: Final = Lane()
HISTORY: Final = Lane(later=True)


@dataclass(slots=True)
class Batch:
    """Messages sent together: the first `count` of a stretch, ending at its `upto`."""

    name: str
    stretch: Stretch
    count: int
    tasks: dict[str, int] = field(default_factory=dict)
    """The server's task for each index."""
    done: set[str] = field(default_factory=set)
    """Indexes that have applied it."""
    size: int = 0
    """Bytes."""
    unreadable: list[Place] = field(default_factory=list)
    """Messages that could not be converted to documents, and were not sent."""


class Ledger:
    """Tracks the stretches of all lanes that are claimed, in flight or to be resent."""

    def __init__(self) -> None:
        self.under_way: list[Batch] = []
        self._again: deque[Stretch] = deque()
        self._claimed: dict[Lane, Place] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in flight or to be resent."""
        return not self.under_way and not self._again

    @property
    def has_more(self) -> bool:
        """Whether something is to be resent."""
        return bool(self._again)

    def claimed(self, lane: Lane) -> Place:
        """The place up to which a lane has been taken."""
        return self._claimed.get(lane, lane.start)

    def count_under_way(self, lane: Lane) -> int:
        """Number of a lane's batches in flight."""
        return sum(batch.stretch.lane == lane for batch in self.under_way)

    def take_again(self) -> Stretch | None:
        """Take the first stretch to resend, if any."""
        return self._again.popleft() if self._again else None

    def take(self, lane: Lane = NEWS) -> Stretch:
        """Everything in a lane not taken yet; the part that is then `sent` counts as taken."""
        return Stretch(after=self.claimed(lane), upto=lane.end, walk_of=lane.walk_of)

    def sent(self, taken: Stretch, batch: Batch) -> None:
        """Record that a batch of a taken stretch is in flight."""
        self.under_way.append(batch)
        self.drop(taken, batch.stretch.upto)

    def drop(self, taken: Stretch, upto: Place) -> None:
        """Drop a taken stretch up to a place; the rest is left to be sent."""
        self.pass_over(taken.lane, upto)
        if not taken.is_open and upto < taken.upto:
            self._again.appendleft(replace(taken, after=upto))

    def pass_over(self, lane: Lane, upto: Place) -> None:
        """Skip a lane up to a place."""
        self._claimed[lane] = max(self.claimed(lane), upto)

    def put_back(self, taken: Stretch) -> None:
        """Return a taken stretch that was not sent."""
        if not taken.is_open:
            self._again.appendleft(taken)

    def settle(self, batch: Batch, outcome: BatchOutcome, *, suspect: Place | None = None) -> Stretch | None:
        """Record a batch's outcome. Returns the stretch of a failed batch of one message: that message is bad.

        `suspect`: the place of the message that the server named; it is resent alone, because only that proves it bad.
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
        """Forget a walk, so that it starts over."""
        self.under_way = [batch for batch in self.under_way if batch.stretch.walk_of != walk_of]
        self._again = deque(stretch for stretch in self._again if stretch.walk_of != walk_of)
        self._claimed.pop(Lane(walk_of), None)

    def is_walked(self, index: str) -> bool:
        """Whether everything taken from a walk is applied."""
        return self.frontier(index) == self.claimed(Lane(index))

    def frontier(self, walk_of: str) -> Place:
        """The place up to which a walk is done; after it, something is in flight, to be resent, or not yet taken."""
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
