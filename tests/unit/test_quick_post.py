"""What a sync and `telekeep verify` read in one pass is what the whole conversion reads, or it is left to that."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, datetime
from operator import attrgetter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.extensions import BinaryReader
from telethon.tl import types

from archiver.convert import Peers, convert_message
from archiver.convert.quick_draft import convert_shown, draft_post
from archiver.convert.quick_parts import VALUES
from archiver.convert.quick_post import COLUMNS, QuickPost, parse_post
from archiver.convert.quick_reader import QuickReader
from archiver.convert.stored import derive, place_of, read_payload
from archiver.evidence.sound_post import is_sound_post
from archiver.ids import ChannelId
from archiver.model.document import to_document
from archiver.store.messages.message import CONTENT_NAMES, content_of
from archiver.store.search.usual_entry import usual_entry
from search.exact.add_new import new_entry
from tests.tiers import examples
from tests.unit.tl_random import build, constructors

CHANNEL = ChannelId(1234)
SEEDS = st.integers(0, 2**32)
USUAL = {
    "out", "mentioned", "media_unread", "silent", "post", "legacy", "from_scheduled", "edit_hide", "pinned",
    "noforwards", "invert_media", "from_id", "fwd_from", "reply_to", "media", "reply_markup", "entities", "views",
    "forwards", "replies", "edit_date", "post_author", "grouped_id", "reactions",
}  # fmt: skip
WORDS = (
    "1 000 000",
    "12,5",
    "#tag",
    "@night_watch",
    "t.me/x/5",
    "мocт",
    "桥梁",
    "Er",
    "kommt",
    "an",
    "an.",
    "\u0301an",
    "\xad",
)
TEXTS = st.one_of(
    st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join), st.lists(st.sampled_from(WORDS)).map("".join)
)
ATTRIBUTES = (
    types.DocumentAttributeFilename, types.DocumentAttributeVideo, types.DocumentAttributeAudio,
    types.DocumentAttributeImageSize, types.DocumentAttributeAnimated,
)  # fmt: skip
ORIGIN = {"from_id": types.PeerChannel(7), "from_name": "Desk", "channel_post": 9, "post_author": "ed"}
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
SAVED = {"saved_from_peer": types.PeerUser(8), "saved_from_msg_id": 3}
SIZES = (types.PhotoSize, types.PhotoSizeProgressive, types.PhotoStrippedSize, types.PhotoPathSize)


def usual_post(random: Random) -> Any:
    """A post that has some of the usual fields."""
    post = build(types.Message, random, peer_id=types.PeerChannel(CHANNEL))
    for name, value in vars(post).items():
        if name not in ("id", "peer_id", "date", "message") and (name not in USUAL or random.random() < 0.5):
            setattr(post, name, False if value is False or value is True else None)
    if (post.views is None) != (post.forwards is None):
        post.views = post.forwards = None
    if random.random() < 0.3:
        sizes = [build(random.choice(SIZES), random) for _ in range(random.randrange(5))]
        photo = build(types.Photo, random, sizes=sizes, has_stickers=None, video_sizes=None)
        post.media = types.MessageMediaPhoto(photo=photo)
    if random.random() < 0.3:
        post.media = random.choice((usual_document, usual_page))(random)
    if random.random() < 0.3:
        post.fwd_from = types.MessageFwdHeader(**some_of(random, ORIGIN, date=NOON), **random.choice((SAVED, {})))
        post.reply_to = types.MessageReplyHeader(reply_to_msg_id=random.randrange(9))
    if random.random() < 0.3:
        counts = [
            types.ReactionCount(types.ReactionEmoji(random.choice("👍🔥")), random.randrange(9)) for _ in range(3)
        ]
        post.reactions = types.MessageReactions(counts)
    return post


def usual_document(random: Random) -> Any:
    """A file with some of the usual attributes."""
    attributes = [build(kind, random) for kind in ATTRIBUTES if random.random() < 0.4]
    thumbs = [build(random.choice(SIZES), random) for _ in range(random.randrange(3))] or None
    mime = random.choice(("image/webp", "video/mp4", "application/pdf", ""))
    document = build(types.Document, random, mime_type=mime, thumbs=thumbs, video_thumbs=None, attributes=attributes)
    flagged = {name: True for name in ("video", "round", "voice") if random.random() < 0.1}
    return types.MessageMediaDocument(document=document, **flagged)


def usual_page(random: Random) -> Any:
    """A link preview with some of the usual fields."""
    sizes = [build(random.choice(SIZES), random) for _ in range(random.randrange(5))]
    photo = build(types.Photo, random, sizes=sizes, has_stickers=None, video_sizes=None)
    said = {name: name.upper() for name in ("type", "site_name", "title", "description", "author")}
    page = types.WebPage(
        id=random.randrange(99), url="https://a.example/", display_url="a", hash=0,
        has_large_media=random.random() < 0.5, **some_of(random, {**said, "photo": photo}),
    )  # fmt: skip
    return types.MessageMediaWebPage(webpage=page, **some_of(random, dict.fromkeys(("safe", "manual"), True)))


def service_message(random: Random) -> Any:
    """A service message with some action."""
    shown = some_of(random, {"silent": True, "from_id": types.PeerUser(5), "reactions_are_possible": True})
    action = build(random.choice(constructors("MessageAction")), random)
    return types.MessageService(
        id=random.randrange(1, 99), peer_id=types.PeerChannel(CHANNEL), date=NOON, action=action, post=True, **shown
    )


def some_of(random: Random, values: dict[str, Any], **always: Any) -> dict[str, Any]:
    """Some of these values."""
    return {**{name: value for name, value in values.items() if random.random() < 0.5}, **always}


def assert_drafted_alike(raw: bytes) -> None:
    """In the middle of an answer, a post read in one pass ends where Telethon's does, and is the same record."""
    body = bytes(8) + raw + b"\x15\xc4\xb5\x1c"
    draft = draft_post(body, 8)
    if draft is None:
        return
    reader = BinaryReader(body)
    reader.set_position(8)
    obj, own = reader.tgread_object(), body[8 : draft.end]
    assert draft.end == reader.position
    shared: dict[str, Any] = {"channel_id": CHANNEL, "peers": Peers(), "layer": 1}
    assert convert_shown(draft, own, **shared) == convert_message(obj, own, **shared)
    assert (draft.channel_id, draft.id, draft.date) == (obj.peer_id.channel_id, obj.id, obj.date)


