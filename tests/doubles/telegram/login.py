"""Logging in: code, two-step verification, and what a client asks first. https://core.telegram.org/api/auth"""

from __future__ import annotations

import os
import re
from typing import Any

from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.codes import Codes, Pending, is_right, payment_required, sign_up_required
from tests.doubles.telegram.post import at
from tests.doubles.telegram.rpc import Context, Rpc, method
from tests.doubles.telegram.world import Account

_CONFIG_NUMBERS = (  # limits and periods that nobody here cares for
    "chat_size_max",
    "megagroup_size_max",
    "forwarded_count_max",
    "online_update_period_ms",
    "offline_blur_timeout_ms",
    "offline_idle_timeout_ms",
    "online_cloud_timeout_ms",
    "notify_cloud_delay_ms",
    "notify_default_delay_ms",
    "push_chat_period_ms",
    "push_chat_limit",
    "edit_time_limit",
    "revoke_time_limit",
    "revoke_pm_time_limit",
    "rating_e_decay",
    "stickers_recent_limit",
    "channels_read_media_period",
    "call_receive_timeout_ms",
    "call_ring_timeout_ms",
    "call_connect_timeout_ms",
    "call_packet_timeout_ms",
    "caption_length_max",
    "message_length_max",
    "webfile_dc_id",
)


@method(fn.help.GetConfigRequest, login=False)
def get_config(ctx: Context, _: Any) -> types.Config:
    now = ctx.world.now()
    zeros = dict.fromkeys(_CONFIG_NUMBERS, 0)
    return types.Config(
        date=at(now),
        expires=at(now + 3600),
        test_mode=False,
        this_dc=ctx.world.calls_itself or ctx.dc,
        dc_options=ctx.dc_options,
        dc_txt_domain_name="",
        me_url_prefix="https://t.me/",
        **zeros | {"caption_length_max": 1024, "message_length_max": 4096, "forwarded_count_max": 100},
    )


@method(fn.help.GetNearestDcRequest, login=False)
def nearest_dc(ctx: Context, _: Any) -> types.NearestDc:
    return types.NearestDc("ZZ", ctx.dc, 2)


@method(fn.help.GetAppConfigRequest, login=False)
def app_config(_: Context, __: Any) -> Any:
    return types.help.AppConfig(0, types.JsonObject([]))


@method(fn.auth.SendCodeRequest, login=False)
def send_code(ctx: Context, request: fn.auth.SendCodeRequest) -> Any:
    world = ctx.world
    if world.api_id not in (None, request.api_id) or world.api_hash not in (None, request.api_hash):
        raise Rpc(400, "API_ID_INVALID")
    phone = _digits(request.phone_number)
    if phone in world.refused_phones:
        raise Rpc(*world.refused_phones[phone])
    account = world.find_account(phone)
    if account is not None and account.codes.instead:
        return _instead(ctx, account)
    return _sent_code(ctx, phone, 0)


@method(fn.auth.ResendCodeRequest, login=False)
def resend_code(ctx: Context, request: fn.auth.ResendCodeRequest) -> Any:
    phone = _digits(request.phone_number)
    return _sent_code(ctx, phone, _pending(ctx, phone, request.phone_code_hash).turn + 1)


@method(fn.auth.CancelCodeRequest, login=False)
def cancel_code(ctx: Context, request: fn.auth.CancelCodeRequest) -> bool:
    phone = _digits(request.phone_number)
    _pending(ctx, phone, request.phone_code_hash)
    return bool(ctx.auth.codes.pop(phone))


def _digits(phone: str) -> str:
    if not re.fullmatch(r"\+?[\d ()-]{7,20}", phone):
        raise Rpc(406, "PHONE_NUMBER_INVALID")
    return re.sub(r"\D", "", phone)


def _instead(ctx: Context, account: Account) -> Any:
    if account.codes.instead == "payment":
        return payment_required(os.urandom(9).hex())
    if account.codes.instead == "success" and account.password is None:
        return types.auth.SentCodeSuccess(_logged_in(ctx, account))
    raise _password_needed(ctx, account)


def _sent_code(ctx: Context, phone: str, turn: int) -> Any:
    account = ctx.world.find_account(phone)
    codes, code = (
        (account.codes, account.code) if account else (Codes(), "22222")
    )  # nobody learns which number is taken
    if turn >= len(codes.ways):
        raise Rpc(406, "SEND_CODE_UNAVAILABLE")
    pending = ctx.auth.codes[phone] = Pending(os.urandom(9).hex(), turn, ctx.world.clock.now())
    return codes.sent(code, turn, pending.code_hash)


