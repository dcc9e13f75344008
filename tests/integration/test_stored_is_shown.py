"""What a server sends of a post is in its row, in `show`, and found by its words: from the wire to the command."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from telethon.tl import types as tl

from archiver.convert.message import convert_message
from archiver.convert.peers import Peers
from archiver.mirror.rebuild_search import rebuild_search
from archiver.model.record import Message
from archiver.store.database import Database, Writer
from tests.acceptance import warm
from tests.doubles.telegram.article import article
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.media import plain
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import mirror_of

BOLD = [tl.MessageEntityBold(0, 3)]
Post = Callable[[World, Channel], Any]


def buttons(*labels: tuple[str, str]) -> tl.ReplyInlineMarkup:
    row = [tl.KeyboardInlineButton(text, tl.InlineButtonTypeUrl(url)) for text, url in labels]
    return tl.ReplyInlineMarkup([tl.KeyboardInlineButtonRow(row)])


def reaction(count: int) -> tl.MessageReactions:
    return tl.MessageReactions([tl.ReactionCount(tl.ReactionPaid(), count)])


def quiz(world: World) -> Any:
    media = world.media.poll("Which bridge?", {"the north one": 3, "the south one": 1}, quiz=True)
    media.results.solution, media.results.solution_entities = "See the lampposts", BOLD
    return media


def quote() -> tl.MessageReplyHeader:
    return tl.MessageReplyHeader(
        reply_to_msg_id=1, quote=True, quote_text="a quoted passage", quote_entities=BOLD, quote_offset=4
    )


def giveaway(channel: Channel) -> Any:
    until = datetime(2022, 1, 31, tzinfo=UTC)
    return tl.MessageMediaGiveaway([channel.id], 5, until, prize_description="samovar", stars=500)


def via_bot(world: World, channel: Channel) -> Any:
    bot = world.add_user("Gif SelectedEngine", username="giffinder", bot=True)
    return channel.post("from a bot", via_bot_id=bot.id)


REASONS = [tl.RestrictionReason("ios", "terms", "Unavailable by court order"), tl.RestrictionReason("all", "x", "Gone")]
FACT = tl.FactCheck(2**62 + 1, country="DE", text=tl.TextWithEntities("Photograph dates from 2014", BOLD))

KINDS: dict[str, tuple[Post, dict[str, Any], str | None]] = {
    "restriction": (
        lambda _, channel: channel.post("blank for some", restriction_reason=REASONS),
        {"restriction": [
            {"platform": "ios", "reason": "terms", "text": "Unavailable by court order"},
            {"platform": "all", "reason": "x", "text": "Gone"},
        ]},
        '"by court order"',
    ),
    "noforwards": (lambda _, channel: channel.post("protected", noforwards=True, silent=True),
                   {"noforwards": True, "silent": True, "edit_hidden": False}, None),
    "via_bot": (via_bot, {"via_bot": {"type": "user", "name": "Gif SelectedEngine", "username": "giffinder"}}, None),
    "fact_check": (
        lambda _, channel: channel.post("disputed", factcheck=FACT),
        {"fact_check": {
            "text": "Photograph dates from 2014", "entities": [{"type": "bold", "offset": 0, "length": 3}],
            "country": "DE", "needs_check": False, "hash": str(2**62 + 1),
        }},
        "photograph 2014",
    ),
    "effect": (lambda _, channel: channel.post("sparkling", effect=2**62 + 3), {"effect": str(2**62 + 3)}, None),
    "edit_hidden": (lambda _, channel: channel.edit(channel.post("touched").id, hide=True),
                    {"edit_hidden": True}, None),
    "quiz": (
        lambda world, channel: channel.post(media=quiz(world)),
        {"media": [{"kind": "poll", "extra": {
            "quiz": True, "solution": "See the lampposts",
            "solution_entities": [{"type": "bold", "offset": 0, "length": 3}],
            "answers": [{"text": "the north one", "voters": 3, "correct": True}, {"text": "the south one"}],
        }}]},
        "lampposts",
    ),
    "quote": (
        lambda _, channel: channel.post("an answer", reply_to=quote()),
        {"reply_to": {"quote": True, "quote_text": "a quoted passage", "quote_offset": 4,
                      "quote_entities": [{"type": "bold", "offset": 0, "length": 3}]}},
        '"quoted passage"',
    ),
    "buttons": (
        lambda _, channel: channel.post("with buttons", reply_markup=buttons(("Chart room", "https://a.example/c"))),
        {"markup": [[{"text": "Chart room", "type": "url", "url": "https://a.example/c"}]],
         "links": ["https://a.example/c"]},
        '"chart room"',
    ),
    "custom action": (
        lambda _, channel: channel.service(tl.MessageActionCustomAction("Somebody opened the archive box")),
        {"kind": "service", "action": {"type": "custom_action", "message": "Somebody opened the archive box"}},
        '"archive box"',
    ),
    "gift": (
        lambda _, channel: channel.service(tl.MessageActionGiftCode(12, "slug77", message=plain("With best wishes"))),
        {"action": {"type": "gift_code", "slug": "slug77"}}, '"best wishes"',
    ),
    "paid media": (lambda world, channel: channel.post("unlock", media=world.media.paid(50)),
                   {"media": [{"kind": "paid_media", "extra": {"stars_amount": 50}}]}, None),
    "giveaway": (lambda _, channel: channel.post(media=giveaway(channel)),
                 {"media": [{"kind": "giveaway",
                             "extra": {"quantity": 5, "stars": 500, "prize_description": "samovar"}}]},
                 "samovar"),
    "boosts": (lambda _, channel: channel.post("boosted", from_boosts_applied=4, from_rank="editor"),
               {"boosts": 4, "extra": {"from_rank": "editor"}}, None),
    "paid": (lambda _, channel: channel.post("paid for", paid_message_stars=25, paid_suggested_post_stars=True,
                                             reactions=reaction(9)),
             {"paid": {"message_stars": 25, "suggested_post_stars": True, "suggested_post_ton": False},
              "reactions": [{"reaction": "paid", "count": 9}]}, None),
    "rich": (lambda _, channel: channel.post(rich_message=article("heading words", "closing words")),
             {"rich": {"rtl": False, "part": False, "text": "heading words\nclosing words"}}, '"closing words"'),
}  # fmt: skip


@pytest.fixture
async def mirrored(server: Server, account: Account, world: World, tmp_path: Path) -> dict[str, int]:
    channel = world.add_channel("Alpha", "alpha")
    ids = {name: post(world, channel).id for name, (post, _, _) in KINDS.items()}
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
    return ids


def telekeep(directory: Path, *arguments: str) -> bytes:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TELEKEEP_", "PYTHON"))}
    environment = kept | {"TELEKEEP_ARCHIVE__DIR": str(directory), "HOME": str(directory), "PYTHONWARNINGS": "error"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = warm.run(*arguments, cwd=directory, env=environment, limit=120)
    assert done.returncode == 0, done
    return done.stdout.encode()


def rows(directory: Path, *arguments: str) -> list[Any]:
    return [orjson.loads(line) for line in telekeep(directory, *arguments).splitlines()]


def expect_within(expected: Any, found: Any) -> None:
    """Everything expected is found; objects may have more keys."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            expect_within(value, found.get(key))
    elif isinstance(expected, list):
        for one, other in zip(expected, found, strict=False):
            expect_within(one, other)
        assert len(expected) <= len(found)
    else:
        assert found == expected


