"""A copy that shows less of the same never takes away what is known; what is kept says when it was last seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.tl import types

from archiver.convert import Peers, convert_message
from archiver.model.record import Message
from archiver.model.richer import keep_richer
from tests.tiers import examples
from tests.unit.tl_random import build, constructors, through_bytes

NOON = datetime(2021, 12, 16, 10, 0, tzinfo=UTC)
SEEN = int(NOON.timestamp()) + 60
AT = "2021-12-16T10:01:00Z"
ID = 5_000_000_000_000_000_001


def message(media: Any = None, *, users: tuple[Any, ...] = (), **fields: Any) -> Message:
    fields = {"message": "", **fields}
    obj = types.Message(id=5, peer_id=types.PeerChannel(1234), date=NOON, media=media, **fields)
    obj, raw = through_bytes(obj)
    return convert_message(obj, raw, channel_id=1234, peers=Peers(users), layer=229)


def photo(id_: int = ID) -> types.Photo:
    return types.Photo(id_, 1, b"ref", NOON, [types.PhotoSize("m", 320, 240, 12_000)], 2)


def video() -> types.Document:
    return types.Document(ID, 1, b"ref", NOON, "video/mp4", 9_000, 4, [types.DocumentAttributeVideo(12.5, 1280, 720)])


def poll(results: Any) -> types.MessageMediaPoll:
    answers = [types.PollAnswer(types.TextWithEntities(text, []), text.encode()) for text in ("yes", "no")]
    return types.MessageMediaPoll(types.Poll(ID, types.TextWithEntities("Really?", []), answers, hash=0), results)


def votes(yes: int, no: int, **fields: Any) -> types.PollResults:
    counted = [
        types.PollAnswerVoters(b"yes", voters=yes, recent_voters=[]),
        types.PollAnswerVoters(b"no", correct=True, voters=no, recent_voters=[]),
    ]
    return types.PollResults(results=counted, total_voters=yes + no, **fields)


def page(**fields: Any) -> types.MessageMediaWebPage:
    return types.MessageMediaWebPage(types.WebPage(ID, "https://a.example", "a.example", 0, title="Title", **fields))


def story(item: Any) -> types.MessageMediaStory:
    return types.MessageMediaStory(types.PeerChannel(7), 3, story=item)


STORY = types.StoryItem(3, NOON, NOON, types.MessageMediaPhoto(photo=photo()), caption="words of the story")
FULL_PAGE = page(description="About it", photo=photo())

POORER = {
    "a poll without results": (poll(votes(3, 5)), poll(types.PollResults(min=True))),
    "a poll with results without votes": (poll(votes(3, 5)), poll(types.PollResults(min=True, total_voters=0))),
    "a poll that is quiet about its solution": (
        poll(
            votes(3, 5, solution="Because", solution_entities=[], solution_media=types.MessageMediaPhoto(photo=photo()))
        ),
        poll(types.PollResults(min=True)),
    ),
    "a story that expired": (story(STORY), story(None)),
    "a preview that is pending": (
        FULL_PAGE,
        types.MessageMediaWebPage(types.WebPagePending(ID, NOON, "https://a.example")),
    ),
    "an empty preview": (FULL_PAGE, types.MessageMediaWebPage(types.WebPageEmpty(ID))),
    "a preview without its picture and words": (FULL_PAGE, page()),
    "a photo that expired": (
        types.MessageMediaPhoto(photo=photo(), ttl_seconds=9),
        types.MessageMediaPhoto(photo=None, ttl_seconds=9),
    ),
    "an empty photo": (types.MessageMediaPhoto(photo=photo()), types.MessageMediaPhoto(photo=types.PhotoEmpty(ID))),
    "an empty document": (
        types.MessageMediaDocument(document=video()),
        types.MessageMediaDocument(document=types.DocumentEmpty(ID)),
    ),
    "a video that expired": (
        types.MessageMediaDocument(document=video(), ttl_seconds=9),
        types.MessageMediaDocument(video=True, ttl_seconds=9),
    ),
    "media that is unsupported now": (types.MessageMediaPhoto(photo=photo()), types.MessageMediaUnsupported()),
    "paid media that is a preview again": (
        types.MessageMediaPaidMedia(5, [types.MessageExtendedMedia(types.MessageMediaPhoto(photo=photo()))]),
        types.MessageMediaPaidMedia(5, [types.MessageExtendedMediaPreview(w=320, h=240)]),
    ),
    "a place without coordinates": (
        types.MessageMediaGeo(types.GeoPoint(long=3.0, lat=4.0, access_hash=1)),
        types.MessageMediaGeo(types.GeoPointEmpty()),
    ),
}


def without_marks(text: str | None) -> Any:
    extra = orjson.loads(text) if text else {}
    return {name: value for name, value in extra.items() if name not in ("kept", "min")}


@pytest.mark.parametrize("case", POORER)
def test_details_that_a_copy_lacks_are_kept_and_marked(case: str) -> None:
    rich, poor = (message(media) for media in POORER[case])
    kept = keep_richer(poor, rich, seen_at=SEEN)
    assert [replace(slot, extra=None) for slot in kept.media] == [replace(slot, extra=None) for slot in rich.media]
    assert [without_marks(slot.extra) for slot in kept.media] == [without_marks(slot.extra) for slot in rich.media]
    assert kept.content_hash == rich.content_hash
    assert (kept.raw, kept.payload_sha256) == (poor.raw, poor.payload_sha256)
    marks = [orjson.loads(slot.extra or "{}").get("kept", {}) for slot in kept.media]
    assert {at for mark in marks for at in mark.values()} == {AT}
    own = orjson.loads(kept.extra or "{}").get("kept", {})
    assert own == {"media": AT} or (own == {} and poor.content_hash == rich.content_hash)
    # Seen poor again: the moment of the last full sight stays; seen in full: nothing is marked.
    assert keep_richer(poor, kept, seen_at=SEEN + 999) == kept
    assert keep_richer(rich, kept, seen_at=SEEN + 999) == rich


@pytest.mark.parametrize("case", POORER)
def test_a_richer_copy_replaces_a_poorer_one(case: str) -> None:
    rich, poor = (message(media) for media in POORER[case])
    assert keep_richer(rich, poor, seen_at=SEEN) == rich


def test_newer_votes_count_even_in_a_partial_result() -> None:
    held, seen = message(poll(votes(3, 5))), message(poll(votes(4, 6, min=True)))
    assert keep_richer(seen, held, seen_at=SEEN) == seen
    without = [
        types.PollAnswerVoters(b"yes", voters=9, recent_voters=[]),
        types.PollAnswerVoters(b"no", voters=8, recent_voters=[]),
    ]
    seen = message(poll(types.PollResults(min=True, results=without, total_voters=17)))
    extra = orjson.loads(keep_richer(seen, held, seen_at=SEEN).media[0].extra or "")
    assert ([one["voters"] for one in extra["answers"]], extra["total_voters"]) == ([9, 8], 17)
    assert extra["answers"][1]["correct"] is True


def test_retracted_votes_are_not_kept() -> None:
    held, seen = message(poll(votes(3, 5))), message(poll(votes(0, 0)))
    assert keep_richer(seen, held, seen_at=SEEN) == seen


def test_a_change_by_the_author_is_not_a_poorer_copy() -> None:
    spoiled = message(types.MessageMediaPhoto(spoiler=True, photo=photo()))
    for seen in (
        message(types.MessageMediaPhoto(photo=photo())),
        message(types.MessageMediaPhoto(photo=photo(ID + 1))),
        message(None),
        message(types.MessageMediaPhoto(photo=None, ttl_seconds=9), message="other words"),
        message(types.MessageMediaUnsupported(), edit_date=NOON.replace(hour=11)),
    ):
        assert keep_richer(seen, spoiled, seen_at=SEEN) == seen


def test_a_fact_check_without_text_keeps_the_text_held() -> None:
    told = types.FactCheck(hash=9, country="DE", text=types.TextWithEntities("Not so.", []))
    held, seen = message(factcheck=told), message(factcheck=types.FactCheck(hash=9, need_check=True))
    kept = orjson.loads(keep_richer(seen, held, seen_at=SEEN).extra or "")
    assert (kept["factcheck"]["text"], kept["kept"]) == ({"text": "Not so."}, {"factcheck": AT})
    other = message(factcheck=types.FactCheck(hash=8, need_check=True))
    assert keep_richer(other, held, seen_at=SEEN) == other


def test_names_of_sender_and_origin_are_kept_if_an_answer_lacks_them() -> None:
    somebody = types.User(77, first_name="Ada", username="ada")
    fields = {"from_id": types.PeerUser(77), "fwd_from": types.MessageFwdHeader(NOON, from_id=types.PeerUser(77))}
    held, seen = message(users=(somebody,), **fields), message(**fields)
    kept = keep_richer(seen, held, seen_at=SEEN)
    assert (kept.sender, kept.fwd_from) == (held.sender, held.fwd_from)
    renamed = message(users=(types.User(77, first_name="Ada Lovelace"),), **fields)
    assert keep_richer(renamed, held, seen_at=SEEN) == renamed


def test_counters_that_an_answer_lacks_are_kept() -> None:
    held, seen = message(views=10, forwards=2), message()
    kept = keep_richer(seen, held, seen_at=SEEN)
    assert (kept.views, kept.forwards) == (10, 2)


@settings(max_examples=examples(300), deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2**32), st.sampled_from(constructors("MessageMedia")))
def test_any_two_copies_are_merged_and_merging_again_changes_nothing(one: int, other: int, kind: type) -> None:
    held = message(build(kind, Random(one)))
    for seen in (message(build(kind, Random(other))), message(types.MessageMediaUnsupported()), message()):
        kept = keep_richer(seen, held, seen_at=SEEN)
        assert keep_richer(seen, kept, seen_at=SEEN + 9) == kept
        assert [slot.slot for slot in kept.media] == sorted({slot.slot for slot in kept.media})
        assert (kept.raw, kept.text, kept.entities) == (seen.raw, seen.text, seen.entities)
        assert kept.content_hash in (seen.content_hash, held.content_hash)
