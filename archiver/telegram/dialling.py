"""Connects to a data centre: tries its addresses one after the other, and asks other data centres for new ones.

A connection is made once the server has answered on it and, at a data centre other than the home, has imported the
account's authorization.
"""

from __future__ import annotations

import asyncio
import logging
import math
from pathlib import Path

from telethon.errors import AuthKeyNotFound, RPCError, TypeNotFoundError
from telethon.sessions import MemorySession

from archiver.errors import Error, FloodWait, UnreadableObject
from archiver.pacing.scheduler import Priority, Scheduler
from archiver.telegram.client import CONNECTION_LOST, Client, HungError
from archiver.telegram.connection_errors import (
    AccountMoved,
    FailsEverywhere,
    UnknownKey,
    WrongDc,
    no_proxy,
    not_let_in,
    refused,
    unknown_address,
    unreachable,
)
from archiver.telegram.data_centres import DcAddress
from archiver.telegram.exported_authorization import (
    IMPORT,
    ExportedAuthorization,
    export_by_greeting,
    import_authorization,
    is_refusal,
)
from archiver.telegram.faults import MIGRATIONS, concerns_connection, flood_seconds, is_transient, translate
from archiver.telegram.key_exchange import KeyExchangeError, RefusedError
from archiver.telegram.proxy import ProxyFailedError
from archiver.telegram.pushes import Hint
from archiver.telegram.route import Route
from archiver.telegram.server_address import ServerAddress
from archiver.telegram.session import FileSession
from archiver.telegram.timeouts import Timeouts
from archiver.telegram.transport_errors import CONNECT, TransportErrors

log = logging.getLogger(__name__)

_ASK_INTERVAL = 600.0
"""Minimum seconds between two requests to other data centres for the address of one that is not found."""
_MAX_MOVES = 5
"""Maximum redirections to another data centre, one after the other: Telegram has five."""
_MAX_WAITS = 20
"""Maximum flood waits while connecting to one address."""


