"""What counts as another content, and what does not."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from telethon.tl import types

from archiver.convert import Peers, convert_message
from archiver.model.record import Message
from tests.unit.tl_random import through_bytes

NOON = datetime(2021, 12, 16, 10, 0, tzinfo=UTC)
LATER = datetime(2022, 1, 1, tzinfo=UTC)
PEERS = Peers()


def message(text: str = "text", **fields: Any) -> types.Message:
    return types.Message(id=5, peer_id=types.PeerChannel(1234), date=NOON, message=text, **fields)


def record(obj: Any) -> Message:
    obj, raw = through_bytes(obj)
    return convert_message(obj, raw, channel_id=1234, peers=PEERS, layer=229)


def content(obj: Any) -> bytes:
    return record(obj).content_hash


def photo(id_: int = 7, reference: bytes = b"r", **fields: Any) -> types.Photo:
    sizes = [types.PhotoSize("x", 800, 600, 1)]
    return types.Photo(id=id_, access_hash=len(reference), file_reference=reference, date=NOON, sizes=sizes, dc_id=2)


def document(id_: int = 8, reference: bytes = b"r") -> types.Document:
    return types.Document(id_, len(reference), reference, NOON, "video/mp4", 5, 2, [])


def page(url: str = "https://a.b", title: str = "Title", **fields: Any) -> types.MessageMediaWebPage:
    return types.MessageMediaWebPage(types.WebPage(9, url, "a.b", 0, title=title, **fields))


def poll(question: str = "Q", answer: str = "A", votes: int = 0, *, closed: bool = False) -> types.MessageMediaPoll:
    asked = types.Poll(
        3,
        types.TextWithEntities(question, []),
        [types.PollAnswer(types.TextWithEntities(answer, []), b"\x00")],
        0,
        closed=closed,
    )
    results = [types.PollAnswerVoters(b"\x00", voters=votes, recent_voters=[])]
    return types.MessageMediaPoll(asked, types.PollResults(results=results, total_voters=votes))


def markup(url: str = "https://a.b") -> types.ReplyInlineMarkup:
    button = types.KeyboardInlineButton("Go", types.InlineButtonTypeUrl(url))
    return types.ReplyInlineMarkup([types.KeyboardInlineButtonRow([button])])


def rich(words: str = "words", reference: bytes = b"r") -> types.RichMessage:
    return types.RichMessage([types.PageBlockParagraph(types.TextPlain(words))], [photo(reference=reference)], [])


FULL: dict[str, Any] = {
    "text": "text",
    "entities": [types.MessageEntityBold(0, 4)],
    "media": types.MessageMediaPhoto(photo=photo()),
    "reply_markup": markup(),
    "rich_message": rich(),
}


@pytest.mark.parametrize(
    "change",
    [
        {"views": 10, "forwards": 1},
        {"edit_date": LATER, "edit_hide": True},
        {"reactions": types.MessageReactions([types.ReactionCount(types.ReactionEmoji("👍"), 3)])},
        {"replies": types.MessageReplies(3, 1)},
        {"pinned": True},
        {"media": types.MessageMediaPhoto(photo=photo(reference=b"another"))},
        {"rich_message": rich(reference=b"another")},
        {"factcheck": types.FactCheck(hash=1, need_check=True)},
        {"restriction_reason": [types.RestrictionReason("ios", "terms", "Not shown")]},
    ],
    ids="+".join,
)
def test_values_that_change_by_themselves_are_not_content(change: dict[str, Any]) -> None:
    assert content(message(**{**FULL, **change})) == content(message(**FULL))


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Text"},
        {"entities": [types.MessageEntityItalic(0, 4)]},
        {"entities": [types.MessageEntityBold(0, 3)]},
        {"entities": None},
        {"media": types.MessageMediaPhoto(photo=photo(70))},
        {"media": types.MessageMediaPhoto()},
        {"media": None},
        {"reply_markup": markup("https://c.d")},
        {"reply_markup": None},
        {"rich_message": rich("other")},
        {"rich_message": None},
    ],
    ids="+".join,
)
def test_edits_change_the_content_hash(change: dict[str, Any]) -> None:
    assert content(message(**{**FULL, **change})) != content(message(**FULL))


SAME = [
    (types.MessageMediaDocument(document=document()), types.MessageMediaDocument(document=document(reference=b"xy"))),
    (poll(), poll(votes=7)),
    (poll(), poll(closed=True)),
    (page(), page(description="crawled again")),
    (page(photo=photo()), page(photo=photo(70))),
    (types.MessageMediaWebPage(types.WebPagePending(9, NOON)), types.MessageMediaWebPage(types.WebPageEmpty(9))),
    (types.MessageMediaWebPage(types.WebPagePending(9, NOON)), None),
    (
        types.MessageMediaGeoLive(types.GeoPoint(1.0, 2.0, 0), 60),
        types.MessageMediaGeoLive(types.GeoPoint(1.0, 2.0, 5), 60, heading=9),
    ),
    (
        types.MessageMediaStory(types.PeerUser(1), 2),
        types.MessageMediaStory(
            types.PeerUser(1), 2, story=types.StoryItem(2, NOON, NOON, types.MessageMediaPhoto(photo=photo()))
        ),
    ),
]

OTHER = [
    (types.MessageMediaDocument(document=document()), types.MessageMediaDocument(document=document(80))),
    (poll(), poll(question="R")),
    (poll(), poll(answer="B")),
    (page(), page(title="Another headline")),
    (page(), page(url="https://c.d")),
    (types.MessageMediaGeo(types.GeoPoint(1.0, 2.0, 0)), types.MessageMediaGeo(types.GeoPoint(1.0, 3.0, 0))),
    (types.MessageMediaContact("1", "A", "", "", 1), types.MessageMediaContact("2", "A", "", "", 1)),
    (types.MessageMediaDice(1, "🎲"), types.MessageMediaDice(2, "🎲")),
    (types.MessageMediaStory(types.PeerUser(1), 2), types.MessageMediaStory(types.PeerUser(1), 3)),
    (
        types.MessageMediaPaidMedia(5, [types.MessageExtendedMedia(types.MessageMediaPhoto(photo=photo()))]),
        types.MessageMediaPaidMedia(5, [types.MessageExtendedMedia(types.MessageMediaPhoto(photo=photo(70)))]),
    ),
]


@pytest.mark.parametrize(("before", "after"), SAME)
def test_the_same_media_seen_again(before: Any, after: Any) -> None:
    assert content(message(media=before)) == content(message(media=after))


@pytest.mark.parametrize(("before", "after"), OTHER)
def test_another_media(before: Any, after: Any) -> None:
    assert content(message(media=before)) != content(message(media=after))


def test_the_parts_of_a_content_are_kept_apart() -> None:
    assert content(message("a", entities=[])) == content(message("a"))
    assert content(message('a",null')) != content(message("a"))


def test_another_action_is_another_content() -> None:
    def service(title: str) -> Any:
        action = types.MessageActionChatEditTitle(title)
        return types.MessageService(id=6, peer_id=types.PeerChannel(1234), date=NOON, action=action)

    assert content(service("a")) == content(service("a"))
    assert content(service("a")) != content(service("b"))


def test_hashing_leaves_the_object_as_it_was() -> None:
    obj, raw = through_bytes(message(**FULL))
    before = deepcopy(obj.to_dict())
    content(obj)
    assert (obj.to_dict(), bytes(obj)) == (before, raw)


def test_a_part_of_a_rich_message_says_so_and_is_another_content_than_its_whole() -> None:
    blocks = [types.PageBlockParagraph(types.TextPlain(words)) for words in "ab"]
    whole = types.RichMessage(blocks, [], [])
    part = types.RichMessage(blocks[:1], [], [], part=True)
    assert [record(message(rich_message=one)).partial for one in (None, whole, part)] == [False, False, True]
    assert content(message(rich_message=part)) != content(message(rich_message=whole))
    same = types.RichMessage(blocks, [], [], part=True)
    assert content(message(rich_message=same)) != content(message(rich_message=whole))
