"""What an error of the server makes of the index: the state that `status` tells."""

from __future__ import annotations

from typing import Final

from archiver.store.indexing import NodeState
from search.errors import (
    KeyRefused,
    RequestRefused,
    ServerBusy,
    ServerError,
    ServerUnreachable,
    StorageFull,
    WrongVersion,
)

STALE: Final = "it was made by another version of telekeep; `telekeep index rebuild` makes it anew."
FOREIGN: Final = "its documents are none of telekeep's; set [meilisearch] index to a name of its own."
"""Why nothing is sent to an index that is `stale`."""
LOG: Final = "Its log says why: other work, or a full disk."
_STATES: Final[tuple[tuple[type[ServerError], NodeState], ...]] = (
    (ServerUnreachable, "unreachable"),
    (ServerBusy, "busy"),
    (StorageFull, "full"),
    (KeyRefused, "refused"),
    (WrongVersion, "refused"),
    (RequestRefused, "refused"),
)


def node_state_after(error: ServerError) -> NodeState:
    """The state that the index is in while this is so."""
    if isinstance(error, RequestRefused) and (error.status or 0) >= 500:
        return "failing"  # a full disk too: sending to it ends in 500 and `internal`
    return next((state for kind, state in _STATES if isinstance(error, kind)), "failing")
