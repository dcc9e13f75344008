"""What of the archive is on its way into the index: claimed, under way, to be sent again. Pure, no clock, no I/O.

A *place* orders what is to be sent: `(seq, channel_id, message_id)` in the outbox, the same with 0 in a walk over the
archive. A *stretch* is all that stands within `(after, upto]`. Every stretch that was taken is either under way, or to
be sent again, or done; what is done is what the server said it has applied, in every index that it was sent to.

    stretch = ledger.take(None)              # of the outbox; or of the walk for an index
    ledger.sent(Batch(...))                  # what of it was sent; the rest is taken again
    ledger.settle(batch, Outcome.APPLIED)    # or FAILED: halved, until a single message is left
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, TypeAlias

Place: TypeAlias = tuple[int, int, int]
"""(seq, channel_id, message_id)."""
START: Final[Place] = (-1, 0, 0)
END: Final[Place] = (2**62, 0, 0)
MOST_DOCUMENTS: Final = 50_000
"""Of one task."""


class Outcome(Enum):
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
        self._claimed: dict[str | None, Place] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is under way or to be sent again."""
        return not self.under_way and not self._again

    @property
    def has_more(self) -> bool:
        """Whether something is to be sent again."""
        return bool(self._again)

    def claimed(self, walk_of: str | None) -> Place:
        """Up to where the outbox, or a walk, was taken."""
        return self._claimed.get(walk_of, START)

    def take_again(self) -> Stretch | None:
        """What is to be sent again, the longest waiting first."""
        return self._again.popleft() if self._again else None

    def take(self, walk_of: str | None = None) -> Stretch:
        """What was never taken of the outbox or of a walk; it counts as taken as far as it is `sent`."""
        return Stretch(after=self.claimed(walk_of), walk_of=walk_of)

    def sent(self, taken: Stretch, batch: Batch) -> None:
        """A batch of a stretch that was taken is under way."""
        self.under_way.append(batch)
        self.drop(taken, batch.stretch.upto)

    def drop(self, taken: Stretch, upto: Place) -> None:
        """Of a stretch that was taken nothing up to a place is left to be sent; the rest of it is."""
        self._claimed[taken.walk_of] = max(self.claimed(taken.walk_of), upto)
        if taken.upto != END and upto < taken.upto:
            self._again.appendleft(replace(taken, after=upto))

    def put_back(self, taken: Stretch) -> None:
        """A stretch that was taken was not sent."""
        if taken.upto != END:
            self._again.appendleft(taken)

    def settle(self, batch: Batch, outcome: Outcome, *, suspect: Place | None = None) -> Stretch | None:
        """A batch is not under way any more. A failed one of a single message is given back: that one is bad.

        `suspect`: the place of the message that the server named; only a failure of its own proves anything.
        """
        self.under_way.remove(batch)
        stretch = batch.stretch
        if outcome is Outcome.APPLIED:
            return None
        if outcome is Outcome.FAILED:
            if batch.count <= 1:
                return stretch
            if suspect is not None and stretch.after < suspect <= stretch.upto:
                self._single_out(stretch, suspect)
                return None
            stretch = replace(stretch, most=max(1, batch.count // 2))
        self._again.appendleft(stretch)
        return None

    def forget(self, walk_of: str | None) -> None:
        """Take the outbox, or a walk, from its start again, as what is not acknowledged shows it."""
        self.under_way = [batch for batch in self.under_way if batch.stretch.walk_of != walk_of]
        self._again = deque(stretch for stretch in self._again if stretch.walk_of != walk_of)
        self._claimed.pop(walk_of, None)

    def frontier(self, walk_of: str) -> Place:
        """Up to where a walk is done: behind it something is under way, to be sent again, or not yet taken."""
        open_ = [batch.stretch for batch in self.under_way] + list(self._again)
        return min((one.after for one in open_ if one.walk_of == walk_of), default=self.claimed(walk_of))

    def _single_out(self, stretch: Stretch, suspect: Place) -> None:
        seq, channel_id, message_id = suspect
        before = (seq, channel_id, message_id - 1)
        parts = [
            replace(stretch, after=max(before, stretch.after), upto=suspect, most=1),
            replace(stretch, upto=before),
            replace(stretch, after=suspect),
        ]
        self._again.extendleft(reversed([part for part in parts if part.after < part.upto]))
