"""Who called what, when and how fast: counted for ever, kept in full only for the newest.

`mark` starts the counting anew. Times are the world's, see clock.py.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any

from tests.doubles.telegram.rpc import Call

KEPT = 1_000
"""Calls that are kept with their requests. A server that runs for months must not grow."""
_MINUTES = 7 * 24 * 60
FORBIDDEN = (  # what a polite mirror never calls
    "channels.joinChannel",
    "channels.readHistory",
    "channels.readMessageContents",
    "messages.importChatInvite",
    "messages.readHistory",
    "messages.sendMessage",
)


class Tally:
    """How many calls of one kind there were since the mark, and how close together."""

    def __init__(self, since: float) -> None:
        self.count = 0
        self.peak = 0  # the most within any second
        self.minutes: deque[int] = deque([0], maxlen=_MINUTES)  # calls in each minute since the mark, the newest last
        self._since = since
        self._minute = 0
        self._second: deque[float] = deque()  # times within the last second

    def add(self, now: float) -> None:
        self.count += 1
        while self._second and not now - 1 < self._second[0] <= now:
            self._second.popleft()
        self._second.append(now)
        self.peak = max(self.peak, len(self._second))
        self.until(now)
        self.minutes[-1] += 1

    def until(self, now: float) -> None:
        """Minutes without a call are minutes too."""
        minute = max(int((now - self._since) // 60), self._minute)
        self.minutes.extend([0] * min(minute - self._minute, _MINUTES))
        self._minute = minute


class Calls:
    """All calls of a server. Iterating gives the newest, oldest first."""

    def __init__(self, now: Callable[[], float], kept: int = KEPT) -> None:
        self.forbidden: list[Call] = []  # never forgotten
        self._now = now
        self._kept: deque[Call] = deque(maxlen=kept)
        self._dropped: Counter[str] = Counter()
        self.mark()

    def mark(self) -> None:
        """Count from zero. What is kept and what was forbidden stays."""
        self.since = self._now()
        self.all = Tally(self.since)
        self.methods: dict[str, Tally] = {}
        self.accounts: dict[int | None, Counter[str]] = {}  # account id -> calls of each method

    def append(self, call: Call) -> None:
        if len(self._kept) == self._kept.maxlen:
            self._dropped[self._kept[0].method] += 1
        self._kept.append(call)
        if call.method in FORBIDDEN or getattr(call.request, "increment", False):
            self.forbidden.append(call)
        self.all.add(call.time)
        self.methods.setdefault(call.method, Tally(self.since)).add(call.time)
        self.accounts.setdefault(call.account, Counter())[call.method] += 1

    def __iter__(self) -> Iterator[Call]:
        return iter(self._kept)

    def called(self, method: str) -> list[Any]:
        """The requests of this method, all of them; raises LookupError when some are not kept any more."""
        if self._dropped[method]:
            raise LookupError(f"only the newest {self._kept.maxlen} calls are kept; count({method!r}) knows how many")
        return [c.request for c in self._kept if c.method == method]

    # since the mark; without a method: of all

    @property
    def seconds(self) -> float:
        return max(self._now() - self.since, 0.0)

    def count(self, method: str | None = None) -> int:
        return self._tally(method).count

    def peak(self, method: str | None = None) -> int:
        """The highest number of calls within any second."""
        return self._tally(method).peak

    def rate(self, method: str | None = None) -> float:
        """Calls a second."""
        return self.count(method) / self.seconds if self.seconds else 0.0

    def minutes(self, method: str | None = None) -> list[int]:
        """Calls in each minute since the mark, the running one last; of a week at most."""
        tally = self._tally(method)
        tally.until(self._now())
        return list(tally.minutes)

    def _tally(self, method: str | None) -> Tally:
        return self.all if method is None else self.methods.get(method) or Tally(self.since)
