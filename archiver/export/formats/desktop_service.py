"""The action of a service message in Telegram Desktop's words. Pure.

An action that Desktop has no word for keeps its own name; all of its fields are in the `telekeep` key of the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
_FIELDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "chat_create": (("title", "title"),),
    "chat_edit_title": (("title", "title"),),
    "channel_create": (("title", "title"),),
    "channel_migrate_from": (("title", "title"),),
    "game_score": (("score", "score"),),
    "payment_sent": (("amount", "total_amount"), ("currency", "currency")),
    "geo_proximity_reached": (("distance", "distance"),),
    "group_call": (("duration", "duration"),),
    "set_messages_ttl": (("period", "period"),),
    "set_chat_theme": (("emoticon", "emoticon"),),
    "web_view_data_sent": (("text", "text"),),
    "topic_create": (("title", "title"),),
    "topic_edit": (("new_title", "title"), ("new_icon_emoji_id", "icon_emoji_id")),
    "gift_premium": (("months", "months"), ("days", "days")),
    "gift_code": (("months", "months"), ("days", "days")),
    "group_call_scheduled": (("schedule_date", "schedule_date"),),
}
_REPLIES: Mapping[str, str] = {
    "pin_message": "message_id",
    "game_score": "game_message_id",
    "payment_sent": "invoice_message_id",
    "set_same_chat_wall_paper": "message_id",
}
"""Desktop's key for the message that the action is about."""


def action_fields(action: Mapping[str, Any], replied: object, unix: Mapping[str, int]) -> dict[str, Any]:
    """The fields after `actor_id`. `replied`: the message it is about; `unix`: its times as unix seconds."""
    kind = str(action.get("type"))
    if kind == "custom_action":
        return {"information_text": str(action.get("message") or "")}
    fields: dict[str, Any] = {"action": _NAMES.get(kind, kind)}
    for name, ours in _FIELDS.get(kind, ()):
        value = unix.get(ours, action.get(ours))
        if value not in (None, "", 0):
            fields[name] = value
    if kind in _REPLIES and replied:
        fields[_REPLIES[kind]] = replied
    return fields
