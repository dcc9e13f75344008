"""Service lines of Desktop's HTML: English sentences in every language of Desktop. Pure.

Complete ones become Telegram's own action; others are kept as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

UNSUPPORTED: Final = re.compile(
    r"This message is not supported by this version of [A-Za-z0-9 ]{1,40}\. Please update the application\.\Z"
)
"""What Desktop writes, and what programs made of it do with their own names."""
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November"),
    "December",
)
_DAY: Final = re.compile(rf"([0-9]{{1,2}}) ({'|'.join(_MONTHS)}) ([0-9]{{1,5}})")
DELETED: Final = "Deleted Account"
_WHO_ELSE: Final[Mapping[str | None, str | None]] = {"Deleted": DELETED, DELETED: None}
"""The same in a service line. Before October 2020 it was in full, and stood for the channel itself, too."""
_WHO: Final = r"(?P<who>.+?)"
_LONGEST: Final = 2_000
"""Maximum characters of a line that is parsed: names and titles have a few hundred at most."""


class ServiceLine(NamedTuple):
    """What a service line reports."""

    action: dict[str, Any]
    who: str | None = None
    """Who did it, by name; None: the line does not say."""


def read_day(text: str) -> date | None:
    """The day of a line between messages, `13 January 2022`; None if it is another line."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    try:
        return date(int(found[3]), 1 + _MONTHS.index(found[2]), int(found[1]))
    except ValueError:
        return None


def read_service(text: str) -> ServiceLine:
    """The action of a service line."""
    for pattern, make in _LINES if len(text) <= _LONGEST else ():
        if found := pattern.fullmatch(text):
            fields = found.groupdict()
            who = fields.pop("who", None)
            return ServiceLine(make(fields), _WHO_ELSE.get(who, who))
    return ServiceLine({"type": "custom_action", "message": text})


def _named(kind: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda fields: {"type": kind, **{name: value for name, value in fields.items() if value is not None}}


def _call(fields: Mapping[str, Any]) -> dict[str, Any]:
    seconds = fields.get("seconds")
    return {"type": "group_call", **({"duration": int(seconds)} if seconds else {})}


def _members(kind: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda fields: {"type": kind, "members": [_name(fields["member"])]}


def _joined(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "chat_joined_by_link", "inviter": _name(fields["inviter"])}


def _name(name: str) -> str | None:
    return None if name == DELETED else name


def _numbered(kind: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda fields: {"type": kind, **{name: int(value) for name, value in fields.items()}}


def _deletion(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "set_messages_ttl", "period": _PERIODS[fields["period"]]}


def _line(pattern: str, make: str | Callable[[Mapping[str, Any]], dict[str, Any]]) -> tuple[re.Pattern[str], Any]:
    return re.compile(pattern, re.DOTALL), _named(make) if isinstance(make, str) else make


_TITLE: Final = r"«(?P<title>.*)»"
_PERIODS: Final[Mapping[str | None, int]] = {None: 0, "24 hours": 86_400, "7 days": 7 * 86_400}
_PERIOD: Final = rf"(?:to auto-delete in (?P<period>{'|'.join(one for one in _PERIODS if one)})|not to auto-delete)"


def _did(what: str) -> str:
    """Who did it to one member; of several, or of names with the same words, it is not clear where each ends."""
    name = rf"(?:(?! {what} ).)+"
    return rf"(?P<who>{name}) {what} (?P<member>(?:(?! {what} | and |, ).)+)"


_LINES: Final = (
    _line(rf"Channel {_TITLE} created", "channel_create"),
    _line(rf"Channel title changed to {_TITLE}", "chat_edit_title"),
    _line("Channel photo changed", "chat_edit_photo"),
    _line("Channel photo removed", "chat_delete_photo"),
    _line("History cleared", "history_clear"),
    _line(r"(?:Voice chat|Group call)(?: \((?P<seconds>[0-9]{1,9}) seconds\))?", _call),
    _line(rf"{_WHO} started voice chat(?: \((?P<seconds>[0-9]{{1,9}}) seconds\))?", _call),
    _line(rf"{_WHO} pinned this message", "pin_message"),
    _line(rf"{_WHO} changed group title to {_TITLE}", "chat_edit_title"),
    _line(rf"{_WHO} changed group photo", "chat_edit_photo"),
    _line(rf"{_WHO} (?:removed|deleted) group photo", "chat_delete_photo"),
    _line(rf"{_WHO} created group {_TITLE}", "chat_create"),
    _line(rf"{_WHO} converted a basic group to this supergroup {_TITLE}", "channel_migrate_from"),
    _line(rf"{_WHO} converted this group to a supergroup", "chat_migrate_to"),
    _line(rf"{_WHO} joined group by request", "chat_joined_by_request"),
    _line(rf"{_WHO} joined group by link from (?P<inviter>.+)", _joined),
    _line(rf'{_WHO} added "(?P<option>.+)" to the poll\.', "poll_append_answer"),
    _line(rf'{_WHO} removed "(?P<option>.+)" from the poll\.', "poll_delete_answer"),
    _line(rf"{_did('invited')} to the voice chat", _members("invite_to_group_call")),
    _line(_did("invited"), _members("chat_add_user")),
    _line(_did("removed"), _members("chat_delete_user")),
    _line(rf"{_WHO} boosted the group (?P<boosts>[0-9]{{1,9}}) times?", _numbered("boost_apply")),
    _line(rf"{_WHO} scored (?P<score>-?[0-9]{{1,9}}) in this game", _numbered("game_score")),
    _line(rf"{_WHO} has set messages {_PERIOD}", _deletion),
    _line(rf"New messages will {_PERIOD.replace('to auto', 'auto')}", _deletion),
    _line(rf"{_WHO} set a new background for this chat", "set_chat_wall_paper"),
    _line(rf"{_WHO} created topic {_TITLE}", "topic_create"),
    _line(rf"{_WHO} changed topic title to «(?P<title>(?:(?!»,icon to ).)*)»", "topic_edit"),
)
