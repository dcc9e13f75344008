"""`--pseudonymise users`: canaries in each place where a person can stand, and the bytes of each format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from telethon.tl import types

from archiver.convert import Peers, convert_message
from archiver.export.pseudonyms.actions import ActionPersons
from archiver.export.pseudonyms.labels import Pseudonyms
from archiver.export.pseudonyms.links import PersonLinks
from archiver.export.pseudonyms.rows import PseudonymousRows
from archiver.export.pseudonyms.texts import PersonTexts
from archiver.model.record import Message
from archiver.model.row import KEYS
from tests.canaries import CANARY, Canaries
from tests.desktop_pages import DesktopPages
from tests.exporting import export_as
from tests.importing import chat, entry, import_into, write_json
from tests.sample import START, build
from tests.unit.tl_random import build as random_object
from tests.unit.tl_random import constructors, through_bytes

FORMATS = ("jsonl", "csv", "html", "desktop-json", "markdown", "atom")
PEER = types.PeerChannel(1001)
SEEDS = range(2)
KEPT = "Night Bridge"
DESKTOP = (
    *("create_group", "edit_group_title", "invite_members", "remove_members", "join_group_by_link", "create_channel"),
    *("join_group_by_request", "migrate_to_supergroup", "pin_message", "score_in_game", "send_payment", "phone_call"),
    *("take_screenshot", "allow_sending_messages", "send_passport_values", "joined_telegram", "proximity_reached"),
    *("group_call", "invite_to_group_call", "conference_call", "set_messages_ttl", "edit_chat_theme", "topic_created"),
    *("send_webview_data", "send_premium_gift", "suggest_profile_photo", "requested_peer", "gift_code_prize"),
    *(
        "giveaway_launch",
        "giveaway_results",
        "set_chat_wallpaper",
        "boost_apply",
        "refunded_payment",
        "send_stars_gift",
    ),
    *("stars_prize", "send_star_gift", "paid_messages_refund", "todo_completions", "todo_append_tasks"),
    *("process_suggested_post", "change_creator", "new_creator_pending", "suggest_birthday", "an_action_of_tomorrow"),
)
FIELDS: dict[str, Any] = {
    "members": ["Canary One", None, "Canary Two"],
    "inviter": "Canary Three",
    "from": "Canary Four",
    "from_id": "user7700000004",
    "to": "Canary Five",
    "to_id": "user7700000005",
    "peers": "[7700000006]",
    "boost_peer_id": "user7700000007",
    "peer_id": 7_700_000_008,
    "participants": [7_700_000_009, "user7700000010", "Canary Six"],
    "winners": [7_700_000_011],
    "new_creator": "Canary Seven",
    "new_creator_id": 7_700_000_012,
    "user": {"id": "user7700000013", "name": "Canary Eight"},
    "gift_text": ["Canary Nine and ", {"type": "mention", "text": "@canary_ten"}],
    "text": "by @canary_eleven",
    "comment": "Canary Twelve is known",
    "items": [{"text": "ask @canary_13", "completed_by": "user7700000014", "by": "Canary 14"}],
}
MESSAGES: list[dict[str, Any]] = [
    entry(
        1,
        "hi",
        **{
            "from": "Canary One",
            "from_id": "user7700000001",
            "forwarded_from": "Canary Two",
            "forwarded_from_id": "user7700000002",
            "saved_from": "Canary Three",
            "via_bot": "@canary_via",
            "author": "Canary Four",
        },
    ),
    entry(
        2,
        "",
        contact_information={"first_name": "Canary", "last_name": "Five", "phone_number": "+4977000111", "vcard": "x"},
        contact_vcard="contacts/canary.vcf",
    ),
    entry(
        3,
        "",
        poll={
            "question": "by @canary_q",
            "closed": False,
            "total_voters": 1,
            "answers": [{"text": "@canary_a", "voters": 1, "chosen": False}],
        },
    ),
    entry(4, "", todo_list={"title": "@canary_t", "answers": [{"text": "@canary_i", "id": 1}]}),
    entry(
        5,
        "",
        giveaway_results={
            "channel": "channel1",
            "winners": ["Canary Six", 7700000006, "user7700000007"],
            "winners_count": 1,
            "additional_prize": "@canary_p",
        },
    ),
    entry(
        6,
        "",
        giveaway_information={
            "quantity": 1,
            "months": 1,
            "until_date": "2021-12-17T00:00:00",
            "channels": [1001],
            "additional_prize": "by @canary_x",
        },
    ),
    entry(
        7,
        "",
        reactions=[
            {
                "type": "emoji",
                "count": 1,
                "emoji": "x",
                "recent": [{"from": "Canary Seven", "from_id": "user7700000008", "date": "2021-12-17T00:00:00"}],
            }
        ],
    ),
    entry(
        8,
        "",
        inline_bot_buttons=[
            [
                {"type": "user_profile", "text": "@canary_b", "data": "7700000009"},
                {"type": "url", "text": "x", "data": "https://t.me/canary_b/12"},
                {"type": "callback", "text": "go", "data": "canary"},
            ]
        ],
    ),
    entry(
        9,
        [
            {"type": "mention_name", "text": "Canary Eight", "user_id": 7700000010},
            {"type": "link", "text": "t.me/canary_b/12"},
            {"type": "text_link", "text": "x", "href": "https://t.me/canary_b/12"},
            {"type": "mention", "text": "@canary_m"},
        ],
    ),
    entry(
        10,
        "",
        file="(File not included. Change data exporting settings to download.)",
        media_type="audio_file",
        performer="@canary_perf",
        title="t",
        mime_type="audio/mpeg",
        thumbnail="x",
    ),
    entry(
        11,
        "",
        invoice_information={
            "title": "@canary_inv",
            "description": "by @canary_inv",
            "amount": 1,
            "currency": "XTR",
            "receipt_message_id": 1,
        },
    ),
    entry(
        12,
        "",
        location_information={"latitude": 1.0, "longitude": 1.0},
        place_name="@canary_place",
        address="@canary_place",
    ),
    entry(
        13,
        "",
        rich_message={
            "rtl": False,
            "part": False,
            "blocks": [
                {
                    "type": "paragraph",
                    "text": [
                        {"type": "mention_name", "text": "Canary Nine", "user_id": 7700000012},
                        "x @canary_rr",
                        {"type": "email", "text": "canary@x.example"},
                        {"type": "text_link", "text": "y", "href": "https://t.me/canary_b/12"},
                    ],
                },
                {"type": "author_date", "author": "Canary Ten", "date": 1},
            ],
        },
    ),
    entry(14, "x", reply_to_message_id=3, reply_to_peer_id="user7700000013"),
    entry(15, "story", story={"from": "Canary"}, saved_from="Canary Z"),
]
"""Persons in each place of a message as Telegram Desktop writes it."""
LINES = (
    "{} invited Canary Two", "{} removed Canary Two", "{} joined group by link from Canary Two",
    "{} pinned this message",
    "{} changed group title to «Night Bridge»",
    "{} created group «Night Bridge» with members Canary Two and Canary Three",
    "{} joined group by request", "{} started voice chat", "{} is within 10 m from Canary Two", "{} did what is new",
    "You have allowed Canary One to message you", "{} took a screenshot", "Canary Two was made an administrator by {}",
)  # fmt: skip


def test_nobody_is_named_of_any_captured_action_or_attachment(tmp_path: Path) -> None:
    archive = build(tmp_path / "archive", list(captured()))
    expect_no_canary(archive, tmp_path)


@pytest.mark.parametrize("name", ["json", "html"])
def test_nobody_is_named_of_an_export_of_telegram_desktop(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "archive"
    if name == "json":
        frame = {"actor": "Canary Actor", "actor_id": "user7700000001", "from": ..., "from_id": ...}
        events = [entry(at, type="service", action=one, **{**FIELDS, **frame}) for at, one in enumerate(DESKTOP, 1)]
        told = entry(900, type="service", information_text="Canary One invited Canary Two", **frame)
        written = entry(901, "see t.me/canary_member/12", **{"from": "Canary One", "from_id": "user7700000001"})
        others = [{**one, "id": 100 + one["id"]} for one in MESSAGES]
        source = chat([*events, *others, told, written], type="public_supergroup")
        import_into(archive, write_json(tmp_path / "result.json", source))
    else:
        pages = DesktopPages(KEPT)
        pages.add(1, START, by="Canary One", text="first")
        for at, line in enumerate(LINES, 2):
            pages.service(at, START + 60 * at, line.format("Canary One"))
        import_into(archive, pages.write(tmp_path / "pages"), channel="1001")
    expect_no_canary(archive, tmp_path)


SHAPES: list[dict[str, Any]] = [
    {"type": "chat_add_user", "members": [{"name": "Canary A", "id": 7_700_000_001}]},
    {"type": "x", "who": {"first": "Canary", "id": 7_700_000_002, "username": "canary_x"}},
    {"type": "x", "members": {"Canary One": 1, "7700000003": "y"}, "title": "Canary", "text": "Canary said so"},
    {
        "type": "x",
        "status": "Canary joined",
        "kind": "Canary",
        "path": "Canary",
        "date": "Canary",
        "reason": "A Canary",
    },
    {"type": "custom_action", "message": ["Canary ", {"type": "bold", "text": "Canary"}]},
    {"type": "x", "from_id": 7_700_000_004.0, "actor_name": "Canary", "n": 7_700_000_005, "admins": [7_700_000_006]},
    {"type": "Canary was here", "user": {"type": "user", "id": "user7700000007", "name": "Canary"}},
]
WHOLE = {
    "type": "payment_sent",
    "currency": "XTR",
    "total_amount": 1_234_567_890,
    "message_id": 1_234_567_890,
    "peer": {"type": "channel", "id": 1_234_567_890, "name": "Bridge"},
    "reason": {"_": "PhoneCallDiscardReasonBusy"},
    "at": "2021-12-16T00:00:00Z",
}


def test_no_shape_of_an_action_is_trusted_and_what_is_known_stays() -> None:
    names = Pseudonyms(bytes(32))
    links = PersonLinks(names, frozenset())
    persons = ActionPersons(names, links, PersonTexts(names, links))
    made = [orjson.dumps(persons.value(one)).decode() for one in SHAPES]
    assert [one for one in made if CANARY.search(one)] == []
    assert persons.value(WHOLE) == WHOLE


def captured() -> Iterator[Message]:
    """All actions; all attachments with the rest of a message; all blocks."""
    at = 0
    for seed in SEEDS:
        random, strict, loose = Random(seed), Canaries(strict=True), Canaries(strict=False)
        for kind in constructors("MessageAction"):
            action = strict.put(random_object(kind, random))
            at += 1
            yield convert(random_object(types.MessageService, random, peer_id=PEER, action=action), at)
        for kind in constructors("MessageMedia"):
            media = random_object(kind, random)
            at += 1
            message = random_object(types.Message, random, peer_id=PEER, media=media, rich_message=None, entities=None)
            yield convert(loose.put(message), at)
        for kind in [*constructors("PageBlock"), *constructors("Text")]:
            if kind is types.TextWithEntities:
                continue
            block = random_object(kind, random)
            block = types.PageBlockParagraph(block) if kind.__name__.startswith("Text") else block
            at += 1
            rich = types.RichMessage([block], [], [])
            yield convert(loose.put(types.Message(id=1, peer_id=PEER, date=None, message="", rich_message=rich)), at)


def convert(message: Any, number: int) -> Message:
    """Its record, as another one of the channel."""
    message.id, message.from_id = number, types.PeerUser(7_700_000_000)
    user = types.User(id=7_700_000_000, first_name="Canary", last_name="Sender", username="canary_sender")
    read, raw = through_bytes(message)
    return replace(
        convert_message(read, raw, channel_id=1001, peers=Peers([user]), layer=229), via_bot_id=None, lang=None
    )


def expect_no_canary(archive: Path, place: Path) -> None:
    """The plain export has canaries, and no format that is pseudonymised has any."""
    persons = PseudonymousRows(Pseudonyms(bytes(32)), ["NightBridge"])
    export_as("jsonl", archive, place / "plain.jsonl")
    assert CANARY.search((place / "plain.jsonl").read_text())
    for name in FORMATS:
        out = place / "out" / name / "all"
        export_as(name, archive, out, revisions=True, job={"prepare": persons.row, "options": persons.options})
        for file in [one for one in out.parent.rglob("*") if one.is_file()]:
            text = file.read_text(errors="replace")
            assert [text[max(0, at.start() - 90) : at.end() + 20] for at in CANARY.finditer(text)] == [], name


REWRITTEN = (
    *(
        "text",
        "entities",
        "sender",
        "post_author",
        "reply_to",
        "fwd_from",
        "media",
        "hashtags",
        "links",
        "payload_sha256",
        "action",
    ),
    *("restriction", "via_bot", "markup", "fact_check", "rich", "extra", "annotations"),
)
HARMLESS = (
    *(
        "channel_id",
        "channel",
        "message_id",
        "permalink",
        "date",
        "edit_date",
        "kind",
        "grouped_id",
        "views",
        "forwards",
    ),
    *("replies", "reactions", "origin", "first_seen", "last_seen", "missing_since", "revisions", "pinned"),
    *("noforwards", "silent", "edit_hidden", "effect", "boosts", "paid"),
)


def test_each_key_of_rows_is_decided() -> None:
    assert sorted([*REWRITTEN, *HARMLESS]) == sorted(KEYS)
