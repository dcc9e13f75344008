"""What a server says of an index, and whether it is ours at all. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search.document import Key
from search.meili.settings import FORMS, PRIMARY_KEY, TERMS
from search.meili.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensured:
    """What `ensure` found and did."""

    created: bool
    """The index was not there."""
    tasks: tuple[Task, ...]
    """Of making it and of its settings; empty when nothing differed."""
    stale: bool
    """Its documents are of another version: it is left as it is and is to be built anew beside it."""
    foreign: bool = False
    """They are none of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What an index says of itself."""

    documents: int
    indexing: bool
    size: int | None
    """Bytes of the documents on the server's disk; None when it does not say."""


def is_foreign(primary_key: str | None, settings: Mapping[str, Any], some: Sequence[Key | None]) -> bool:
    """Whether an index of these settings, with some of its documents, was filled by somebody else.

    One without our settings may be ours: a server that lost it makes it anew for the documents that are sent to it.
    """
    if primary_key not in {None, PRIMARY_KEY}:
        return True
    return settings.get("searchableAttributes") != [TERMS, FORMS] and bool(some) and not any(some)