def read_post(raw: bytes) -> QuickPost | None:
    """The post in these bytes, unless they are rare or garbled."""
    try:
        return parse_post(raw, CHANNEL, Peers())
    except Exception:  # noqa: BLE001 - as `verify` does
        return None


def assert_alike(raw: bytes) -> bool:
    """Whether it was read in one pass; if so, everything is as in the whole conversion."""
    assert_drafted_alike(raw)
    quick, obj = read_post(raw), read_payload(raw)
    if quick is None:
        return False
    assert obj is not None
    record = derive(obj, raw, channel_id=CHANNEL, layer=1, peers=Peers())
    message_id, columns, media = quick
    found = dict(zip(COLUMNS, columns, strict=True))
    found["text"] = found["text"].decode()
    assert found == dict(zip(COLUMNS, content_of(record)[:-2], strict=True))
    assert media == tuple(map(attrgetter(*VALUES), record.media))
    assert (CHANNEL, message_id) == place_of(obj)
    return True


def test_the_columns_are_those_of_the_archive() -> None:
    assert (*COLUMNS, "layer", "raw") == tuple(CONTENT_NAMES)


@settings(max_examples=examples(100), deadline=None)
@given(seed=SEEDS)
def test_a_service_message_is_read_as_the_whole_conversion_reads_it(seed: int) -> None:
    assert_alike(bytes(service_message(Random(seed))))


