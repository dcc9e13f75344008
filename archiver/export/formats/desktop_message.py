"""One row as a message of Telegram Desktop's result.json: its keys, in its order, with its types. Pure.

What Desktop leaves out is under one key of ours, `telekeep`, on one line: the row without its text and empty values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from archiver.export.counting import ROW_KEY
from archiver.export.formats.desktop_media import media_fields, own_media
from archiver.export.formats.desktop_rich import rich_message
from archiver.export.formats.desktop_service import WITHOUT_ACTOR, action_fields
from archiver.export.formats.desktop_text import NOT_INCLUDED, text_entities, text_value
from archiver.export.formats.local_clock import LocalClock
from archiver.export.formats.post import load_nested
from archiver.export.media_places import MediaPlaces
from archiver.model.particulars import find_posted_day
from archiver.model.row import KEYS, NESTED, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class DesktopView:
    """How messages of one export are written."""

    clock: LocalClock
    titles: Mapping[int, str]
    media_places: MediaPlaces


def desktop_message(row: Row, view: DesktopView) -> dict[str, Any]:
    """The message, without our own key."""
    action, media = _action_and_media(row)
    number = {"id": row["message_id"]}
    if _is_unsupported(action, media):
        return {**number, "type": "unsupported"}
    kind = "service" if action else "message"
    head = {**number, "type": kind, **_posted(row, view), **_date("edited", row["edit_date"], view)}
    author = dict(_author(row, view))
    if action:
        by = {f"actor{name.removeprefix('from')}": value for name, value in author.items()}
        middle = ({} if action.get("type") in WITHOUT_ACTOR else by) | _action(row, action)
    else:
        middle = {**author, **dict(_origin(row, view))}
    return {
        **head,
        **middle,
        **(media_fields(media, view.media_places, view.clock) if media else {}),
        **_said(row, view),
        **_after(row),
    }


def _said(row: Row, view: DesktopView) -> dict[str, Any]:
    """The text; of a rich message its blocks instead."""
    rich = load_nested(row["rich"]) or {}
    if not row["text"] and rich.get("blocks"):
        return {"rich_message": rich_message(rich, view.clock)}
    parts = text_entities(row["text"], row["entities"])
    return {"text": text_value(parts), "text_entities": parts}


def own_fields(row: Row) -> dict[str, Any]:
    """The row without its text and its empty values; the key of the row is first.

    It keeps the text of a message whose text Desktop does not write.
    """
    key = {name: row[name] for name in ROW_KEY}
    is_lost = row["text"] and '"unsupported"' in row["media"] and _is_unsupported(*_action_and_media(row))
    left_out = () if is_lost else ("text",)
    rest = {name: _kept(name, row[name]) for name in KEYS if name not in (*left_out, *key) and not _is_empty(row[name])}
    earlier = row.get("versions", "[]")
    return key | rest | ({} if earlier == "[]" else {"versions": orjson.Fragment(earlier)})


def _action_and_media(row: Row) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    return load_nested(row["action"]) or {}, own_media(load_nested(row["media"]) or ())


def _is_unsupported(action: Mapping[str, Any], media: Mapping[str, Any] | None) -> bool:
    return action.get("type") == "unreadable" or (media is not None and media["kind"] == "unsupported")


def _kept(name: str, value: Any) -> Any:
    return orjson.Fragment(value) if name in NESTED else value


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value == "[]"


def _unix(iso: object) -> int | None:
    try:
        return int(datetime.fromisoformat(str(iso)).timestamp())
    except (ValueError, OverflowError):
        return None


def _date(name: str, iso: str | None, view: DesktopView) -> dict[str, str]:
    time, unix = view.clock.at(iso), _unix(iso)
    if iso is None or time is None:
        return {}
    return {name: time.wall.isoformat(timespec="seconds"), f"{name}_unixtime": str(unix)}


def _posted(row: Row, view: DesktopView) -> dict[str, str]:
    """The date; no exact time if an imported file shows only the day."""
    if (day := find_posted_day(row["extra"])) is not None:
        return {"date": f"{day.isoformat()}T00:00:00"}
    return _date("date", row["date"], view)


def _author(row: Row, view: DesktopView) -> Iterator[tuple[str, Any]]:
    """A channel's own post is by the channel."""
    sender = load_nested(row["sender"])
    if sender is None:
        yield "from", view.titles.get(row["channel_id"]) or None
        yield "from_id", f"channel{row['channel_id']}"
    else:
        yield "from", sender.get("name") or None
        if sender.get("id") is not None:  # HTML exports lack it
            yield "from_id", _peer(sender)


