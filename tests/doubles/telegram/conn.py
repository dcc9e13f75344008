"""One connection: packets in, service messages handled, requests handed on, answers and pushes out.

https://core.telegram.org/mtproto/description and https://core.telegram.org/mtproto/service_messages
"""

from __future__ import annotations

import asyncio
import logging
import struct
import time
import zlib
from typing import TYPE_CHECKING, Any

from telethon.errors import TypeNotFoundError
from telethon.tl import TLObject, functions, types
from telethon.tl.alltlobjects import LAYER
from telethon.tl.core import GzipPacked, MessageContainer

from tests.doubles.telegram import crypto, service
from tests.doubles.telegram.auth import AuthRecord, new_salt
from tests.doubles.telegram.bomb import bomb
from tests.doubles.telegram.centres import find_key
from tests.doubles.telegram.faults import Plan
from tests.doubles.telegram.handshake import Handshake, HandshakeError, read_plain, write_plain
from tests.doubles.telegram.layers import in_layer, read_request
from tests.doubles.telegram.obedience import Order, Receipts
from tests.doubles.telegram.outlet import Outlet
from tests.doubles.telegram.post import unknown_object
from tests.doubles.telegram.service import Memory, Sent
from tests.doubles.telegram.transport import Transport

if TYPE_CHECKING:
    from tests.doubles.telegram.server import Server

_log = logging.getLogger(__name__)
_RPC_RESULT = 0xF35C6D01
_GARBAGE = (
    zlib.error,
    struct.error,
    BufferError,
    TypeNotFoundError,
    ValueError,
    RuntimeError,
    IndexError,
)  # of parsing it
_OLD, _NEW = 300, 30  # seconds that a message id may be wrong


