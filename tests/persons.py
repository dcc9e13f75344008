"""An archive in which one person is in every place that a message has for persons."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from archiver.export.pseudonyms.labels import Pseudonyms
from archiver.model.json_text import dump
from archiver.model.record import Media
from archiver.model.row import MEDIA_KEYS
from tests.sample import OTHER, build, make_message

KEY = bytes(range(32))
NAMES = Pseudonyms(KEY)
USER = 7_001_002_003
TEXT = "😀 secretly @SecretUser wrote to Secret Person, see t.me/SecretUser or secret@mail.example, +49 151 2345 6789"


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def mark(kind: str, words: str, within: str = TEXT, **more: Any) -> dict[str, Any]:
    at = within.index(words)
    return {"type": kind, "offset": utf16(within[:at]), "length": utf16(words), **more}


MARKS = [
    mark("bold", "wrote to Secret Person"),
    mark("mention", "@SecretUser"),
    mark("mention_name", "Secret Person", user_id=USER),
    mark("url", "t.me/SecretUser"),
    mark("email", "secret@mail.example"),
    mark("phone", "+49 151 2345 6789"),
    mark("text_url", "secretly", url="tg://user?id=7001002003"),
    mark("italic", "see"),
]
PERSON = {"type": "user", "id": USER, "name": "Secret Person", "username": "SecretUser"}
CONTACT = {
    "first_name": "Secret",
    "last_name": "Person",
    "phone_number": "4915123456789",
    "vcard": "BEGIN:VCARD Secret",
}
ACTION = {"type": "chat_add_user", "users": [USER, USER + 1], "inviter_id": USER, "peer": {"type": "user", "id": USER}}
BLOCKS = [
    {
        "_": "PageBlockParagraph",
        "text": {
            "_": "TextConcat",
            "texts": [
                {"_": "TextPlain", "text": "by "},
                {"_": "TextMentionName", "text": {"_": "TextPlain", "text": "Secret Person"}, "user_id": USER},
                {"_": "TextEmail", "text": {"_": "TextPlain", "text": "write me"}, "email": "secret@mail.example"},
                {"_": "TextMention", "text": {"_": "TextPlain", "text": "@SecretUser"}},
            ],
        },
    },
    {"_": "PageBlockAuthorDate", "author": {"_": "TextPlain", "text": "Secret Author"}},
]
EXTRA = {
    "rich": {"blocks": BLOCKS},
    "rich_text": "by Secret Personwrite me@SecretUser\nSecret Author",
    "from_rank": "Secret Rank",
    "saved_peer_id": {"type": "user", "id": USER},
}
MEDIA = (
    Media(slot=0, kind="contact", title="Secret Person", extra=dump({**CONTACT, "user_id": USER}).decode()),
    Media(
        slot=1,
        kind="webpage",
        url="https://t.me/SecretUser",
        title="Secret Person",
        extra=dump({"type": "telegram_user", "description": "Secret bio", "author": "Secret Author"}).decode(),
    ),
    Media(
        slot=2,
        kind="poll",
        title="Who is @SecretUser?",
        extra=dump(
            {
                "answers": [{"text": "@SecretUser", "entities": [], "added_by": {"type": "user", "id": USER}}],
                "question_entities": [mark("mention", "@SecretUser", "Who is @SecretUser?")],
            }
        ).decode(),
    ),
    Media(slot=4, kind="document", file_name="Secret Person.vcf"),
    Media(slot=3, kind="giveaway_results", extra=dump({"winners": [USER], "winners_count": 1}).decode()),
)
REPLY = {
    "reply_to_msg_id": 1,
    "quote_text": "said @SecretUser",
    "quote_entities": [mark("mention", "@SecretUser", "said @SecretUser")],
    "quote_offset": 12,
    "reply_from": {"from_name": "Secret Person", "date": "2021-12-16T00:00:00Z"},
}
MARKUP = [
    [
        {"text": "Ask @SecretUser", "type": "user_profile", "user_id": USER},
        {"text": "go", "type": "url", "url": "https://t.me/SecretUser?start"},
        {"text": "vote", "type": "callback", "data": "NzAwMTAwMjAwMw=="},
    ]
]
FACT = {"text": {"text": "by @SecretUser", "entities": []}, "country": "DE", "need_check": False, "hash": "1"}
SECRET = re.compile(r"secret(?!ly)|7001002003|7001002004|15123456789|151 2345|NzAwMTAwMjAwMw", re.IGNORECASE)
KEPT = ("secretly", "Night Bridge", "wrote to", "jisr_news")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    def text(value: object) -> str:
        return dump(value).decode()

    messages = [
        make_message(
            1,
            TEXT,
            entities=text(MARKS),
            sender=text(PERSON),
            post_author="Secret Person",
            fwd_from=text({"from_id": {"type": "user", "id": USER}, "name": "Secret Person", "username": "SecretUser"}),
            reply_to=text(REPLY),
            media=MEDIA,
            markup=text(MARKUP),
            extra=text({**EXTRA, "factcheck": FACT}),
        ),
        make_message(2, "joined", kind="service", action=text(ACTION), sender=text(PERSON)),
        make_message(3, "from a channel: @jisr_news and t.me/jisr_news", fwd_from=text({"from_name": "Secret Person"})),
        make_message(4, "", extra=text(EXTRA)),
        make_message(
            5,
            "kept",
            fwd_from=text(
                {"from_id": {"type": "channel", "id": 1002}, "name": "The Channel", "post_author": "Secret P"}
            ),
            sender=text({"type": "channel", "id": 1002, "name": "The Channel", "username": "jisr_news"}),
        ),
    ]
    before = text([mark("mention", "@SecretUser", "by @SecretUser before")])
    revision = (
        "INSERT INTO revision (channel_id, message_id, revision, text, entities, media, first_seen, last_seen,"  # noqa: S608
        f" replaced_at, raw, layer, payload_sha256, content_hash) SELECT channel_id, message_id, 1,"
        f" 'by @SecretUser before', '{before}', '[]', first_seen, last_seen, first_seen, raw, layer, payload_sha256,"
        " content_hash FROM message WHERE message_id = 3"
    )
    contact = {**dict.fromkeys(MEDIA_KEYS), "kind": "contact", "title": "Secret Person"}
    later = (
        "INSERT INTO revision (channel_id, message_id, revision, text, entities, media, first_seen, last_seen,"  # noqa: S608
        f" replaced_at, raw, layer, payload_sha256, content_hash) SELECT channel_id, message_id, 2, text, entities,"
        f" '{text([contact])}', first_seen + 1, last_seen, first_seen + 1, raw, layer, payload_sha256, x'02'"
        " FROM revision WHERE message_id = 3"
    )
    counted = "UPDATE message SET revisions = 2 WHERE message_id = 3"
    build(tmp_path / "archive", messages, covered=[(1, 5)], sql=[revision, later, counted])
    return build(tmp_path / "archive", [make_message(1, "other", channel_id=1002)], channel=OTHER)