class Dialler:
    """Makes the connections of one account to one data centre: `guest`, or else the home, which may move."""

    def __init__(
        self,
        address: ServerAddress,
        session_path: Path,
        scheduler: Scheduler,
        timeouts: Timeouts,
        hint: Hint | None,
        *,
        guest: int | None = None,
    ) -> None:
        self.route = Route(address, session_path)
        self.transport_errors = TransportErrors(address, self.route, scheduler)
        self.exported: ExportedAuthorization | None = None
        """To be imported by the next connection."""
        self.borrows_session = False
        """Whether another client writes the session of the home: this one must not undo its move."""
        self._address = address
        self._session_path = session_path
        self._scheduler = scheduler
        self._timeouts = timeouts
        self._hint = hint
        self._guest = guest
        self._moving: int | None = None
        """Where the home will be once it has imported the authorization."""
        self._padded = True
        """Whether this server makes keys with RSA_PAD."""
        self._trusted: set[DcAddress] = set()
        """Addresses used although the servers there claim to be another data centre."""
        self._last_asked = -math.inf
        """Loop time at which another data centre was last asked for the address of ours."""

    @property
    def dc(self) -> int:
        """The data centre it connects to."""
        return self._guest or self._moving or self.route.home

    @property
    def is_admitted(self) -> bool:
        """Whether the account is logged in there; at home, the login decides that."""
        return self._guest is None or self.route.is_admitted(self._guest)

    def move(self, dc: int, exported: ExportedAuthorization | None, *, with_key: bool) -> None:
        """Move the account's home.

        With an exported authorization, the move takes effect once the new home has imported it: a process killed before
        that asks the old home again.
        """
        self._moving, self.exported = (dc, exported) if exported else (None, None)
        if exported is None:
            self.route.move_home(dc, with_key=with_key)
            self.transport_errors.key_is_borrowed = with_key

    def expel(self) -> None:
        """Record that the data centre has forgotten the account's authorization."""
        if self._guest is not None:
            self.route.note_admitted(self._guest, False)

    def judge(self, exc: BaseException, dc_address: DcAddress) -> Error:
        """Error for a lost connection. Raises LoginNeeded if the key was unknown twice in a row."""
        failure = self.transport_errors.weigh(exc, dc_address, visiting=self._guest or self._moving)
        if isinstance(failure, UnknownKey) and self.transport_errors.key_is_dead:
            raise unreachable(exc) from exc
        return failure

    async def dial(self) -> Client | Error:
        """A connected client, or why connecting failed. Raises errors that a retry would not fix."""
        been: set[int] = set()
        while True:
            made = await self._dial()
            if not isinstance(made, AccountMoved) or made.dc in been or len(been) == _MAX_MOVES:
                return made
            been.add(made.dc)

    async def _dial(self) -> Client | Error:
        failure: Error | None = None
        for _ in range(2):
            addresses = self.route.addresses(self.dc)
            for number, dc_address in enumerate(addresses, 1):
                made = await self._try_address(dc_address, hasty=number < len(addresses))
                if isinstance(made, Client | FailsEverywhere):
                    return made
                failure = made
            if not await self._ask_other_dc(addresses):
                break
        if isinstance(failure, WrongDc):
            # Nothing better is known, and some servers do not know their own number.
            self._trusted.add(failure.dc_address)
            return await self._try_address(failure.dc_address, hasty=False)
        if isinstance(failure, UnknownKey) and self.transport_errors.key_is_dead:
            raise unreachable(AuthKeyNotFound())
        return failure or unknown_address(self.dc)

    async def _try_address(self, dc_address: DcAddress, *, hasty: bool) -> Client | Error:
        waits = 0
        while True:
            async with self._scheduler.turn(CONNECT, Priority.LIVE):
                session = FileSession(
                    self._session_path,
                    dc=self._guest or self._moving,
                    via=self.route.via,
                    is_borrowed=self.borrows_session and self._guest is None,
                )
                client = Client(session, dc_address, self._address, self._hint, hasty=hasty, padded=self._padded)
                made = False
                try:
                    await client.connect_within(self._timeouts.connect)
                    if self._is_elsewhere(client):
                        return self._refuse_address(client)
                    if failure := await self._import_authorization(client):
                        return failure
                    made = True
                    self.route.learn(client.options)
                    return client
                except MIGRATIONS as exc:
                    return await self._follow(client, int(exc.new_dc))
                except RefusedError as exc:
                    self._padded = not self._padded
                    if self._padded:  # the old step was refused, too
                        return refused(exc, self._address.describe(dc_address))
                    log.info("%s refuses RSA_PAD (%s); trying the older key exchange", dc_address, exc)
                except KeyExchangeError as exc:
                    return refused(exc, self._address.describe(dc_address))
                except (RPCError, TypeNotFoundError, ProxyFailedError, *CONNECTION_LOST) as exc:
                    waits += 1
                    if (seconds := flood_seconds(exc)) is None:
                        return await self._failed(exc, dc_address)
                    await self.transport_errors.obey(exc)
                    if waits == _MAX_WAITS:
                        raise FloodWait(seconds, method=CONNECT) from exc
                finally:
                    if not made:
                        await client.disconnect_quietly()

    async def _follow(self, client: Client, dc: int) -> Error:
        """Follow the account to its new home, when the old one answers even the first request with that redirection."""
        if self._guest is not None or not self.route.addresses(dc):
            return unknown_address(dc)
        exported = None
        try:
            exported = await export_by_greeting(client, dc, within=self._timeouts.call)
        except (RPCError, HungError, UnreadableObject, *CONNECTION_LOST) as exc:
            if not is_refusal(exc):
                await self.transport_errors.obey(exc)
                return not_let_in(dc)
            log.info("no authorization exported for data centre %d: %s", dc, type(exc).__name__)
        self.move(dc, exported, with_key=True)
        return AccountMoved(dc)

    def _is_elsewhere(self, client: Client) -> bool:
        """Whether another data centre answered: the list of addresses is wrong or outdated."""
        dc_address = client.dc_address
        known = self.route.is_in_settings(dc_address.dc) or dc_address in self._trusted
        return not known and client.says_dc not in (None, dc_address.dc)

    def _refuse_address(self, client: Client) -> Error:
        if client.made_key:
            self.route.drop_key(self._guest or self._moving)
        return WrongDc(client.dc_address)

    async def _import_authorization(self, client: Client) -> Error | None:
        """Import the exported authorization, if there is one; return why that failed, if a new one may succeed.

        A refused authorization leaves a key that is not logged in.
        """
        if self.exported is None:
            return None
        exported, self.exported, client.unproven = self.exported, None, True
        moving, self._moving = self._moving, None  # it may be used up: then the old home exports another one
        try:
            async with self._scheduler.turn(IMPORT, Priority.LIVE):
                await import_authorization(client, exported, within=self._timeouts.call)
            self.route.note_admitted(client.dc_address.dc, True)
        except (RPCError, HungError, *CONNECTION_LOST) as exc:
            if (seconds := flood_seconds(exc)) is not None:
                await self._scheduler.flooded(IMPORT, seconds)
                if moving is None:  # the account's other connections need not wait
                    raise FloodWait(seconds, method=IMPORT) from None
            if not is_refusal(exc) or (moving is not None and exported.may_have_expired):
                await self.transport_errors.obey(exc)
                return not_let_in(client.dc_address.dc)
            log.info("authorization refused by %s: %s", client.dc_address, type(exc).__name__)
        if moving is not None:
            client.session.settle()
        return None

    async def _ask_other_dc(self, known: list[DcAddress]) -> bool:
        """Ask another data centre for the addresses of ours; return whether there are new ones."""
        now = asyncio.get_running_loop().time()
        dc_address = self.route.elsewhere(self.dc)
        if dc_address is None or self.route.is_in_settings(self.dc) or now < self._last_asked + _ASK_INTERVAL:
            return False
        self._last_asked = now
        log.info("asking %s for the address of data centre %d", dc_address, self.dc)
        async with self._scheduler.turn(CONNECT, Priority.LIVE):
            client = Client(MemorySession(), dc_address, self._address, None, hasty=True, padded=self._padded)
            try:
                await client.connect_within(self._timeouts.connect)
                self.route.learn(client.options)
            except (RPCError, TypeNotFoundError, ProxyFailedError, KeyExchangeError, *CONNECTION_LOST) as exc:
                await self.transport_errors.obey(exc)
            finally:
                await client.disconnect_quietly()
        return self.route.addresses(self.dc) != known

    async def _failed(self, exc: Exception, dc_address: DcAddress) -> Error:
        """Why connecting failed, if a retry may succeed; raises it otherwise."""
        if isinstance(exc, RPCError):
            if is_transient(exc) or concerns_connection(exc):
                return translate(exc)
            raise translate(exc) from exc
        if isinstance(exc, ProxyFailedError):
            return no_proxy(exc, self._address)
        if isinstance(exc, CONNECTION_LOST):
            await self.transport_errors.obey(exc)
            return self.transport_errors.weigh(exc, dc_address, visiting=self._guest or self._moving)
        if isinstance(exc, TypeNotFoundError):
            # `from None`: the error's text holds the bytes that could not be read.
            raise UnreadableObject(exc.invalid_constructor_id) from None
        raise exc
