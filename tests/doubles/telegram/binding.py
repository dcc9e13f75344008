"""auth.bindTempAuthKey: a temporary key speaks for a permanent one. https://core.telegram.org/api/pfs"""

from __future__ import annotations

import struct
import time
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram import crypto
from tests.doubles.telegram.auth import AuthRecord
from tests.doubles.telegram.rpc import Call, Context, Rpc, method

_ID = (1 << 64) - 1
_HEAD = struct.Struct("<16sqii")  # a random number, message id, seqno 0, length


@method(fn.auth.BindTempAuthKeyRequest, login=False)
def bind(ctx: Context, request: fn.auth.BindTempAuthKeyRequest) -> bool:
    call = ctx.call
    assert call is not None
    assert call.key is not None
    if not call.key.expires:
        raise Rpc(400, "TEMP_AUTH_KEY_EMPTY")
    perm = ctx.keys.get(request.perm_auth_key_id & _ID)
    if perm is None or perm.expires or perm.dc != ctx.dc:
        raise Rpc(400, "ENCRYPTED_MESSAGE_INVALID")
    if call.key.bound not in (None, perm):
        raise Rpc(400, "TEMP_AUTH_KEY_ALREADY_BOUND")
    inner = _open(perm, request, call)
    if inner != (request.nonce, call.key.id, perm.id, call.session_id, _unix(request.expires_at)):
        raise Rpc(400, "ENCRYPTED_MESSAGE_INVALID")
    if _unix(request.expires_at) <= time.time():
        raise Rpc(400, "EXPIRES_AT_INVALID")
    call.key.bound, call.key.expires = perm, min(call.key.expires, _unix(request.expires_at))
    return True


def _open(perm: AuthRecord, request: fn.auth.BindTempAuthKeyRequest, call: Call) -> tuple[int, ...] | None:
    """What the client sealed with the permanent key, by the first version of the protocol."""
    sealed = request.encrypted_message
    if sealed[:8] != struct.pack("<Q", perm.id) or (plain := crypto.decrypt_v1(perm.key, sealed[8:])) is None:
        return None
    _random, msg_id, _seqno, size = _HEAD.unpack_from(plain)
    try:
        inner = BinaryReader(plain[_HEAD.size : _HEAD.size + size]).tgread_object()
    except (TypeNotFoundError, BufferError, ValueError, struct.error):
        return None
    if msg_id != call.msg_id or not isinstance(inner, types.BindAuthKeyInner):
        return None
    ids = (inner.temp_auth_key_id & _ID, inner.perm_auth_key_id & _ID)
    return inner.nonce, *ids, inner.temp_session_id, _unix(inner.expires_at)


def _unix(at: Any) -> int:
    return int(at.timestamp()) if hasattr(at, "timestamp") else int(at or 0)
