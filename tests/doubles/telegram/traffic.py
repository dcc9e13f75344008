"""What files cost: rates, floods by the window, connections that are too many; and who fetched which part.

srv.traffic.connection_rate = 2e6                   # bytes a second of each connection; account_rate: of an account
srv.traffic.small(calls=30, seconds=30)             # FLOOD_WAIT for files of one part
srv.traffic.large(size=20 << 20, seconds=30)        # FLOOD_PREMIUM_WAIT by bytes
srv.traffic.most_connections = 20                   # of one account; more are closed
srv.traffic.parts, srv.traffic.repeated()           # what was answered, and what more than once
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from telethon.tl import functions as fn

from tests.doubles.telegram import file_faults  # noqa: F401 - makes its faults known
from tests.doubles.telegram.download import Part
from tests.doubles.telegram.faults import Action, Plan, flood, premium_flood
from tests.doubles.telegram.files import File, Files, Key
from tests.doubles.telegram.rpc import Call

if TYPE_CHECKING:
    from tests.doubles.telegram.conn import Connection

_MIB = 1 << 20


class Fetched(NamedTuple):
    """A part that was answered."""

    key: Key
    letter: str
    offset: int
    size: int  # of the true bytes, whatever a fault made of them
    account: int | None
    connection: int
    dc: int
    asked: float  # times of the world
    time: float
    takeout: bool


@dataclass
class Allowance:
    """So many calls or bytes in any so many seconds, for each account by itself."""

    most: float
    seconds: float
    premium: bool
    taken: dict[int | None, deque[tuple[float, float]]] = field(default_factory=lambda: defaultdict(deque))

    def take(self, account: int | None, cost: float, now: float) -> Action | None:
        times = self.taken[account]
        while times and times[0][0] <= now - self.seconds:
            times.popleft()
        if not times or sum(paid for _, paid in times) + cost <= self.most:
            times.append((now, cost))
            return None
        wait = max(ceil(times[0][0] + self.seconds - now), 1)
        return premium_flood(wait) if self.premium else flood(wait)


class Traffic:
    """The limits of downloading at one server, and the account of it."""

    def __init__(self, files: Files) -> None:
        self.connection_rate = 0.0  # bytes a second; 0: as fast as can be
        self.account_rate = 0.0
        self.most_connections: int | None = 20
        self.closed = 0  # connections that were too many
        self.cdn_asked = 0  # calls that would be sent to a CDN: a client that cannot check it must not
        self.parts: list[Fetched] = []
        self.errors: Counter[str] = Counter()
        self.exports: Counter[tuple[int | None, int]] = Counter()  # (account, data centre) -> authorizations exported
        self._files = files
        self._small: Allowance | None = None
        self._large: Allowance | None = None
        self._free_at: dict[tuple[str, int | None], float] = {}  # when a line has sent what was asked of it

    # limits

    def small(self, calls: int = 30, seconds: float = 30, *, premium: bool = False) -> None:
        """Files of one megabyte at most: so many calls; 0 ends it."""
        self._small = Allowance(calls, seconds, premium) if calls else None

    def large(self, size: float, seconds: float = 30, *, premium: bool = True) -> None:
        """Larger files: so many bytes; 0 ends it."""
        self._large = Allowance(size, seconds, premium) if size else None

    def meter(self, call: Call) -> Action | None:
        """For `Faults.meters`."""
        if not (self._small or self._large) or (file := self._asked(call)) is None:
            return None
        letter = call.request.location.thumb_size
        if letter in file.sizes and file.sizes[letter][2] <= _MIB:
            return self._small and self._small.take(call.account, 1, call.time)
        return self._large and self._large.take(call.account, call.request.limit, call.time)

    def paced(self, call: Call, plan: Plan | None, now: float) -> Plan | None:
        """The plan of this call, with the time that its bytes take on lines of such rates."""
        if call.account is None or not (self.connection_rate or self.account_rate):
            return plan
        if (plan and plan.error) or (file := self._asked(call)) is None:
            return plan
        request = call.request
        whole = file.sizes.get(request.location.thumb_size, (0, 0, 0))[2]
        size = max(min(request.limit, whole - request.offset), 0)
        ready = now
        lines = (("connection", call.connection, self.connection_rate), ("account", call.account, self.account_rate))
        for kind, number, rate in lines:
            if rate:
                free = max(self._free_at.get((kind, number), now), now) + size / rate
                self._free_at[kind, number] = free
                ready = max(ready, free)
        plan = plan or Plan()
        plan.delay += ready - now
        return plan

    def _asked(self, call: Call) -> File | None:
        if not isinstance(call.request, fn.upload.GetFileRequest):
            return None
        return self._files.find(getattr(call.request.location, "id", 0))

    def is_crowded(self, conn: Connection, connections: set[Connection]) -> bool:
        """Whether this is a connection too many of its account."""
        if self.most_connections is None or len(connections) <= self.most_connections:
            return False
        if conn.auth is None or conn.auth.account_id is None:
            return False
        own = sum(other.auth is not None and other.auth.account_id == conn.auth.account_id for other in connections)
        self.closed += own > self.most_connections
        return own > self.most_connections

    @staticmethod
    def open(connections: set[Connection], dc: int) -> int:
        """Connections of a data centre that are open now."""
        return sum(conn.dc == dc for conn in connections)

    # the account

    def note(self, call: Call, dc: int, result: Any) -> None:
        if isinstance(result, Part):
            about = (call.account, call.connection, dc, call.time, self._files.now(), call.takeout is not None)
            self.parts.append(Fetched(result.file.key, result.letter, result.offset, len(result.bytes), *about))
        elif isinstance(call.request, fn.upload.GetFileRequest):
            self.cdn_asked += bool(call.request.cdn_supported)
        elif isinstance(call.request, fn.auth.ExportAuthorizationRequest):
            self.exports[call.account, call.request.dc_id] += 1

    def note_error(self, call: Call, error: str) -> None:
        if isinstance(call.request, fn.upload.GetFileRequest):
            self.errors[error.rstrip("0123456789").rstrip("_") if error.startswith(("FLOOD", "FILE_M")) else error] += 1

    def forget(self) -> None:
        """Count from zero."""
        self.parts.clear()
        self.errors.clear()
        self.exports.clear()
        self.closed = self.cdn_asked = 0

    def repeated(self) -> dict[tuple[Key, str, int], int]:
        """Bytes that were answered more than once: file, size letter and offset, and how often."""
        seen = Counter((part.key, part.letter, part.offset) for part in self.parts if part.size)
        return {part: count for part, count in seen.items() if count > 1}

    def sizes(self) -> Iterator[tuple[Key, int]]:
        """Each file of which something was answered, and how many bytes of it."""
        total: Counter[Key] = Counter()
        for part in self.parts:
            total[part.key] += part.size
        yield from total.items()
