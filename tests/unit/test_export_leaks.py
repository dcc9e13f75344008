"""`--pseudonymise users`: canaries in each place where a person can stand, and the bytes of each format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from telethon.tl import types

from archiver.convert import Peers, convert_message
from archiver.export.pseudonyms.labels import Pseudonyms
from archiver.export.pseudonyms.rows import PseudonymousRows
from archiver.model.record import Message
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
        source = chat([*events, told, written], type="public_supergroup")
        import_into(archive, write_json(tmp_path / "result.json", source))
    else:
        pages = DesktopPages(KEPT)
        pages.add(1, START, by="Canary One", text="first")
        for at, line in enumerate(LINES, 2):
            pages.service(at, START + 60 * at, line.format("Canary One"))
        import_into(archive, pages.write(tmp_path / "pages"), channel="1001")
    expect_no_canary(archive, tmp_path)


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
