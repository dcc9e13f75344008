"""The fields that Telegram Desktop writes for an action besides its name, with its keys, order and types. Pure.

Actions come from Telegram, or from an export of Desktop, whose words they keep. Desktop has names of people where
Telegram has ids: here they are null except for the sender, as Desktop writes people it does not know.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from archiver.export.formats.desktop_action_parts import (
    About,
    Fields,
    as_number,
    copied,
    flags,
    name_of,
    present,
    styled,
    write_peer,
)
from archiver.export.formats.desktop_names import TlObject, snake_name
from archiver.export.formats.desktop_payments import PAYMENTS
from archiver.model.json_text import dump

_KIND_SHIFT: Final = {"user": 0, "chat": 1, "channel": 2}
"""Bits by which Desktop tells the kinds of peers apart in one number."""
_PASSPORT: Final = {"address": "address_information", "phone": "phone_number"}
_REASONS: Final = {"migrate_conference_call": "migrate_conference_all"}


def _members(action: TlObject, about: About) -> dict[str, Any]:
    if isinstance(action.get("members"), list):
        return {"members": action["members"]}
    ids = action.get("users") or [one for one in (action.get("user_id"),) if one is not None]
    return {"members": [name_of(one, about) for one in ids]}


def _person(key: str, ours: str) -> Fields:
    return lambda action, about: {key: action.get(key) or name_of(action.get(ours), about)}


def _created(action: TlObject, about: About) -> dict[str, Any]:
    return {**copied(title="title")(action, about), **_members(action, about)}


def _score(action: TlObject, about: About) -> dict[str, Any]:
    return {**about.replied, "score": action.get("score", 0)}


def _call(action: TlObject, about: About) -> dict[str, Any]:
    found = copied(duration_seconds="duration")(action, about)
    reason = action.get("reason")
    if isinstance(reason, Mapping):
        reason = _snake(reason, "PhoneCallDiscardReason")
    return {**found, "discard_reason": _REASONS.get(reason, reason)} if reason else found


def _conference(action: TlObject, about: About) -> dict[str, Any]:
    found = copied(duration_seconds="duration")(action, about)
    states = {f"is_{name}": bool(action.get(name, action.get(f"is_{name}"))) for name in ("active", "missed")}
    return {**found, **states}


def _snake(thing: TlObject, prefix: str) -> str:
    return snake_name(str(thing.get("_")).removeprefix(prefix))


def _allowed(action: TlObject, _: About) -> dict[str, Any]:
    if action.get("attach_menu") or action.get("from_request"):
        return {}
    app = action.get("app") or {}
    if app.get("id"):
        found = {"reason_app_id": as_number(app["id"]), "reason_app_name": app.get("title")}
    else:
        found = {"reason_domain": action.get("domain")}
    return {key: value for key, value in found.items() if value}


def _values(action: TlObject, _: About) -> dict[str, Any]:
    types = (_snake(one, "SecureValueType") for one in action.get("types") or () if isinstance(one, Mapping))
    return {"values": action.get("values") or [_PASSPORT.get(one, one) for one in types]}


def _proximity(action: TlObject, about: About) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for end in ("from", "to"):
        peer = action.get(f"{end}_id")
        if peer is not None:
            known = name_of(peer.get("id"), about) if isinstance(peer, Mapping) else None
            found |= {end: action.get(end) or known, f"{end}_id": write_peer(peer) or peer}
    return {**found, "distance": action.get("distance", 0)}


def _theme(action: TlObject, _: About) -> dict[str, Any]:
    emoticon = action.get("emoticon") or (action.get("theme") or {}).get("emoticon")
    return {"emoticon": emoticon} if emoticon else {}


def _topic(action: TlObject, about: About) -> dict[str, Any]:
    icon = action.get("icon_emoji_id")
    found = copied(new_title="title")(action, about)
    return found if icon is None else {**found, "new_icon_emoji_id": as_number(icon)}


def _peers(action: TlObject, _: About) -> dict[str, Any]:
    values = [
        (_KIND_SHIFT.get(str(one.get("type")), 0) << 48) | int(one["id"])
        if isinstance(one, Mapping) and type(one.get("id")) is int and one["id"] >> 48 == 0
        else one
        for one in action.get("peers") or ()
    ]
    return {"button_id": action.get("button_id", 0), "peers": dump(values).decode()}


def _tasks(action: TlObject, _: About) -> dict[str, Any]:
    if "items" in action:
        return {"items": action["items"]}
    listed = [one for one in action.get("list") or () if isinstance(one, Mapping)]
    return {"items": [{"text": styled(one.get("title")), "id": one.get("id")} for one in listed]}


def _option(action: TlObject, _: About) -> dict[str, Any]:
    option = action.get("option") or (action.get("answer") or {}).get("option")
    if "answer" in action and isinstance(option, str):
        try:
            option = base64.b64decode(option, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            option = None
    return present(option=option)


def _birthday(action: TlObject, _: About) -> dict[str, Any]:
    day = action.get("birthday") or action
    return {name: day[name] for name in ("day", "month", "year") if day.get(name)}


def _listed(action: TlObject, _: About) -> dict[str, Any]:
    return {name: action.get(name) or [] for name in ("completed", "incompleted")}


def _replied(_: TlObject, about: About) -> dict[str, Any]:
    return dict(about.replied)


def _scheduled(_: TlObject, about: About) -> dict[str, Any]:
    return {} if about.schedule_date is None else {"schedule_date": about.schedule_date}


FIELDS: Final[Mapping[str, Fields]] = {
    **PAYMENTS,
    **dict.fromkeys(
        ("chat_edit_title", "channel_create", "channel_migrate_from", "topic_create"), copied(title="title")
    ),
    **dict.fromkeys(("chat_add_user", "chat_delete_user", "invite_to_group_call"), _members),
    **dict.fromkeys(("pin_message", "set_chat_wall_paper"), _replied),
    **dict.fromkeys(("new_creator_pending", "change_creator"), _person("new_creator", "new_creator_id")),
    **dict.fromkeys(("poll_append_answer", "poll_delete_answer"), _option),
    "chat_create": _created,
    "chat_joined_by_link": _person("inviter", "inviter_id"),
    "game_score": _score,
    "phone_call": _call,
    "conference_call": _conference,
    "bot_allowed": _allowed,
    "secure_values_sent": _values,
    "geo_proximity_reached": _proximity,
    "group_call": copied(duration="duration"),
    "set_messages_ttl": lambda action, _: {"period": action.get("period", 0)},
    "group_call_scheduled": _scheduled,
    "set_chat_theme": _theme,
    "topic_edit": _topic,
    "requested_peer": _peers,
    "boost_apply": lambda action, _: {"boosts": action.get("boosts", 0)},
    "todo_completions": _listed,
    "todo_append_tasks": _tasks,
    "suggest_birthday": _birthday,
    "no_forwards_toggle": flags(new_value="new_value"),
    "no_forwards_request": flags(expired="expired", new_value="new_value"),
    "managed_bot_created": _person("bot", "bot_id"),
}
