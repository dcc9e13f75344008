"""What the workers of one account share: where they read and write, and how often they may ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from archiver.clock import Clock
from archiver.errors import Error
from archiver.mirror.ingest import Ingest
from archiver.mirror.source import Source
from archiver.store.channels.channel import Mirrored
from archiver.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerContext:
    """An account's connections to the server and to the archive."""

    account: str
    """Its label."""
    source: Source
    database: Database
    ingest: Ingest
    clock: Clock
    on_failure: Callable[[Mirrored, Error], Awaitable[None]]
    """Called with an error that concerns one channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings:
    """Intervals in seconds, and the request rate an account may use."""

    poll_interval: float = 30.0
    audit_interval: float = 24 * 3600.0
    requests_per_second: float = 1.0
    """0: unlimited."""
    takeout: bool = False
    """Whether to read histories within a takeout session."""
