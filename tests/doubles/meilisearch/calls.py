"""What the server was asked: one record for each request, and how many were under way at once."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass
class Call:
    method: str
    path: str  # without the query
    query: str
    key: str | None  # the bearer token
    content_type: str | None
    encoding: str | None  # Content-Encoding
    began: float  # time.monotonic()
    concurrent: int  # requests under way when this one came, itself included
    size: int = 0  # bytes of the body as they were sent
    status: int | None = None  # None: no answer was given
    ended: float | None = None
    fault: str | None = None  # what was done to it on purpose

    @property
    def target(self) -> str:
        return f"{self.method} {self.path}"


class Calls:
    """All calls in order of their coming."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()
        self._under_way = 0
        self.most_concurrent = 0

    def begin(self, method: str, path: str, query: str, **more: str | None) -> Call:
        with self._lock:
            self._under_way += 1
            self.most_concurrent = max(self.most_concurrent, self._under_way)
            call = Call(method, path, query, began=time.monotonic(), concurrent=self._under_way, **more)  # type: ignore[arg-type]
            self._calls.append(call)
            return call

    def end(self, call: Call) -> None:
        with self._lock:
            self._under_way -= 1
            call.ended = time.monotonic()

    def of(self, target: str = "*") -> list[Call]:
        """Calls whose `METHOD /path` the pattern fits."""
        with self._lock:
            return [call for call in self._calls if fnmatchcase(call.target, target)]

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self.most_concurrent = self._under_way
