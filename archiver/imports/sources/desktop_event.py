"""Service messages of Telegram Desktop's JSON, by Telegram's own names where they differ. Pure.

An action that is not known here keeps its name and its fields, so no version of Desktop is too new.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from archiver.imports.json_input.mend_json import UnreadableJson, read_json
from archiver.imports.sources.desktop_attached import until
from archiver.imports.sources.desktop_fields import number, words

_NAMES: Final[Mapping[str, str]] = {
    "create_group": "chat_create",
    "edit_group_title": "chat_edit_title",
    "edit_group_photo": "chat_edit_photo",
    "delete_group_photo": "chat_delete_photo",
    "invite_members": "chat_add_user",
    "remove_members": "chat_delete_user",
    "join_group_by_link": "chat_joined_by_link",
    "join_group_by_request": "chat_joined_by_request",
    "create_channel": "channel_create",
    "migrate_to_supergroup": "chat_migrate_to",
    "migrate_from_group": "channel_migrate_from",
    "clear_history": "history_clear",
    "score_in_game": "game_score",
    "send_payment": "payment_sent",
    "take_screenshot": "screenshot_taken",
    "attach_menu_bot_allowed": "bot_allowed",
    "web_app_bot_allowed": "bot_allowed",
    "allow_sending_messages": "bot_allowed",
    "send_passport_values": "secure_values_sent",
    "joined_telegram": "contact_sign_up",
    "proximity_reached": "geo_proximity_reached",
    "edit_chat_theme": "set_chat_theme",
    "send_webview_data": "web_view_data_sent",
    "send_premium_gift": "gift_premium",
    "gift_code_prize": "gift_code",
    "topic_created": "topic_create",
    "set_chat_wallpaper": "set_chat_wall_paper",
    "set_same_chat_wallpaper": "set_chat_wall_paper",
    "refunded_payment": "payment_refunded",
    "send_stars_gift": "gift_stars",
    "send_ton_gift": "gift_ton",
    "stars_prize": "prize_stars",
    "send_star_gift": "star_gift",
    "paid_messages_refund": "paid_messages_refunded",
    "paid_messages_price_change": "paid_messages_price",
    "process_suggested_post": "suggested_post_approval",
}
_FIELDS: Final[Mapping[tuple[str, str], str]] = {
    ("send_payment", "amount"): "total_amount",
    ("refunded_payment", "amount"): "total_amount",
    ("topic_edit", "new_title"): "title",
    ("topic_edit", "new_icon_emoji_id"): "icon_emoji_id",
    ("phone_call", "discard_reason"): "reason",
    ("phone_call", "duration_seconds"): "duration",
    ("edit_chat_theme", "emoticon"): "emoticon",
}
_REPLIES: Final[Mapping[str, str]] = {
    "pin_message": "message_id",
    "score_in_game": "game_message_id",
    "send_payment": "invoice_message_id",
    "set_same_chat_wallpaper": "message_id",
}
_COMMON: Final = frozenset(
    {
        *("id", "type", "date", "date_unixtime", "edited", "edited_unixtime", "actor", "actor_id", "action"),
        *("text", "text_entities", "rich_message", "reactions", "inline_bot_buttons", "telekeep"),
        *("photo", "photo_file_size", "width", "height", "media_spoiler", "self_destruct_period_seconds"),
        *("reply_to_message_id", "reply_to_peer_id", "information_text", "giveaway_results", "giveaway_information"),
    }
)


class ServiceEvent(NamedTuple):
    """What a service message reports."""

    action: dict[str, Any]
    replied: int | None = None
    """The message that it is about."""


def read_event(entry: Mapping[str, Any]) -> ServiceEvent:
    """The action of a service message."""
    name = words(entry.get("action"))
    if name is None:
        return ServiceEvent({"type": "custom_action", "message": words(entry.get("information_text")) or ""})
    about = _REPLIES.get(name)
    fields = {
        _FIELDS.get((name, key), key): _value(key, value)
        for key, value in entry.items()
        if key not in _COMMON and key != about
    }
    return ServiceEvent({"type": _NAMES.get(name, name), **fields}, None if about is None else number(entry.get(about)))


def _value(key: str, value: object) -> object:
    if key == "schedule_date":
        return until(value)
    if key == "peers" and isinstance(value, str):  # JSON within a text
        try:
            return read_json(value.encode()).value
        except UnreadableJson:
            return value
    return value
