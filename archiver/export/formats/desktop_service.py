"""The action of a service message in Telegram Desktop's words. Pure.

An action that Desktop has no word for keeps its own name; all of its fields are in the `telekeep` key of the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from archiver.export.formats.desktop_action_fields import FIELDS
from archiver.export.formats.desktop_action_parts import About, write_peer

_NAMES: Mapping[str, str] = {
    "chat_create": "create_group",
    "chat_edit_title": "edit_group_title",
    "chat_edit_photo": "edit_group_photo",
    "chat_delete_photo": "delete_group_photo",
    "chat_add_user": "invite_members",
    "chat_delete_user": "remove_members",
    "chat_joined_by_link": "join_group_by_link",
    "chat_joined_by_request": "join_group_by_request",
    "channel_create": "create_channel",
    "chat_migrate_to": "migrate_to_supergroup",
    "channel_migrate_from": "migrate_from_group",
    "pin_message": "pin_message",
    "history_clear": "clear_history",
    "game_score": "score_in_game",
    "payment_sent": "send_payment",
    "payment_sent_me": "send_payment",
    "screenshot_taken": "take_screenshot",
    "bot_allowed": "allow_sending_messages",
    "phone_number_request": "requested_phone_number",
    "secure_values_sent": "send_passport_values",
    "contact_sign_up": "joined_telegram",
    "geo_proximity_reached": "proximity_reached",
    "invite_to_group_call": "invite_to_group_call",
    "set_chat_theme": "edit_chat_theme",
    "web_view_data_sent": "send_webview_data",
    "gift_premium": "send_premium_gift",
    "gift_code": "gift_code_prize",
    "topic_create": "topic_created",
    "set_chat_wall_paper": "set_chat_wallpaper",
    "payment_refunded": "refunded_payment",
    "gift_stars": "send_stars_gift",
    "gift_ton": "send_ton_gift",
    "prize_stars": "stars_prize",
    "star_gift": "send_star_gift",
    "paid_messages_price": "paid_messages_price_change",
    "paid_messages_refunded": "paid_messages_refund",
    "suggested_post_approval": "process_suggested_post",
}
_REPLIES: Mapping[str, str] = {
    "pin_message": "message_id",
    "game_score": "game_message_id",
    "payment_sent": "invoice_message_id",
    "set_chat_wall_paper": "message_id",
}
"""Desktop's key for the message that the action is about."""


WITHOUT_ACTOR = frozenset(
    {"payment_sent", "payment_sent_me", "secure_values_sent", "geo_proximity_reached", "web_view_data_sent"}
    | {"gift_code", "giveaway_launch", "giveaway_results", "payment_refunded", "bot_allowed"}
)
"""Actions for which Desktop does not write an actor."""
_OF_MESSAGES = frozenset(
    {"id", "type", "date", "date_unixtime", "edited", "edited_unixtime", "actor", "actor_id", "action", "telekeep"}
    | {"text", "text_entities", "rich_message", "inline_bot_buttons", "reactions"}
)
"""Keys that every message has, and no field of an action may replace."""


def action_fields(
    action: Mapping[str, Any],
    sender: Mapping[str, Any],
    reply: Mapping[str, Any],
    schedule_date: int | None,
    *,
    is_imported: bool,
) -> dict[str, Any]:
    """The fields after `actor_id`. `schedule_date`: in unix seconds; `reply`: the reply header."""
    kind = str(action.get("type"))
    if kind == "custom_action":
        return {"information_text": str(action.get("message") or "")}
    fields = {"action": _name(kind, action)}
    more: dict[str, Any] = {}
    if kind in FIELDS:
        with suppress(AttributeError, TypeError, ValueError):  # an import may have anything in any field
            more = FIELDS[kind](action, About(sender, _replied(kind, reply), schedule_date))
    elif is_imported and kind not in _NAMES:
        more = dict(action)  # fields of a newer Desktop
    return fields | {name: value for name, value in more.items() if name not in _OF_MESSAGES}


def _name(kind: str, action: Mapping[str, Any]) -> str:
    """Desktop's name for the action."""
    if kind == "bot_allowed" and action.get("attach_menu"):
        return "attach_menu_bot_allowed"
    if kind == "bot_allowed" and action.get("from_request"):
        return "web_app_bot_allowed"
    if kind == "set_chat_wall_paper" and action.get("same"):
        return "set_same_chat_wallpaper"
    return _NAMES.get(kind, kind)


def _replied(kind: str, reply: Mapping[str, Any]) -> dict[str, Any]:
    """The keys for the message that the action is about."""
    if kind not in _REPLIES or not reply.get("reply_to_msg_id"):
        return {}
    peer = write_peer(reply.get("reply_to_peer_id"))
    return {_REPLIES[kind]: reply["reply_to_msg_id"], **({"reply_to_peer_id": peer} if peer else {})}
