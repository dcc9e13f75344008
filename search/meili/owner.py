"""The state of an index on a server, and whether telekeep created it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search.document import Key
from search.meili.settings import PRIMARY_KEY, WORDS
from search.meili.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsureResult:
    """Result of `Node.ensure`."""

    created: bool
    """The index did not exist."""
    tasks: tuple[Task, ...]
    """Tasks that create the index or change its settings; empty if nothing differed."""
    stale: bool
    """Its documents are of another version: it is left unchanged and must be rebuilt."""
    foreign: bool = False
    """Its documents were not written by telekeep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStats:
    """Statistics of an index."""

    documents: int
    indexing: bool
    size: int | None
    """Bytes of the documents on the server's disk; None if unknown."""


def is_foreign(primary_key: str | None, settings: Mapping[str, Any], some: Sequence[Key | None]) -> bool:
    """Whether an index was filled by another program, judged by its settings and some of its documents.

    An index without our settings may still be ours: a server that lost it recreates it when documents arrive.
    """
    if primary_key not in {None, PRIMARY_KEY}:
        return True
    return WORDS not in (settings.get("searchableAttributes") or ()) and bool(some) and not any(some)
