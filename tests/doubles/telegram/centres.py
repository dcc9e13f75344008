"""Five data centres: where each listens, whose account is at home where, and who is sent to another one.

world.account(phone).home_dc = 4         # its code is sent there only: PHONE_MIGRATE_4 elsewhere
account.moves_at_sign_in = 5             # at home there once a code was sent, which goes with it if `code_travels`
account.move(3)                          # logged in, and moved: USER_MIGRATE_3 for every call at the old home ...
account.move(3, exports=False)           # ... even for auth.exportAuthorization
world.network_dc = 1                     # numbers that nobody has belong there: NETWORK_MIGRATE_1

https://core.telegram.org/api/datacenter and https://core.telegram.org/api/errors#303-see-other
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable
from typing import Any

from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.auth import AuthRecord
from tests.doubles.telegram.rpc import Context, Rpc, method
from tests.doubles.telegram.world import Account, World

HOME_DC, FILE_DC = 2, 4
MOST = 5
_PHONE_CALLS = (fn.auth.SendCodeRequest, fn.auth.ResendCodeRequest, fn.auth.SignInRequest)
_PASSWORD_CALLS = (fn.account.GetPasswordRequest, fn.auth.CheckPasswordRequest)
_FOR_GUESTS = (
    fn.upload.GetFileRequest,
    fn.upload.GetFileHashesRequest,
    fn.help.GetConfigRequest,
    fn.help.GetNearestDcRequest,
    fn.help.GetAppConfigRequest,
    fn.auth.ImportAuthorizationRequest,
)
Accept = Callable[[int], Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]]


class Centres:
    """The sockets: a data centre a port."""

    def __init__(self, accept: Accept, ports: dict[int, int]) -> None:
        self.ports = ports  # 0 until it listens
        self.more: list[types.DcOption] = []  # what help.getConfig lists before all else
        self.unlisted: set[int] = set()  # what it does not list
        self._accept = accept
        self._sockets: dict[int, asyncio.Server] = {}

    async def open(self) -> None:
        for dc in self.ports:
            await self._listen(dc)

    async def _listen(self, dc: int) -> None:
        self._sockets[dc] = await asyncio.start_server(self._accept(dc), "127.0.0.1", self.ports[dc])
        self.ports[dc] = self._sockets[dc].sockets[0].getsockname()[1]

    def close(self) -> None:
        for sockets in self._sockets.values():
            sockets.close()

    async def wait_closed(self) -> None:
        for sockets in self._sockets.values():
            await sockets.wait_closed()

    async def move(self, dc: int) -> int:
        """From now on it listens on another port, and nowhere else; connections that are open stay."""
        old = self._sockets[dc]
        self.ports[dc] = 0
        await self._listen(dc)
        old.close()
        return self.ports[dc]

    def options(self) -> list[types.DcOption]:
        """What help.getConfig says of where all are."""
        listed = [types.DcOption(dc, "127.0.0.1", port, static=True) for dc, port in self.ports.items()]
        return [*self.more, *(option for option in listed if option.id not in self.unlisted)]


def check(ctx: Context, request: Any) -> None:
    """Raise 303 where this is not the data centre to ask."""
    if isinstance(request, _PHONE_CALLS):
        _check_phone(ctx, request)
    elif isinstance(request, _PASSWORD_CALLS) and ctx.auth.half_in:
        _check_home(ctx, ctx.world.accounts[ctx.auth.half_in], "USER")
    elif ctx.auth.account_id and not isinstance(request, _FOR_GUESTS):
        account = ctx.world.accounts[ctx.auth.account_id]
        if not (isinstance(request, fn.auth.ExportAuthorizationRequest) and account.exports):
            _check_home(ctx, account, "USER")


def _check_home(ctx: Context, account: Account, kind: str) -> None:
    if account.home_dc not in (None, ctx.dc):
        raise Rpc(303, f"{kind}_MIGRATE_{account.home_dc}")


def _check_phone(ctx: Context, request: Any) -> None:
    phone = re.sub(r"\D", "", request.phone_number)
    account = ctx.world.find_account(phone)
    if account is None:
        if ctx.world.network_dc not in (None, ctx.dc):
            raise Rpc(303, f"NETWORK_MIGRATE_{ctx.world.network_dc}")
        return
    signs_in = isinstance(request, fn.auth.SignInRequest)
    if signs_in and account.moves_at_sign_in:
        account.home_dc, account.moves_at_sign_in = account.moves_at_sign_in, None
        if account.code_travels:
            ctx.world.travelling[phone] = ctx.auth.codes.pop(phone, None)
    if signs_in and account.home_dc == ctx.dc and phone in ctx.world.travelling:
        ctx.auth.codes[phone] = ctx.world.travelling.pop(phone)  # a code goes with the account
    _check_home(ctx, account, "PHONE")


def find_key(keys: dict[int, AuthRecord], key_id: int, dc: int) -> AuthRecord | None:
    """A key is known where it was made, and nowhere else; a temporary one until it ends."""
    auth = keys.get(key_id)
    if auth is None or auth.dc != dc or (auth.expires is not None and auth.expires <= time.time()):
        return None
    return auth


def home_of(world: World, auth: AuthRecord) -> int:
    """The data centre that pushes to this key's account."""
    account = world.accounts.get(auth.account_id or 0)
    return (account.home_dc if account else None) or HOME_DC


@method(fn.auth.ExportAuthorizationRequest)
def export_authorization(ctx: Context, request: fn.auth.ExportAuthorizationRequest) -> Any:
    if request.dc_id not in ctx.ports or request.dc_id == ctx.dc:
        raise Rpc(400, "DC_ID_INVALID")
    exported, most = ctx.auth.exported, ctx.account.exports_at_once
    while most is not None and len(exported) >= most:
        exported.pop(next(iter(exported)))
    exported[secret := os.urandom(64)] = request.dc_id
    return types.auth.ExportedAuthorization(ctx.account.id, secret)


@method(fn.auth.ImportAuthorizationRequest, login=False)
def import_authorization(ctx: Context, request: fn.auth.ImportAuthorizationRequest) -> Any:
    for other in ctx.keys.values():
        if request.bytes in other.exported and other.account_id == request.id:
            if other.exported.pop(request.bytes) != ctx.dc:
                break
            ctx.auth.account_id = request.id
            return types.auth.Authorization(ctx.account.user(is_self=True))
    raise Rpc(400, "AUTH_BYTES_INVALID")
