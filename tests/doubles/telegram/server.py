"""The server: a listening socket a data centre on 127.0.0.1, keys, calls, faults and pushes.

async with Server(world) as srv:
    client = TelegramClient(srv.client_session(account), 1, "x")
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

from telethon.crypto import AuthKey, rsa
from telethon.sessions import MemorySession
from telethon.tl import TLObject, types
from telethon.tl.alltlobjects import LAYER

from tests.doubles.telegram import binding, crypto, difference, download, history, login, names, ordinary, shut, takeout
from tests.doubles.telegram.auth import AuthRecord
from tests.doubles.telegram.calls import KEPT, Calls
from tests.doubles.telegram.centres import FILE_DC, HOME_DC, MOST, Centres, check, home_of
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.conn import Connection
from tests.doubles.telegram.faults import Faults, Plan, Violation
from tests.doubles.telegram.files import personal
from tests.doubles.telegram.handshake import RSA_SCHEMES
from tests.doubles.telegram.layers import OLDEST
from tests.doubles.telegram.outlet import Net
from tests.doubles.telegram.post import unknown_object
from tests.doubles.telegram.pushes import Pushes
from tests.doubles.telegram.rpc import HANDLERS, OPEN, Call, Context, Rpc, Shut, method_name, serialise
from tests.doubles.telegram.traffic import Traffic
from tests.doubles.telegram.world import Account, World
from tests.doubles.telegram.wrappers import unwrap

_log = logging.getLogger(__name__)
_MODULES = (binding, difference, download, history, login, names, ordinary, takeout)  # importing them fills HANDLERS


class Server:
    """A loopback Telegram around a world. Leaving the context closes every socket and task."""

    def __init__(
        self,
        world: World,
        *,
        port: int = 0,
        seed: int = 0,
        gzip: bool = False,
        keys: dict[int, AuthRecord] | None = None,
        keep_calls: int = KEPT,
        dcs: int = MOST,
        dc_ports: dict[int, int] | None = None,
    ) -> None:
        self.world = world
        self.faults = Faults(seed)
        self.faults.grace["upload.getFile"] = 0.5  # parts are asked for side by side: see obedience.py
        self.traffic = Traffic(world.files)
        self.faults.meters.append(self.traffic.meter)
        self.net = Net()
        self.skew = 0.0  # seconds that MTProto's own clock is ahead of ours: it refuses ids of another time
        self.gzip = gzip
        self.speaks = LAYER  # a lower one: it answers in that layer whatever layer the client names
        self.dh_retries = 0  # answer the next handshake so many times with dh_gen_retry
        self.rsa_schemes: tuple[str, ...] = RSA_SCHEMES  # ("pad",) refuses the scheme of before 2021, ("old",) RSA_PAD
        self.exchanges: list[str] = []  # the scheme of each key that was made
        self.keys = {} if keys is None else keys  # those of another server survive it
        self.connections: set[Connection] = set()
        self.accepted = 0  # connections that ever were
        self.pushes = Pushes(world, self.connections)
        self.calls = Calls(world.clock.now, keep_calls)
        ports = dict.fromkeys(range(1, dcs + 1), 0) | {HOME_DC: port} | (dc_ports or {})
        self.centres = Centres(self._accept, ports)
        self.salts_refused = 0
        self.accepted_at: Counter[int] = Counter()  # connections that each data centre ever had
        self._tasks: set[asyncio.Task[None]] = set()

    # life

    async def __aenter__(self) -> Self:
        # Telethon keeps public keys for the whole process; ours is one more, and none is replaced.
        rsa.add_key(crypto.PUBLIC_KEY_PEM, old=False)
        await self.centres.open()
        self.world.listeners.append(self.pushes.on_event)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.world.listeners.remove(self.pushes.on_event)
        self.centres.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.centres.wait_closed()

    def _accept(self, dc: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._spawn(self._serve(dc, reader, writer), "telegram connection")

        return accept

    async def _serve(self, dc: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conn = Connection(self, dc, writer)
        self.connections.add(conn)
        self.accepted += 1
        self.accepted_at[dc] += 1
        try:
            await conn.serve(reader)
        finally:
            self.connections.discard(conn)

    def _spawn(self, work: Any, name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # what tests ask

    @property
    def port(self) -> int:
        """Of the data centre at which clients begin."""
        return self.centres.ports[HOME_DC]

    @property
    def file_port(self) -> int:
        """Of the one that has the files which are not at home."""
        return self.centres.ports[FILE_DC]

    @property
    def public_key_pem(self) -> str:
        return crypto.PUBLIC_KEY_PEM

    @property
    def violations(self) -> list[Violation]:
        """Calls that came before a flood wait was over."""
        return self.faults.violations

    @property
    def forbidden(self) -> list[Call]:
        """Calls that a polite mirror never makes."""
        return self.calls.forbidden

    @property
    def clock(self) -> float:
        """Seconds that the world's time is ahead of ours. Message ids keep the real time: clients check them."""
        return self.world.clock.ahead

    @clock.setter
    def clock(self, seconds: float) -> None:
        self.world.clock.ahead = seconds

    @property
    def clock_speed(self) -> float:
        """Seconds of the world in a real second."""
        return self.world.clock.speed

    @clock_speed.setter
    def clock_speed(self, speed: float) -> None:
        self.world.clock.speed = speed

    def called(self, method: str) -> list[Any]:
        """The requests of this method; LookupError when there were too many to keep."""
        return self.calls.called(method)

    def add_key(self, auth: AuthRecord) -> AuthRecord:
        self.keys[auth.id] = auth
        return auth

    def client_session(self, account: Account | None = None) -> MemorySession:
        """A session that knows a key already: no handshake, and logged in when an account is given."""
        dc = (account and account.home_dc) or HOME_DC
        auth = self.add_key(AuthRecord(crypto.new_auth_key(), dc=dc, account_id=account.id if account else None))
        session = self.fresh_session(dc)
        session.auth_key = AuthKey(auth.key)
        return session

    def fresh_session(self, dc: int = HOME_DC) -> MemorySession:
        """A session that knows only where the server is."""
        session = MemorySession()
        session.set_dc(dc, "127.0.0.1", self.centres.ports[dc])
        return session

    def log_out_everywhere(self, account: Account) -> None:
        """The account's keys stay known, but belong to nobody any more."""
        for auth in self.keys.values():
            if auth.account_id == account.id:
                auth.account_id = None

    def drop_connections(self) -> None:
        for conn in list(self.connections):
            conn.reset()

    def push(self, *updates: Any, account: Account | None = None, channel: Channel | None = None) -> int:
        """Send updates to every session that wants them; how many did is returned."""
        return self.pushes.push(updates, account=account, channel=channel)

    # calls

    def handle(self, conn: Connection, msg_id: int, seqno: int, request: TLObject) -> None:
        assert conn.auth is not None
        came = {"msg_id": msg_id, "session_id": conn.session_id, "key": conn.key, "connection": conn.number}
        sent = conn.receipts.sent_at(msg_id)
        call = Call(self.world.clock.now(), conn.auth.account_id, "", request, sent=sent, **came)
        unwrap(conn, call)
        call.method = method_name(call.request)
        self.calls.append(call)
        if not call.no_updates and conn.dc == home_of(self.world, conn.auth):
            conn.wants_updates = True
        if self.traffic.is_crowded(conn, self.connections):
            conn.reset()
            return
        plan = self.traffic.paced(call, self.faults.plan(call), asyncio.get_running_loop().time())
        if plan is None:
            conn.answer(msg_id, self._run(conn, call))
        else:
            self._spawn(self._planned(conn, msg_id, seqno, call, plan), "telegram answer")

    async def _planned(self, conn: Connection, msg_id: int, seqno: int, call: Call, plan: Plan) -> None:
        if plan.delay:
            await asyncio.sleep(plan.delay)
        if plan.drop:
            conn.reset()
        elif plan.transport is not None:
            conn.transport_error(plan.transport)
        elif plan.refuse is not None:
            if plan.refuse == 48:
                conn.change_salt()
            conn.refuse(msg_id, seqno, plan.refuse)
        elif not plan.hang:
            if plan.new_session:
                conn.new_session(msg_id)
            conn.answer(msg_id, self._run(conn, call, plan), plan)
            if plan.order is not None and call.method in self.faults.grace and not plan.lost and not plan.reorder:
                conn.ask_whether_read(plan.order)

    def _run(self, conn: Connection, call: Call, plan: Plan | None = None) -> bytes:
        """The result, or the rpc_error, as bytes."""
        assert conn.auth is not None
        try:
            if plan is not None and plan.error is not None:
                raise Rpc(*plan.error)
            result = self._invoke(conn, conn.auth, call)
            self.traffic.note(call, conn.dc, result)
            if plan is not None and plan.unknown == "vector":
                _spoil(result)
            if plan is not None and plan.empty:
                result.messages = []
            if plan is not None and plan.lie is not None:
                result = plan.lie(result)
            answer = serialise(result)
        except Rpc as exc:
            self.traffic.note_error(call, exc.message)
            return types.RpcError(exc.code, exc.message)._bytes()
        except Exception:  # noqa: BLE001 - a broken handler must not end the connection
            _log.exception("%s failed", call.method)
            return types.RpcError(500, "INTERNAL_SERVER_ERROR")._bytes()
        if conn.auth.account_id is not None:
            answer = personal(answer, self.world.files, conn.auth.account_id)
        return conn.in_layer(answer)

    def _invoke(self, conn: Connection, auth: AuthRecord, call: Call) -> Any:
        constructor = call.request.CONSTRUCTOR_ID
        if not OLDEST <= (conn.layer or LAYER) <= LAYER:
            raise Rpc(*((406, "UPDATE_APP_TO_LOGIN") if 0 < conn.layer < OLDEST else (400, "CONNECTION_LAYER_INVALID")))
        account = self.world.accounts.get(auth.account_id or 0)
        if account is None and constructor not in OPEN:
            raise Rpc(401, "AUTH_KEY_PERM_EMPTY" if auth.expires else "AUTH_KEY_UNREGISTERED")
        if account is not None and account.refuse and constructor not in OPEN:
            raise Rpc(*account.refuse)
        handler = HANDLERS.get(constructor)
        if handler is None:
            raise Rpc(400, "METHOD_INVALID")
        if account is not None and call.method == "updates.getChannelDifference":
            self.pushes.poll(account, call.request)
        centres = self.centres
        about = (conn.layer, conn.init, call, self.keys, centres.options())
        ctx = Context(self.world, auth, conn.dc, centres.ports, *about)
        try:
            check(ctx, call.request)
            takeout.enter(ctx)
            return handler(ctx, call.request)
        except Shut as exc:
            return shut.answer(ctx, call.request, exc)


def _spoil(result: Any) -> None:
    """Put an object of a newer layer into the answer's first vector that is not empty."""
    for name in ("messages", "new_messages", "other_updates", "updates", "dialogs", "chats"):
        vector = getattr(result, name, None)
        if vector:
            vector[len(vector) // 2] = unknown_object()
            return
