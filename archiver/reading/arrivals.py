"""Follow events in the archive: each one once, none missed, in any order of commits."""

from __future__ import annotations

from archiver.store.database import Reader
from archiver.store.messages.arrivals import Arrival, find_last_row, find_row_before, iter_changes_since, list_new

LAG = 3_900
"""Maximum seconds between the time of an event and its commit: a service waits up to an hour for another one that is
writing (`LOCKED`). Events this far back are read again; those already reported are skipped."""
CHUNK = 500
"""Maximum number of events per read, apart from new messages."""


class Arrivals:
    """A position in the order of events. New messages have a rowid; other events are kept while they may reappear."""

    def __init__(self, conn: Reader, *, now: int, since: int | None = None) -> None:
        """Begin now, or with the events noticed at `since` or later."""
        self._since = since
        self._row = find_last_row(conn) if since is None else find_row_before(conn, since - LAG)
        self._from = now - LAG if since is None else since
        self._seen: set[Arrival] = set()
        if since is None:
            self._seen.update(iter_changes_since(conn, self._from))

    def read_next(self, conn: Reader, *, now: int) -> list[Arrival]:
        """The next events, oldest first; empty if there are no more for now. `conn`: in a snapshot."""
        while True:
            new, last, is_full = list_new(conn, self._row, CHUNK)
            self._row = self._row if last is None else last
            # A full chunk ends at its last second: later changes wait until the new messages have come that far.
            upto = new[-1].at if is_full and new else None
            changes, reached = self._list_changes(conn, upto)
            self._forget(min(now, now if reached is None else reached) - LAG)
            found = sorted([*(one for one in new if self._since is None or one.at >= self._since), *changes])
            if found or last is None:
                return found

    def _list_changes(self, conn: Reader, upto: int | None) -> tuple[list[Arrival], int | None]:
        """The next changes, and the time up to which all are known; None: until now."""
        found: list[Arrival] = []
        for one in iter_changes_since(conn, self._from):
            if upto is not None and one.at > upto:
                break
            if one not in self._seen:
                self._seen.add(one)
                found.append(one)
                if len(found) == CHUNK:
                    return found, one.at
        return found, upto

    def _forget(self, before: int) -> None:
        """Forget the events before this time, which nothing can add to any more."""
        if before <= self._from:
            return
        self._from = before
        self._seen = {one for one in self._seen if one.at >= before}