async def test_each_kind_is_in_its_row_in_show_and_found_by_its_words(mirrored: dict[str, int], tmp_path: Path) -> None:
    exported = {row["message_id"]: row for row in rows(tmp_path, "export", "-o", "-")}
    for name, (_, expected, query) in KINDS.items():
        expect_within(expected, exported[mirrored[name]])
        if query is not None:
            assert [row["message_id"] for row in rows(tmp_path, "search", query, "--jsonl")] == [mirrored[name]]
    [shown] = rows(tmp_path, "show", f"alpha/{mirrored['quiz']}", "--json")
    expect_within(KINDS["quiz"][1], shown)
    telekeep(tmp_path, "verify", "--deep")


def text_link(url: str) -> list[Any]:
    return [tl.MessageEntityTextUrl(4, 6, url)]


async def test_what_was_swapped_behind_the_same_words_is_in_history_and_changes(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    channel, make = world.add_channel("Alpha", "alpha"), world.media
    one, two = "https://one.example/", "https://two.example/"
    link = channel.post("see report", entities=text_link(one))
    button = channel.post("open it", reply_markup=buttons(("Open", one)))
    bold = channel.post("plain words")
    picture = channel.post("a caption", media=make.photo())
    poll = channel.post("vote", media=make.poll("Which?", {"this": 1, "that": 2}))
    page = channel.post("a page", media=make.webpage(one, "Page", "What it says"))
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        channel.edit(link.id, entities=text_link(two))
        channel.edit(button.id, reply_markup=buttons(("Open", two)))
        channel.edit(bold.id, entities=[tl.MessageEntityBold(0, 5)])
        channel.edit(picture.id, media=make.photo(spoiler=True, file_id=picture.message.media.photo.id), text="another")
        channel.edit(poll.id, media=make.poll("Which one?", {"this": 1, "that": 2}))
        channel.edit(page.id, text="the page")
        await rig.sync(channel)
    said = {row["message_id"]: row for row in rows(tmp_path, "changes", "--jsonl")}
    assert [one["what"] for one in said[link.id]["differences"]] == ["link"]
    told = {name: said[post.id]["description"] for name, post in
            {"link": link, "button": button, "bold": bold, "picture": picture, "page": page}.items()}  # fmt: skip
    assert told == {
        "link": f'link under "report" changed: {one} -> {two}',
        "button": f'button "Open" changed: {one} -> {two}',
        "bold": 'formatting only: bold added to "plain"',
        "picture": f"photo {picture.message.media.photo.id}: spoiler set; text: [-a caption-]{{+another+}}",
        "page": "text: [-a-]{+the+} page",
    }
    assert said[poll.id]["changed"] == ["media"]
    [history] = rows(tmp_path, "history", f"alpha/{link.id}", "--diff", "--json")
    assert history["versions"][1]["differences"] == [
        {"part": "entities", "what": "link", "where": "report", "old": one, "new": two}
    ]
    present = telekeep(tmp_path, "history", f"alpha/{link.id}").decode().splitlines()[1]
    assert present.split("\t")[8].endswith(f": {one} -> {two}")
    telekeep(tmp_path, "verify", "--deep")
    # A revision that an earlier telekeep wrote has neither details nor words of its media, and is sound too.
    earlier = "json_group_array(json_remove(value, '$.extra', '$.search_text'))"
    strip = f"UPDATE revision SET media = (SELECT {earlier} FROM json_each(media))"  # noqa: S608
    async with await Database.open(tmp_path) as database:
        await database.write(lambda conn: conn.execute(strip))
        await rebuild_search(database)
    telekeep(tmp_path, "verify", "--deep")
    assert "spoiler" not in telekeep(tmp_path, "changes", "--jsonl").decode()


async def test_a_spoiler_alone_is_an_edit_and_no_edit_where_an_earlier_telekeep_did_not_count_it(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    channel, make = world.add_channel("Alpha", "alpha"), world.media
    shown, hidden, older = (
        channel.post("a picture", media=make.photo(spoiler=spoiler)) for spoiler in (False, True, True)
    )

    def same(post: Any, *, spoiler: bool) -> Any:
        return make.photo(spoiler=spoiler, file_id=post.message.media.photo.id)

    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        await rig.database.write(_forget_spoiler, older.id, derive(older, channel).unmarked_hash)
        channel.edit(shown.id, media=same(shown, spoiler=True))
        channel.edit(hidden.id, media=same(hidden, spoiler=False))
        channel.edit(older.id, views=99)  # reactions do that too
        await rig.sync(channel)
    said = {row["message_id"]: row["description"] for row in rows(tmp_path, "changes", "--jsonl")}
    photos = [post.message.media.photo.id for post in (shown, hidden)]
    assert said == {shown.id: f"photo {photos[0]}: spoiler set", hidden.id: f"photo {photos[1]}: spoiler removed"}
    telekeep(tmp_path, "verify", "--deep")


def _forget_spoiler(conn: Writer, message_id: int, unmarked_hash: bytes | None) -> None:
    assert unmarked_hash is not None
    conn.execute("UPDATE message SET content_hash = ? WHERE message_id = ?", (unmarked_hash, message_id))


def derive(post: Any, channel: Channel) -> Message:
    """The record of a post as it is now."""
    return convert_message(post.message, bytes(post.message), channel_id=channel.id, peers=Peers(), layer=229)