def _pending(ctx: Context, phone: str, code_hash: str) -> Pending:
    pending = ctx.auth.codes.get(phone)
    account = ctx.world.find_account(phone)
    codes = account.codes if account else Codes()
    if (
        pending is None
        or pending.code_hash != code_hash
        or pending.wrong >= codes.attempts
        or ctx.world.clock.now() > pending.sent_at + codes.lifetime
    ):
        raise Rpc(400, "PHONE_CODE_EXPIRED")
    return pending


@method(fn.auth.SignInRequest, login=False)
def sign_in(ctx: Context, request: fn.auth.SignInRequest) -> Any:
    phone = _digits(request.phone_number)
    if not request.phone_code and not request.email_verification:
        raise Rpc(400, "PHONE_CODE_EMPTY")
    pending = _pending(ctx, phone, request.phone_code_hash)
    account = ctx.world.find_account(phone)
    if account is None:
        raise Rpc(400, "PHONE_NUMBER_UNOCCUPIED")
    if not is_right(account.codes.ways[pending.turn], account.code, request):
        pending.wrong += 1
        raise Rpc(400, "PHONE_CODE_INVALID")
    if account.refuse:
        raise Rpc(*account.refuse)
    if account.codes.signs_up:
        return sign_up_required()
    del ctx.auth.codes[phone]
    if account.password is not None:
        raise _password_needed(ctx, account)
    return _logged_in(ctx, account)


def _password_needed(ctx: Context, account: Account) -> Rpc:
    ctx.auth.half_in = account.id
    return Rpc(401, "SESSION_PASSWORD_NEEDED")


def _logged_in(ctx: Context, account: Account) -> Any:
    ctx.auth.account_id, ctx.auth.half_in, ctx.auth.challenge = account.id, None, None
    return types.auth.Authorization(account.user(is_self=True))


@method(fn.account.GetPasswordRequest, login=False)
def get_password(ctx: Context, _: Any) -> Any:
    account = ctx.world.accounts.get(ctx.auth.half_in or ctx.auth.account_id or 0)
    if account is None:
        raise Rpc(401, "AUTH_KEY_UNREGISTERED")
    new = {
        "new_algo": types.PasswordKdfAlgoUnknown(),
        "new_secure_algo": types.SecurePasswordKdfAlgoUnknown(),
        "secure_random": os.urandom(32),
    }
    if account.password is None:
        return types.account.Password(**new)
    ctx.auth.challenge = challenge = account.password.challenge()
    return types.account.Password(
        **new,
        has_password=True,
        current_algo=account.password.algorithm,
        srp_B=challenge.public,
        srp_id=challenge.id,
        hint=account.password.hint,
    )


@method(fn.auth.CheckPasswordRequest, login=False)
def check_password(ctx: Context, request: fn.auth.CheckPasswordRequest) -> Any:
    account = ctx.world.accounts.get(ctx.auth.half_in or 0)
    if account is None:
        raise Rpc(401, "AUTH_KEY_UNREGISTERED")
    challenge, ctx.auth.challenge = ctx.auth.challenge, None
    if isinstance(request.password, types.InputCheckPasswordEmpty):
        raise Rpc(400, "PASSWORD_HASH_INVALID")
    if challenge is None or challenge.id != request.password.srp_id:
        raise Rpc(400, "SRP_ID_INVALID")
    if not challenge.check(request.password):
        raise Rpc(400, "PASSWORD_HASH_INVALID")
    return _logged_in(ctx, account)


@method(fn.auth.LogOutRequest)
def log_out(ctx: Context, _: Any) -> Any:
    ctx.auth.account_id = None
    ctx.auth.chats.clear()
    return types.auth.LoggedOut()


@method(fn.users.GetUsersRequest)
def get_users(ctx: Context, request: fn.users.GetUsersRequest) -> list[Any]:
    return [_user(ctx, given) for given in request.id]


def _user(ctx: Context, given: Any) -> Any:
    if isinstance(given, types.InputUserSelf) or getattr(given, "user_id", 0) == ctx.account.id:
        return ctx.account.user(is_self=True)
    user_id = getattr(given, "user_id", 0)
    return ctx.world.users.get(user_id) or types.UserEmpty(user_id)


@method(fn.users.GetFullUserRequest)
def get_full_user(ctx: Context, request: fn.users.GetFullUserRequest) -> Any:
    user = _user(ctx, request.id)
    if isinstance(user, types.UserEmpty):
        raise Rpc(400, "USER_ID_INVALID")
    full = types.UserFull(
        user.id, settings=types.PeerSettings(), notify_settings=types.PeerNotifySettings(), common_chats_count=0
    )
    return types.users.UserFull(full, chats=[], users=[user])


@method(fn.account.UpdateStatusRequest)
def update_status(_: Context, __: Any) -> bool:
    return True
