"""The result of one task of a verification."""

from __future__ import annotations

from dataclasses import dataclass, field

from archiver.model.fault import Fault


@dataclass(slots=True)
class TaskResult:
    """The result of a task."""

    payloads: int = 0
    readable: int = 0
    """Payloads that this version can read."""
    unreadable: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    compared: int = 0
    """Search rows compared with texts."""