def _peer(peer: Mapping[str, Any]) -> str:
    return f"{peer.get('type')}{peer.get('id')}"


def _origin(row: Row, view: DesktopView) -> Iterator[tuple[str, Any]]:
    if row["post_author"]:
        yield "author", row["post_author"]
    forward = load_nested(row["fwd_from"])
    if forward is not None:
        name = forward.get("name") or forward.get("from_name") or None
        if name or forward.get("from_id"):
            yield "forwarded_from", name
        if forward.get("from_id"):
            yield "forwarded_from_id", _peer(forward["from_id"])
        if isinstance(forward.get("saved_from_peer"), dict):
            yield "saved_from", view.titles.get(forward["saved_from_peer"].get("id")) or None
    reply = load_nested(row["reply_to"]) or {}
    if reply.get("reply_to_msg_id"):
        yield "reply_to_message_id", reply["reply_to_msg_id"]
        if isinstance(reply.get("reply_to_peer_id"), dict):
            yield "reply_to_peer_id", _peer(reply["reply_to_peer_id"])
    bot = load_nested(row["via_bot"]) or {}
    if bot.get("username"):
        yield "via_bot", f"@{bot['username']}"


def _action(row: Row, action: Mapping[str, Any]) -> dict[str, Any]:
    sender, reply = load_nested(row["sender"]) or {}, load_nested(row["reply_to"]) or {}
    scheduled = _unix(action.get("schedule_date"))
    return action_fields(action, sender, reply, scheduled, is_imported=row["origin"] == "import")


def _after(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if buttons := load_nested(row["markup"]):
        found["inline_bot_buttons"] = [[_button(one) for one in line] for line in buttons]
    if reactions := load_nested(row["reactions"]):
        found["reactions"] = [_reaction(one) for one in reactions]
    return found


def _button(button: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(button.get("type"))
    is_here = kind == "switch_inline" and button.get("same_peer")
    fields: dict[str, Any] = {"type": "switch_inline_same" if is_here else _BUTTONS.get(kind, kind)}
    if button.get("text"):
        fields["text"] = button["text"]
    if kind in ("callback", "callback_with_password"):
        data = str(button.get("data") or "")
        return fields | ({"dataBase64": data.translate(_URL_SAFE).rstrip("="), "data": ""} if data else {})
    data = next((button[name] for name in ("url", "query", "copy_text") if isinstance(button.get(name), str)), "")
    more = {"data": data, "forward_text": button.get("fwd_text"), "button_id": button.get("button_id")}
    return fields | {name: value for name, value in more.items() if value}


_BUTTONS = {
    "switch_inline_query": "switch_inline",
    "request_geo_location": "request_location",
    "input_button_type_request_peer": "request_peer",
    "input_inline_button_type_user_profile": "user_profile",
    "copy": "copy_text",
    "url_auth": "auth",
}
_URL_SAFE = str.maketrans("+/", "-_")


def _reaction(one: Mapping[str, Any]) -> dict[str, Any]:
    count = {"count": one.get("count", 0)}
    if one.get("custom_emoji_id"):
        return {"type": "custom_emoji", **count, "document_id": NOT_INCLUDED}
    if one.get("reaction") in ("paid", "empty"):
        return {"type": one["reaction"], **count}
    return {"type": "emoji", **count, "emoji": one.get("reaction") or ""}
