"""Connecting: every address of a data centre, one after the other, and asking elsewhere where it is.

A connection counts once the server has answered on it; where the account has to be let in, once it is.
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
from archiver.telegram.client import LOST_LINE, Client, HungError
from archiver.telegram.connection_errors import (
    AccountMoved,
    FailsEverywhere,
    UnknownKey,
    WrongDc,
    no_proxy,
    not_let_in,
    refused,
    unknown_place,
    unreachable,
)
from archiver.telegram.data_centres import DcAddress
from archiver.telegram.exported_authorization import (
    ExportedAuthorization,
    export_by_greeting,
    import_authorization,
    is_refusal,
)
from archiver.telegram.faults import MIGRATIONS, flood_seconds, is_of_line, is_transient, translate
from archiver.telegram.key_exchange import KeyExchangeError, RefusedError
from archiver.telegram.proxy import ProxyFailedError
from archiver.telegram.pushes import Hint
from archiver.telegram.route import Route
from archiver.telegram.server_address import ServerAddress
from archiver.telegram.session import FileSession
from archiver.telegram.timeouts import Timeouts
from archiver.telegram.transport_errors import CONNECT, TransportErrors

log = logging.getLogger(__name__)

_AGAIN = 600.0
"""Seconds after which another data centre may be asked again where one is that is not found."""
_MOST_WAITS = 20
"""Times that one address may put a connection off before that is a failure."""


class Dialler:
    """Makes the connections of one account to one data centre: a `guest` one, or the home, which may move."""

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
        self.doubts = TransportErrors(address, self.route, scheduler)
        self.exported: ExportedAuthorization | None = None
        """To be shown with the next connection."""
        self._address = address
        self._session_path = session_path
        self._scheduler = scheduler
        self._timeouts = timeouts
        self._hint = hint
        self._guest = guest
        self._moving: int | None = None
        """Where the home will be once the ticket is taken there."""
        self._padded = True
        """Whether keys are made by RSA_PAD here."""
        self._believed: set[DcAddress] = set()
        """Addresses that are used though the servers there call themselves otherwise."""
        self._asked_at = -math.inf
        """When another data centre was last asked where ours is."""

    @property
    def dc(self) -> int:
        """The data centre that it leads to."""
        return self._guest or self._moving or self.route.home

    @property
    def is_admitted(self) -> bool:
        """Whether the account was let in there; at home, the login says."""
        return self._guest is None or self.route.is_admitted(self._guest)

    def move(self, dc: int, exported: ExportedAuthorization | None, *, with_key: bool) -> None:
        """The account is at home elsewhere.

        With a ticket that counts once it is taken there: who is killed before asks again at the old home.
        """
        self._moving, self.exported = (dc, exported) if exported else (None, None)
        if exported is None:
            self.route.move_home(dc, with_key=with_key)
            self.doubts.key_is_borrowed = with_key

    def expel(self) -> None:
        """The data centre has forgotten that it let us in."""
        if self._guest is not None:
            self.route.note_admitted(self._guest, False)

    def judge(self, exc: BaseException, place: DcAddress) -> Error:
        """What a lost line means. Raises LoginNeeded when a second connection too says that the key is unknown."""
        failure = self.doubts.weigh(exc, place, visiting=self._guest or self._moving)
        if isinstance(failure, UnknownKey) and self.doubts.key_is_dead:
            raise unreachable(exc) from exc
        return failure

    async def dial(self) -> Client | Error:
        """A connected client, or why there is none yet. Raises what another try would not mend."""
        been: set[int] = set()
        while True:
            made = await self._dial()
            if not isinstance(made, AccountMoved) or made.dc in been:
                return made
            been.add(made.dc)

    async def _dial(self) -> Client | Error:
        failure: Error | None = None
        for _ in range(2):
            ways = self.route.ways(self.dc)
            for number, place in enumerate(ways, 1):
                made = await self._try_way(place, haste=number < len(ways))
                if isinstance(made, Client | FailsEverywhere):
                    return made
                failure = made
            if not await self._ask_elsewhere(ways):
                break
        if isinstance(failure, WrongDc):
            self._believed.add(failure.place)  # nothing better is known, and some servers do not know their number
            return await self._try_way(failure.place, haste=False)
        if isinstance(failure, UnknownKey) and self.doubts.key_is_dead:
            raise unreachable(AuthKeyNotFound())
        return failure or unknown_place(self.dc)

    async def _try_way(self, place: DcAddress, *, haste: bool) -> Client | Error:
        waits = 0
        while True:
            async with self._scheduler.turn(CONNECT, Priority.LIVE):
                session = FileSession(self._session_path, dc=self._guest or self._moving, via=self.route.via)
                client = Client(session, place, self._address, self._hint, haste=haste, padded=self._padded)
                made = False
                try:
                    await client.connect_within(self._timeouts.connect)
                    if self._is_elsewhere(client):
                        return self._refuse_place(client)
                    if failure := await self._import_authorization(client):
                        return failure
                    made = True
                    self.route.learn(client.options)
                    return client
                except MIGRATIONS as exc:
                    return await self._follow(client, int(exc.new_dc))
                except RefusedError as exc:
                    self._padded = not self._padded
                    if self._padded:  # by the old step, too
                        return refused(exc, self._address.way(place))
                    log.info("%s refuses RSA_PAD (%s); the old step is tried", place, exc)
                except KeyExchangeError as exc:
                    return refused(exc, self._address.way(place))
                except (RPCError, TypeNotFoundError, ProxyFailedError, *LOST_LINE) as exc:
                    waits += 1
                    if (seconds := flood_seconds(exc)) is None:
                        return await self._failed(exc, place)
                    await self.doubts.obey(exc)
                    if waits == _MOST_WAITS:
                        raise FloodWait(seconds, method=CONNECT) from exc
                finally:
                    if not made:
                        await client.hang_up()

    async def _follow(self, client: Client, dc: int) -> Error:
        """The account was moved, and its old home does not even answer a greeting otherwise."""
        if self._guest is not None or not self.route.ways(dc):
            return unknown_place(dc)
        exported = None
        try:
            exported = await export_by_greeting(client, dc, within=self._timeouts.call)
        except (RPCError, HungError, UnreadableObject, *LOST_LINE) as exc:
            if not is_refusal(exc):
                await self.doubts.obey(exc)
                return not_let_in(dc)
            log.info("no authorization is given for data centre %d: %s", dc, type(exc).__name__)
        self.move(dc, exported, with_key=True)
        return AccountMoved(dc)

    def _is_elsewhere(self, client: Client) -> bool:
        """Whether what answers there is another data centre: the servers' list was wrong, or is by now."""
        place = client.place
        known = self.route.has_named(place.dc) or place in self._believed
        return not known and client.says_dc not in (None, place.dc)

    def _refuse_place(self, client: Client) -> Error:
        if client.made_key:
            self.route.drop_key(self._guest or self._moving)
        return WrongDc(client.place)

    async def _import_authorization(self, client: Client) -> Error | None:
        """Be let in, where we come with a ticket; why not, where another ticket may do.

        One that is refused leaves a key that is not logged in.
        """
        if self.exported is None:
            return None
        exported, self.exported = self.exported, None
        moving, self._moving = self._moving, None  # it may be spent: then the old home gives another one
        try:
            await import_authorization(client, exported, within=self._timeouts.call)
            self.route.note_admitted(client.place.dc, True)
        except (RPCError, HungError, *LOST_LINE) as exc:
            if not is_refusal(exc) or (moving is not None and exported.may_have_expired):
                await self.doubts.obey(exc)
                return not_let_in(client.place.dc)
            log.info("the authorization was not taken by %s: %s", client.place, type(exc).__name__)
        if moving is not None:
            client.session.settle()
        return None

    async def _ask_elsewhere(self, known: list[DcAddress]) -> bool:
        """Ask another data centre where ours is; whether it says something new."""
        now = asyncio.get_running_loop().time()
        place = self.route.elsewhere(self.dc)
        if place is None or self.route.has_named(self.dc) or now < self._asked_at + _AGAIN:
            return False
        self._asked_at = now
        log.info("%s is asked where data centre %d is", place, self.dc)
        async with self._scheduler.turn(CONNECT, Priority.LIVE):
            client = Client(MemorySession(), place, self._address, None, haste=True, padded=self._padded)
            try:
                await client.connect_within(self._timeouts.connect)
                self.route.learn(client.options)
            except (RPCError, TypeNotFoundError, ProxyFailedError, KeyExchangeError, *LOST_LINE) as exc:
                await self.doubts.obey(exc)
            finally:
                await client.hang_up()
        return self.route.ways(self.dc) != known

    async def _failed(self, exc: Exception, place: DcAddress) -> Error:
        """Why there is no line, if another try may mend it; raises it otherwise."""
        if isinstance(exc, RPCError):
            if is_transient(exc) or is_of_line(exc):
                return translate(exc)
            raise translate(exc) from exc
        if isinstance(exc, ProxyFailedError):
            return no_proxy(exc, self._address)
        if isinstance(exc, LOST_LINE):
            await self.doubts.obey(exc)
            return self.doubts.weigh(exc, place, visiting=self._guest or self._moving)
        if isinstance(exc, TypeNotFoundError):
            # `from None`: the error's text holds the bytes that could not be read.
            raise UnreadableObject(exc.invalid_constructor_id) from None
        raise exc
