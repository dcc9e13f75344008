"""Random files of both generations of Telegram Desktop, made after the description of its format, not after our reader.

Everything unusual is likely: nested marks, numbers that no field holds, fields and actions of later versions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

ENTITIES = (
    *("plain", "unknown", "mention", "hashtag", "bot_command", "link", "email", "bold", "italic", "code"),
    *("pre", "text_link", "mention_name", "phone", "cashtag", "underline", "strikethrough", "blockquote"),
    *("bank_card", "spoiler", "custom_emoji"),
)
ACTIONS = (
    *("create_group", "edit_group_title", "invite_members", "migrate_from_group", "pin_message"),
    *("clear_history", "score_in_game", "send_payment", "phone_call", "take_screenshot", "group_call"),
    *("set_messages_ttl", "group_call_scheduled", "topic_created", "topic_edit", "requested_peer"),
    *("gift_code_prize", "boost_apply", "poll_append_answer", "new_creator_pending", "an_action_of_tomorrow"),
)
BLOCKS = (
    *("heading", "paragraph", "footer", "thinking", "code", "divider", "anchor", "list", "quote", "photo"),
    *("video", "embed_post", "collage", "audio", "math", "table", "details", "map", "a_block_of_tomorrow"),
)
BUTTONS = (
    *("default", "url", "callback", "callback_with_password", "switch_inline_same", "auth", "copy_text"),
    *("a_button_of_tomorrow",),
)
NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"
WORDS = (
    *("bridge", "мост", "جسر", "桥", "👩‍👩‍👧‍👦", "e\u0301", "\u202eevil", "<b>", "a\tb", "li\nne", "\u2028", "\x7f"),
    *('"\\', "", "\0", "x" * 200),
)
NUMBERS = (0, 1, 500, 2**31, 2**53 + 1, -5, 10**30, "12", None, 1.5, True)


class RandomDesktop:
    """Messages of one file."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.is_late = self.random.random() < 0.5
        """Whether it is of version 7: with rich messages and origins of forwards."""

    def messages(self, count: int) -> list[dict[str, Any]]:
        """Messages, perhaps in another order, and one of them perhaps twice."""
        ids = list(range(1, count + 1))
        if self._may(0.3):
            ids.insert(self.random.randrange(count), self.random.choice(ids))
        if self._may(0.3):
            self.random.shuffle(ids)
        found = [self._message(number) for number in ids]
        return [self._shuffled(one) for one in found] if self._may(0.2) else found

    def write(self, messages: list[dict[str, Any]]) -> bytes:
        """The file: a chat or an account, indented or not, with what Desktop writes instead of valid escapes."""
        chat = self._shuffled({"name": "N", "type": "public_channel", "id": 1001, "messages": messages}, 0.2)
        whole: dict[str, Any] = chat
        if self._may(0.3):
            other = {"name": "P", "type": "personal_chat", "id": 5, "messages": messages[:2]}
            whole = {"about": "x", "contacts": {"list": [{"a": [1]}]}, "chats": {"about": "", "list": [other, chat]}}
        if self._may(0.1):
            whole = {"exported_data": whole}
        text = json.dumps(whole, ensure_ascii=False, indent=self.random.choice((1, 1, 1, None, 4)))
        data = re.sub(r"\\u00([01][0-9a-f])", r"\\x\1", text).encode()
        data = b"\xef\xbb\xbf" + data if self._may(0.2) else data
        return data.replace(b"\n", b"\r\n") if self._may(0.2) else data

    def _may(self, chance: float = 0.5) -> bool:
        return self.random.random() < chance

    def _pick(self, *values: Any) -> Any:
        return self.random.choice(values)

    def _some(self, made: Callable[[], Any], most: int = 3) -> list[Any]:
        return [made() for _ in range(self.random.randrange(most + 1))]

    def _shuffled(self, value: dict[str, Any], chance: float = 1.0) -> dict[str, Any]:
        items = list(value.items())
        if self._may(chance):
            self.random.shuffle(items)
        return dict(items)

    def _text(self) -> str:
        return " ".join(self._some(lambda: self._pick(*WORDS)))

    def _number(self) -> Any:
        return self._pick(*NUMBERS) if self._may(0.2) else self.random.randrange(1, 5000)

    def _path(self, path: str) -> Any:
        return (
            self._pick("/etc/passwd", "../x", "", "a\0b", None, 5) if self._may(0.1) else self._pick(path, NOT_INCLUDED)
        )

    def _entity(self, depth: int = 0) -> dict[str, Any]:
        more = {
            "pre": {"language": "py"},
            "text_link": {"href": self._pick("https://x.y", "javascript:alert(1)", "")},
            "mention_name": {"user_id": self._pick(5, 2**70, "7", None)},
            "custom_emoji": {"document_id": self._pick("stickers/a.webp", "", NOT_INCLUDED, "123", 2**63)},
            "blockquote": {"collapsed": True},
        }
        kind = self._pick(*ENTITIES)
        is_nested = depth < 3 and self._may(0.1)
        return {"type": kind, "text": [self._entity(depth + 1)] if is_nested else self._text(), **more.get(kind, {})}

    def _inline(self, depth: int = 0) -> Any:
        if depth > 4 or self._may(0.4):
            return self._text()
        if self._may():
            return self._some(lambda: self._inline(depth + 1))
        return {"type": self._pick(*ENTITIES, "concat", "math", "diff"), "text": self._inline(depth + 1)}

    def _block(self, depth: int = 0) -> dict[str, Any]:
        block = {"type": self._pick(*BLOCKS), "text": self._inline(), "title": self._inline(), "photo": self._path("a")}
        block["rows"] = [{"cells": [{"text": self._inline(), "colspan": self._number()}]}]
        if depth < 2:
            block["items"] = self._some(lambda: {"text": self._inline(), "blocks": [self._block(depth + 1)]})
        return block

    def _media(self) -> dict[str, Any]:
        size = {"width": self._number(), "height": self._number(), "media_spoiler": True}
        answers = self._some(lambda: {"text": self._pick(self._text(), [self._entity()]), "voters": self._number()})
        place = self._pick(None, {"latitude": 1.5, "longitude": -200}, {"latitude": "x"})
        photo = {"photo": self._path("photos/p.jpg"), "photo_file_size": self._number(), **size}
        kind = self._pick("sticker", "video_message", "voice_message", "audio_file", "a_kind_of_tomorrow", None)
        return self._pick(
            {},
            photo,
            {
                "file": self._path("f"),
                "file_size": self._number(),
                "media_type": kind,
                "duration_seconds": self._number(),
            },
            {"contact_information": {"first_name": "A", "phone_number": "1"}, "contact_vcard": self._path("c.vcard")},
            {"location_information": place, "live_location_period_seconds": self._number()},
            {"place_name": self._text(), "address": self._text(), "location_information": place},
            {"invoice_information": self._pick(json.dumps({"title": "T", "amount": self._number()}), "{bad")},
            {"poll": {"question": [self._entity(), "?"], "total_voters": self._number(), "answers": answers}},
            {"todo_list": {"title": [self._entity()], "answers": answers}},
            {"giveaway_information": {"quantity": self._number(), "until_date": self._number(), "channels": [1, "x"]}},
            {"paid_stars_amount": self._number()},
        )

    def _message(self, number: int) -> dict[str, Any]:
        if self._may(0.05):
            return {"id": number, "type": "unsupported"}
        unix = 1_500_000_000 + 60 * number
        made = {"id": number, "type": "message", "date": "2017-07-14T02:40:00", "date_unixtime": str(unix)}
        if self._may(0.2):
            made |= {"edited": "2017-07-14T02:41:00", "edited_unixtime": str(unix + 60)}
        return made | (self._service() if self._may(0.15) else self._post())

    def _service(self) -> dict[str, Any]:
        fields = {
            "title": self._text(),
            "message_id": self._pick(1, 2**40),
            "members": ["A", None],
            "schedule_date": 10**20,
            "peers": '[{"id":1}]',
            "duration": self._number(),
        }
        some = {name: value for name, value in fields.items() if self._may(0.3)}
        actor = {"actor": self._pick("A", None), "actor_id": self._pick("channel1001", "user5")}
        return {"type": "service", **actor, "action": self._pick(*ACTIONS), **some, "text": "", "text_entities": []}

    def _post(self) -> dict[str, Any]:
        parts = self._some(self._entity)
        first = self._text()
        said: dict[str, Any] = {"text": [first, *parts], "text_entities": [{"type": "plain", "text": first}, *parts]}
        if self.is_late and self._may(0.3):
            said = {"rich_message": {"rtl": True, "part": self._may(), "blocks": self._some(self._block)}}
        button = {
            "type": self._pick(*BUTTONS),
            "text": self._text(),
            "data": "",
            "dataBase64": self._pick("AAA", "!", ""),
        }
        kind = self._pick("emoji", "custom_emoji", "paid", "a_reaction_of_tomorrow")
        reaction = {"type": kind, "count": self._number(), "emoji": "👍", "document_id": "stickers/x.webp"}
        more = {
            "author": self._text(),
            "forwarded_from": self._pick(None, self._text()),
            "reply_to_message_id": self._pick(1, 2**40, -3),
            "reply_to_peer_id": "channel77",
            "via_bot": "@bot",
            "inline_bot_buttons": [[button]],
            "reactions": [reaction, reaction],
            "a_field_of_tomorrow": {"a": [1, {"b": None}]},
            **({"forwarded_from_id": self._pick("channel55", "user66")} if self.is_late else {}),
        }
        some = {name: value for name, value in more.items() if self._may(0.2)}
        sender = self._pick("channel1001", "user123", "weird", None, 2**32 + 5)
        return {"from": self._pick("A", None), "from_id": sender, **some, **self._media(), **said}