class Connection:
    """One client's TCP connection to one data center, and the MTProto session in it."""

    def __init__(self, server: Server, dc: int, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.dc = dc
        self.outlet = Outlet(writer, server.net)
        self.key: AuthRecord | None = None
        self.memory = Memory()
        self.number = server.accepted  # in the order of their coming
        self.session_id = 0
        self.wants_updates = False
        self.init: Any = None  # the client's initConnection
        self.layer = 0
        self.transport: Transport | None = None
        self._handshake: Handshake | None = None
        self._seqno = 0
        self._last_msg_id = 0
        self._greeted = False  # with new_session_created
        self._held: list[bytes] = []
        self.receipts = Receipts()

    # in

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Until the client goes, or says something that no client says."""
        try:
            self.transport = await Transport.detect(reader)
            while True:
                self._receive(await self.transport.receive())
                await self.outlet.drain()
        except HandshakeError as exc:
            _log.debug("no key is made: %s", exc)
            self.transport_error(exc.code)
        except (asyncio.IncompleteReadError, ConnectionError, *_GARBAGE) as exc:
            _log.debug("connection over: %r", exc)
        finally:
            self.receipts.close()
            await self.outlet.close()

    def _receive(self, packet: bytes) -> None:
        if len(packet) < 24:
            raise ConnectionError("packet too short")
        key_id = int.from_bytes(packet[:8], "little")
        if key_id == 0:
            self._shake_hands(packet)
            return
        auth = find_key(self.server.keys, key_id, self.dc)
        if auth is None:
            self.transport_error(-404)
            raise ConnectionError("unknown key")
        plain = crypto.decrypt(auth.key, packet[8:])
        if plain is None:
            raise ConnectionError("bad message key")
        salt, session_id, msg_id, seqno, size = struct.unpack_from("<qqqii", plain)
        if session_id != self.session_id:
            self.session_id, self._seqno, self.key, self._greeted = session_id, 0, auth, False
            self.memory = Memory()
        self._message(salt, msg_id, seqno, plain[32 : 32 + size])

    def _shake_hands(self, packet: bytes) -> None:
        request = read_plain(packet)
        if self._handshake is None or isinstance(request, functions.ReqPqMultiRequest | functions.ReqPqRequest):
            retries, self.server.dh_retries = self.server.dh_retries, 0
            self._handshake = Handshake(dc=self.dc, retries=retries, schemes=self.server.rsa_schemes)
        shaken = self._handshake
        answer = shaken.answer(request)
        if shaken.auth_key is not None:
            expires = None if shaken.expires_in is None else time.time() + shaken.expires_in
            self.server.add_key(AuthRecord(shaken.auth_key, dc=self.dc, expires=expires))
            self.server.exchanges.append(shaken.scheme)
            self._handshake = None
        self._write(write_plain(self._next_msg_id(1), answer))

    def _message(self, salt: int, msg_id: int, seqno: int, body: bytes) -> None:
        """An outermost message: its id and salt are checked before anything is done."""
        auth = self._auth
        late = self._time() - (msg_id >> 32)
        if late > _OLD or -late > _NEW:
            self.refuse(msg_id, seqno, 16 if late > 0 else 17)
        elif salt != auth.salt and salt not in auth.future_salts:
            self.refuse(msg_id, seqno, 48)
        else:
            if not self._greeted:
                self._greeted = True
                self.new_session(msg_id)
            self._body(msg_id, seqno, body)

    def _body(self, msg_id: int, seqno: int, body: bytes) -> None:
        constructor = int.from_bytes(body[:4], "little")
        if constructor == MessageContainer.CONSTRUCTOR_ID:
            offset = 8
            for _ in range(int.from_bytes(body[4:8], "little")):
                inner_id, inner_seqno, size = struct.unpack_from("<qii", body, offset)
                self._body(inner_id, inner_seqno, body[offset + 16 : offset + 16 + size])
                offset += 16 + size
            return
        try:
            request = read_request(body)
        except TypeNotFoundError:
            self.answer(msg_id, types.RpcError(400, "INPUT_METHOD_INVALID")._bytes())
            return
        self.memory.note_received(msg_id, content=bool(seqno & 1))
        if not service.handle(self, msg_id, request):
            self.memory.note_query(msg_id)
            self.server.handle(self, msg_id, seqno, request)

    # out

    @property
    def auth(self) -> AuthRecord | None:
        """The key that the client is logged in by, or not: of a temporary one, that which it speaks for."""
        return self.key and self.key.identity

    @property
    def _auth(self) -> AuthRecord:
        assert self.key is not None
        return self.key

    def future_salts(self, msg_id: int, wanted: int) -> types.FutureSalts:
        """As many as asked for, 64 at most: each is valid for an hour, and the next from half an hour on."""
        auth, now = self._auth, int(self._time())
        while len(auth.future_salts) < min(max(wanted, 1), 64) - 1:
            auth.future_salts.append(new_salt())
        salts = [auth.salt, *auth.future_salts][: max(wanted, 1)]
        valid = [types.FutureSalt(now + 1800 * n, now + 1800 * (n + 2), salt) for n, salt in enumerate(salts)]
        return types.FutureSalts(msg_id, now, valid)

    def in_layer(self, body: bytes) -> bytes:
        """An answer or a push as the client's layer has it, or as this server has it when that is older."""
        return in_layer(body, min(self.layer or LAYER, self.server.speaks))

    def _time(self) -> float:
        return time.time() + self.server.skew

    def _next_msg_id(self, kind: int) -> int:
        """Time in the upper half; 1 marks an answer, 3 anything else."""
        now = self._time()
        msg_id = int(now) << 32 | int(now % 1 * 2**30) << 2 | kind
        if msg_id <= self._last_msg_id:
            msg_id = (self._last_msg_id | 3) + 1 + kind
        self._last_msg_id = msg_id
        return msg_id

    def _write(self, packet: bytes) -> None:
        if self.transport is not None:
            self.outlet.send(self.transport.pack(packet))

    def _seal(self, body: bytes, *, kind: int, content: bool, skew: int = 0) -> bytes:
        sent = Sent(self._next_msg_id(kind) + (skew << 32), self._next_seqno(content), body)
        if content:
            self.memory.note_sent(sent)
        return self._sealed(sent)

    def _sealed(self, sent: Sent) -> bytes:
        auth, (msg_id, seqno, body) = self._auth, sent
        head = struct.pack("<qqqii", auth.salt, self.session_id, msg_id, seqno, len(body))
        return struct.pack("<Q", auth.id) + crypto.encrypt(auth.key, head + body)

    def _next_seqno(self, content: bool) -> int:
        seqno = self._seqno * 2 + content
        self._seqno += content
        return seqno

    def send(self, body: bytes, *, content: bool = True) -> None:
        """A message that answers nothing: a push or a notification."""
        self._write(self._seal(body, kind=3, content=content))

    def ask_whether_read(self, order: Order[Any]) -> None:
        """Of an order that was just sent."""
        self.send(types.MsgsStateReq([self._last_msg_id])._bytes(), content=False)
        self.receipts.expect(self._last_msg_id, order)

    def send_again(self, sent: Sent) -> None:
        self._write(self._sealed(sent))

    def answer(self, req_msg_id: int, result: bytes, plan: Plan | None = None) -> None:
        if req_msg_id in self.memory.dropped:
            return
        self.memory.note_answered(req_msg_id)
        gzip = self.server.gzip if plan is None or plan.gzip is None else plan.gzip
        if plan is not None and plan.bomb is not None:
            megabytes, how = plan.bomb
            if how == "beside":
                self.send(bomb(megabytes, "once"))
            else:
                result, gzip = bomb(megabytes, how), False
        if gzip and len(result) > 512:
            result = bytes(GzipPacked(result))
        body = struct.pack("<Iq", _RPC_RESULT, req_msg_id) + result
        if plan is None:
            self._write(self._seal(body, kind=1, content=True))
            self._release()
        else:
            self._planned(body, plan)

    def _planned(self, body: bytes, plan: Plan) -> None:
        if plan.unknown == "alone":
            self.send(unknown_object()._bytes())
        if plan.unknown == "container":
            body = self._container([unknown_object()._bytes(), body])
        packet = self._seal(body, kind=1, content=plan.unknown != "container", skew=plan.skew)
        if plan.half is not None and self.transport is not None:
            self.outlet.reset(self.transport.pack(packet)[: plan.half])
            return
        if plan.cut is not None and self.transport is not None:
            self.outlet.end(self.transport.pack(packet)[: plan.cut])
            return
        if plan.reorder:
            self._held.append(packet)
            asyncio.get_running_loop().call_later(plan.reorder, self._release)  # nothing may ever follow
            return
        self._write(packet)
        if plan.dup:
            self._write(packet)
        self._release()

    def _container(self, bodies: list[bytes]) -> bytes:
        parts = [struct.pack("<Ii", MessageContainer.CONSTRUCTOR_ID, len(bodies))]
        parts += [
            struct.pack("<qii", self._next_msg_id(1), self._next_seqno(True), len(body)) + body for body in bodies
        ]
        return b"".join(parts)

    def _release(self) -> None:
        held, self._held = self._held, []
        for packet in held:
            self._write(packet)

    def refuse(self, msg_id: int, seqno: int, code: int) -> None:
        """bad_msg_notification, or bad_server_salt (48) with the salt to use."""
        notice: TLObject
        if code == 48:
            self.server.salts_refused += 1
            notice = types.BadServerSalt(msg_id, seqno, 48, self._auth.salt)
        else:
            notice = types.BadMsgNotification(msg_id, seqno, code)
        self.send(notice._bytes(), content=False)

    def change_salt(self) -> None:
        self._auth.future_salts.clear()
        self._auth.salt = new_salt()

    def new_session(self, first_msg_id: int) -> None:
        notice = types.NewSessionCreated(first_msg_id, new_salt(), self._auth.salt)
        self.send(notice._bytes())

    def transport_error(self, code: int) -> None:
        if self.transport is not None:
            self.outlet.send(self.transport.pack_error(code))

    def reset(self) -> None:
        self.outlet.reset()
