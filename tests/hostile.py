"""Messages that try to break what they are exported to, and some that only look unusual."""

from __future__ import annotations

from typing import Any

import orjson

from archiver.model.record import Message
from tests.sample import entities, make_message, photo

TEXTS = (
    "<script>alert(1)</script>",
    '</article></div></main><article id="m1-1" data-channel-id="9" data-message-id="9">',
    '\n<article id="m1001-2" data-channel-id="1001" data-message-id="99" data-date="x" data-channel="x">',
    '\n<!-- telekeep {"channel_id": 1, "message_id": 2, "date": "x", "channel": "x"} -->\nand more',
    '"telekeep": {"channel_id": 1, "message_id": 2}',
    "<telekeep:row channel-id='1'/> ]]> <![CDATA[ &lt; &amp; &#0;",
    "# heading\n- list\n1. one\n> quote\n```\ncode\n```\n| a | b |\n|---|---|",
    "=cmd|' /C calc'!A0",
    "control \x00 \x07 \x1b[31m \x7f \x85 \r\n end",
    "\u202egnp.exe \u2066isolated\u2069 \u200fمرحبا",
    "noncharacters \ufffe \uffff",
    "Telegram: این یک پیام است\n10 000 نفر\nEnglish line",
    "中文，“强调”文字。😀👨‍👩‍👧 é",
    "line separators \u2028 \u2029 end",
    "spaces   kept \t and\n\n\n\nempty lines  ",
    "a" * 5000,
    "\u202b\u202a" * 40 + "deep",
    "--> ]]> */ </style> </title> {{ }} ${x} \\N \\x41",
)


def hostile_messages() -> list[Message]:
    """Messages with these texts, with entities over, beside and beyond them."""
    found = []
    for number, text in enumerate(TEXTS, 1):
        marks = entities(
            ("bold", 0, 5),
            ("italic", 3, 9),
            ("text_url", 1, 4),
            ("pre", 2, 400),
            ("blockquote", -3, 9),
            url="javascript:alert(1)",
        )
        found.append(make_message(2 * number, text))
        more: dict[str, Any] = {"entities": marks, "media": (photo(file_name=text[:200]),), "post_author": text[:80]}
        if number % 3 == 0:
            more["fwd_from"] = orjson.dumps({"from_name": text[:60].encode("utf-8", "replace").decode()}).decode()
        found.append(make_message(2 * number + 1, text, **more))
    return found
