"""Every answer of every engine, on documents and questions made up at random, equals the slow and obvious one."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search.document import Document
from search.engine.facets import NAMES, order
from search.engine.protocol import Question
from search.exact import writer as exact
from search.query.dates import Bounds
from search.query.tree import (
    And,
    FileIs,
    Has,
    InChannel,
    Is,
    Node,
    Not,
    Number,
    Or,
    Phrase,
    PostedWithin,
    Prefix,
    Tag,
    Word,
)
from search.text.scripts import is_unspaced
from tests.contract.desks import Desk, Place, exact_desk, meili_desk
from tests.contract.reference import CHAIN, Reference, count_by
from tests.contract.test_engine import NOON, all_pages, post, where
from tests.tiers import examples

__all__ = ["where"]

BAGHDAD = ZoneInfo("Asia/Baghdad")
WORDS = [
    "convoy",
    "Конвой",
    "ещё",
    "رتلاً",
    "الرتل",
    "عسكريا",
    "convoys",
    "конвоем",
    "والرتل",
    "国际法院",
    "国际",
    "法",
    "ab",
    "abc",
    "é",
    "ไทย",
    "한국은",
    "16",
    "F-16",
    "f16c",
    "160",
    "T-72",
    "Т-72Б3",
    "1,000",
    "1000",
    "#ab",
    "$ab",
    "@abcd",
    "https://t.me/ab/1",
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join) | st.lists(st.sampled_from(WORDS), max_size=3).map(
    "".join
)
MEDIA = ["photo", "video", "round", "voice", "document", "image", "poll", "webpage", "geo", "brand_new"]
COUNTS = st.none() | st.integers(0, 20)
HASHTAGS = st.lists(st.sampled_from(["ab", "Ab_c", "国际", "رتلا"]), max_size=2).map(tuple)
DATES = st.integers(0, 6 * 8).map(lambda step: NOON + step * 3600 * 3)

FILES = [("photo/1", "downloaded", "0a" * 32), ("photo/1", "offloaded", "0a" * 32), ("photo/1", "failed", "0a" * 32),
         ("photo/2", "downloaded", "0a0a0a0ab0" + "1" * 54), ("document/3", "not-downloaded", None),
         ("document/3", "too-big", None)]  # fmt: skip


def with_files(document: Document, files: Sequence[tuple[str, str, str | None]]) -> Document:
    ids, states, hashes = ([one[at] for one in files] for at in range(3))
    return replace(
        document,
        file_ids=tuple(map(str, ids)),
        file_states=tuple(map(str, states)),
        file_hashes=tuple(dict.fromkeys(one for one in hashes if one)),
    )


BARE_DOCUMENTS = st.builds(
    Document,
    channel_id=st.integers(1, 3),
    message_id=st.integers(1, 12),
    date=DATES,
    text=TEXTS,
    extra=st.lists(TEXTS, max_size=2).map(tuple),
    author=st.sampled_from([None, "Ab convoy", "رتلا"]),
    sender_name=st.sampled_from([None, "convoy"]),
    sender_username=st.sampled_from([None, "Ab", "ab_c"]),
    sender_id=st.sampled_from([None, 7]),
    topic_id=st.sampled_from([None, 2]),
    is_service=st.booleans(),
    is_forwarded=st.booleans(),
    is_reply=st.booleans(),
    is_edited=st.booleans(),
    is_pinned=st.booleans(),
    is_missing=st.booleans(),
    media=st.lists(st.sampled_from(MEDIA), max_size=2).map(tuple),
    mime=st.sampled_from([None, "image/png", "image/jpeg", "video/mp4"]),
    file_name=st.sampled_from([None, "ab convoy.pdf", "x.tar.gz", ".hidden", "convoy"]),
    hashtags=HASHTAGS,
    domains=st.lists(st.sampled_from(["t.me", "a.t.me", "example.org"]), max_size=2).map(tuple),
    links=st.lists(st.sampled_from(["t.me/ab/1", "https://t.me/ab/12", "https://T.me/ab", "x.org"])).map(tuple),
    has_link=st.booleans(),
    grouped_id=st.sampled_from([None, "9"]),
    fwd_channel_id=st.sampled_from([None, 1, 77]),
    fwd_name=st.sampled_from([None, "ab convoy"]),
    fwd_username=st.sampled_from([None, "ab"]),
    views=COUNTS,
    forwards=COUNTS,
    lang=st.sampled_from([None, "ar", "fr"]),
)
DOCUMENTS = st.builds(with_files, BARE_DOCUMENTS, st.lists(st.sampled_from(FILES), max_size=2))

INSTANTS = st.none() | st.integers(-1, 50).map(lambda step: datetime.fromtimestamp(NOON + step * 3600 * 3, UTC))
BOUNDS = st.builds(Bounds, INSTANTS, INSTANTS)
BOUNDARY = st.none() | st.integers(0, 15)
FILTERS: st.SearchStrategy[Node] = st.one_of(
    st.sampled_from(
        ["photo", "video", "voice", "document", "link", "poll", "geo", "album", "media", "round", "file"]
    ).map(Has),
    st.sampled_from(["forwarded", "edited", "missing", "reply", "pinned", "service"]).map(Is),  # type: ignore[arg-type]
    st.builds(Tag, st.just("hashtag"), st.sampled_from(["ab", "ab_c", "国际"]), st.booleans()),
    st.builds(
        Tag,
        st.sampled_from(["from", "fwd", "filename"]),
        st.sampled_from(["ab", "convoy", "co", "ab convoy", "@ab", "ab_c"]),
        st.booleans(),
    ),
    st.builds(Tag, st.just("url"), st.sampled_from(["t.me/ab", "https://t.me/ab/1", "t.me", "x"]), st.booleans()),
    st.sampled_from([Tag("from_id", "7"), Tag("topic", "2"), Tag("lang", "unknown"), Tag("hashtag", "$ab")]),
    st.builds(Tag, st.just("fwd_id"), st.sampled_from(["1", "77"])),
    st.builds(Tag, st.just("domain"), st.sampled_from(["t.me", "a.t.me", "me"])),
    st.builds(Tag, st.sampled_from(["ext", "lang", "mime"]), st.sampled_from(["pdf", "gz", "ar", "image/png"])),
    st.just(Tag("mime", "image/", True)),
    st.sampled_from(["missing", "not-downloaded", "failed", "offloaded", "too-big", "gone"]).map(FileIs),
    st.sampled_from([Tag("sha256", "0a" * 32), Tag("sha256", "0a0a0a0a", True), Tag("sha256", "0a0a0a0ab", True)]),
    st.frozensets(st.integers(1, 4), max_size=2).map(InChannel),
    BOUNDS.map(PostedWithin),
    st.builds(Number, st.sampled_from(["id", "views", "forwards"]), BOUNDARY, BOUNDARY),
)
LEAVES: st.SearchStrategy[Node] = st.one_of(
    st.sampled_from(WORDS).map(Word),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join).map(Phrase),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map("".join).map(Phrase),
    st.sampled_from(["co", "ab", "国", "ко", "رت"]).map(Prefix),
    FILTERS,
)


def trees_of(leaves: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(tuple).map(And),
            st.lists(inner, min_size=1, max_size=3).map(tuple).map(Or),
            inner.map(Not),
        ),
        max_leaves=8,
    )


def questions_of(leaves: st.SearchStrategy[Node]) -> st.SearchStrategy[Question]:
    return st.builds(
        Question,
        tree=trees_of(leaves),
        bounds=st.just(Bounds()) | BOUNDS,
        channels=st.none() | st.frozensets(st.integers(1, 4), max_size=3),
        sort=st.sampled_from(["newest", "oldest", "relevance"]),
        limit=st.sampled_from([1, 3, 100]),
    )


QUESTIONS, FILTER_QUESTIONS = questions_of(LEAVES), questions_of(FILTERS)
PAGES = st.lists(st.lists(DOCUMENTS, max_size=8), max_size=4)
ANY_QUESTIONS = st.lists(QUESTIONS, min_size=1, max_size=6)
FIXTURES = [HealthCheck.function_scoped_fixture]


@settings(max_examples=examples(100), deadline=None, suppress_health_check=FIXTURES)
@given(pages=PAGES, questions=ANY_QUESTIONS)
def test_every_answer_of_the_embedded_engine_equals_the_reference(
    tmp_path: Path, pages: list[list[Document]], questions: list[Question]
) -> None:
    asyncio.run(assert_equal_to_reference(exact_desk(tmp_path), pages, questions))


@pytest.mark.meilisearch
@pytest.mark.timeout(600)
@settings(max_examples=examples(30), deadline=None, suppress_health_check=FIXTURES)
@given(pages=PAGES, questions=st.lists(FILTER_QUESTIONS, min_size=1, max_size=6))
def test_filters_order_pages_and_counts_of_meilisearch_equal_the_reference(
    tmp_path: Path, where: Place, pages: list[list[Document]], questions: list[Question]
) -> None:
    asyncio.run(assert_equal_to_reference(meili_desk(tmp_path, where), pages, questions))


async def assert_equal_to_reference(
    opening: AbstractAsyncContextManager[Desk], pages: list[list[Document]], questions: list[Question]
) -> None:
    reference = Reference()
    async with opening as desk:
        for page in pages:
            reference.upsert(page)
            await desk.write(page)
        for question in questions:
            wanted = reference.keys(question)
            found = await all_pages(desk.engine, question)
            if question.sort == "relevance":
                assert sorted(found, reverse=True) == wanted, question
            else:
                assert found == wanted, question
            assert await desk.engine.count(question) == len(wanted)
            found_documents = [reference.documents[key[1:]] for key in wanted]
            for zone, names in ((UTC, ("month", "channel", "lang")), (BAGHDAD, NAMES)):
                counts = await desk.engine.facets(question, names, zone)
                assert list(counts) == list(names)
                for name in names:
                    values = {one.value: one.count for one in counts[name]}
                    assert values == count_by(found_documents, name, zone), (name, question)
                    assert list(counts[name]) == order(name, counts[name])


@settings(max_examples=examples(60), deadline=None)
@given(pages=st.lists(st.lists(DOCUMENTS, max_size=8), max_size=3))
def test_writing_twice_changes_nothing(pages: list[list[Document]]) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        exact.create(conn)
        for page in pages:
            exact.upsert(conn, page)
            before = conn.serialize()
            assert exact.upsert(conn, page) == exact.WriteCounts()
            assert conn.serialize() == before


def test_the_reference_cuts_the_same_characters_as_the_engines() -> None:
    differing = [
        f"U+{code:04X}"
        for code in range(0x110000)
        if not 0xD800 <= code < 0xE000 and is_unspaced(chr(code)) != (re.match(CHAIN, chr(code)) is not None)
    ]
    assert differing == []


@pytest.mark.parametrize("texts", [["0", "0𠀀"], ["𠀀𠀁", "𠀁"], ["ㄅㄆ", "ㄆ"], ["កខ", "ខ"], ["㐀㐁 㐁", "x㐁"]])
async def test_rare_characters_are_found_alike(tmp_path: Path, texts: list[str]) -> None:
    async with exact_desk(tmp_path) as desk:
        reference = Reference()
        documents = [post(at, text) for at, text in enumerate(texts, 1)]
        reference.upsert(documents)
        await desk.write(documents)
        for text in texts:
            for tree in (Word(text), Phrase(text)):
                question = Question(tree=tree, limit=100)
                assert await all_pages(desk.engine, question) == reference.keys(question)
