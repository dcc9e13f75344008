"""The node state that a server error leads to, as shown by `status`."""

from __future__ import annotations

from typing import Final

from archiver.store.index.index_node import NodeState
from search.errors import (
    KeyRefused,
    RequestRefused,
    ServerBusy,
    ServerError,
    ServerUnreachable,
    StorageFull,
    WrongVersion,
)

STALE: Final = "it was made by another version of telekeep; `telekeep index rebuild` rebuilds it."
FOREIGN: Final = "its documents are not telekeep's; set [meilisearch] index to another name."
"""Reasons for `stale`: nothing is sent to such an index."""
_STATES: Final[tuple[tuple[type[ServerError], NodeState], ...]] = (
    (ServerUnreachable, "unreachable"),
    (ServerBusy, "busy"),
    (StorageFull, "full"),
    (KeyRefused, "refused"),
    (WrongVersion, "refused"),
    (RequestRefused, "refused"),
)


def node_state_after(error: ServerError) -> NodeState:
    """Return the state of the node while this error persists."""
    if isinstance(error, RequestRefused) and (error.status or 0) >= 500:
        return "failing"  # including a full disk: a send then fails with 500 `internal`
    return next((state for kind, state in _STATES if isinstance(error, kind)), "failing")