@settings(max_examples=examples(100), deadline=None)
@given(seed=SEEDS)
def test_a_usual_post_is_read_as_the_whole_conversion_reads_it(seed: int) -> None:
    assert_alike(bytes(usual_post(Random(seed))))


@settings(max_examples=examples(200), deadline=None)
@given(seed=SEEDS, text=TEXTS, lang=st.sampled_from(["", "de", "fr"]))
def test_a_usual_post_enters_the_search_tables_as_any_other(seed: int, text: str, lang: str) -> None:
    post = usual_post(Random(seed))
    post.message = text
    raw = bytes(post)
    message = replace(convert_message(post, raw, channel_id=CHANNEL, peers=Peers(), layer=1), lang=lang)
    columns = (message.message_id, *content_of(message), lang)
    found = usual_entry(CHANNEL, columns, message.media)
    assert found in (None, new_entry(to_document(message)))


def test_most_usual_posts_are_read_in_one_pass() -> None:
    read = [assert_alike(bytes(usual_post(Random(seed)))) for seed in range(100)]
    assert sum(read) > 50
    assert sum(assert_alike(bytes(service_message(Random(seed)))) for seed in range(100)) > 20


@settings(max_examples=examples(150), deadline=None)
@given(seed=SEEDS, places=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=3))
def test_a_garbled_post_is_read_as_the_whole_conversion_reads_it_or_not_at_all(
    seed: int, places: list[tuple[int, int]]
) -> None:
    raw = bytearray(bytes(usual_post(Random(seed))))
    for place, value in places:
        raw[place % len(raw)] = value
    assert_alike(bytes(raw))
    assert_alike(bytes(raw[: places[0][0] % len(raw)]))


@settings(max_examples=examples(100), deadline=None)
@given(seed=SEEDS)
def test_any_media_is_read_as_telethon_reads_it(seed: int) -> None:
    random = Random(seed)
    raw = bytes(build(random.choice(constructors("MessageMedia")), random))
    ours, theirs = QuickReader(raw), BinaryReader(raw)
    assert ours.tgread_object() == theirs.tgread_object()
    assert ours.position == theirs.position
    for cut in range(0, len(raw), max(1, len(raw) // 50)):
        with pytest.raises((struct.error, BufferError)):
            QuickReader(raw[:cut]).tgread_object()


def near(value: Any) -> Any:
    """A value that is not this one."""
    match value:
        case None:
            return 7
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value} "
        case b"":
            return b" "
    return bytes([value[0] ^ 1]) + value[1:]


@settings(max_examples=examples(100), deadline=None)
@given(seed=SEEDS, make=st.sampled_from([usual_post, service_message]))
def test_a_row_that_differs_from_its_payload_in_any_one_value_is_not_called_sound(seed: int, make: Any) -> None:
    raw = bytes(make(Random(seed)))
    post = read_post(raw)
    if post is None:
        return
    message_id, columns, slots = post
    row = (message_id, *columns, 1, raw)
    media = [(*one, None, None, "not downloaded") for one in slots]
    assert is_sound_post(CHANNEL, row, media)
    pinned = 1 + COLUMNS.index("pinned")
    for at in (*range(pinned), *range(pinned + 1, 1 + len(COLUMNS))):
        assert not is_sound_post(CHANNEL, (*row[:at], near(row[at]), *row[at + 1 :]), media), COLUMNS[at - 1]
    for slot, one in enumerate(media):
        for at, value in enumerate(one):
            changed = [*media[:slot], (*one[:at], near(value), *one[at + 1 :]), *media[slot + 1 :]]
            is_known = at > len(VALUES)  # the hash of a file that is not stored yet, or what became of it
            assert is_known or not is_sound_post(CHANNEL, row, changed), at
    assert not is_sound_post(CHANNEL, row, [*media, (*dict.fromkeys(VALUES).values(), None, None, "failed")])
    assert not media or not is_sound_post(CHANNEL, row, media[1:])
