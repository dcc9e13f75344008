"""What clients wrap around their requests: the layer, who they are, that they want no updates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telethon.tl import functions

from tests.doubles.telegram.rpc import Call

if TYPE_CHECKING:
    from tests.doubles.telegram.conn import Connection

_WRAPPERS = (
    functions.InvokeWithLayerRequest,
    functions.InitConnectionRequest,
    functions.InvokeWithoutUpdatesRequest,
    functions.InvokeAfterMsgRequest,
    functions.InvokeAfterMsgsRequest,
    functions.InvokeWithTakeoutRequest,
    functions.InvokeWithMessagesRangeRequest,
)


def unwrap(conn: Connection, call: Call) -> None:
    """Leave only the innermost request in the call, and note what the wrappers said."""
    for _ in range(16):
        inner = call.request
        if not isinstance(inner, _WRAPPERS):
            break
        if isinstance(inner, functions.InvokeWithLayerRequest):
            conn.layer = inner.layer
        elif isinstance(inner, functions.InitConnectionRequest):
            conn.init = inner
        elif isinstance(inner, functions.InvokeWithoutUpdatesRequest):
            call.no_updates = True
        elif isinstance(inner, functions.InvokeWithTakeoutRequest):
            call.takeout = inner.takeout_id
        call.request = inner.query
