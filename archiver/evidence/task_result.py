"""One task of a verification, and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from archiver.ids import ChannelId
from archiver.model.fault import Fault

Kind: TypeAlias = Literal["file", "archive", "messages", "search", "index", "rows", "words"]


class VerifyTask(NamedTuple):
    """A unit of work: messages of a channel by id, search rows by docid, or one whole check.

    For `words`, `hi` is the least number of search rows to compare with texts.
    """

    kind: Kind
    channel_id: ChannelId = ChannelId(0)
    lo: int = 0
    hi: int = 0
    lines: bool = False
    """Whether to compare search rows with the texts of their messages."""
    findable: bool = True
    """Whether there are search tables to compare messages with."""


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
