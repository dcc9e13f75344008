"""What every engine promises (`search/engine.py`), held against the slow and obvious reference."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search import exact
from search.dates import Bounds
from search.document import Document
from search.engine import Answer, Engine, Question, Sort
from search.errors import SearchError
from search.filters import Context
from search.meili.compile import can_answer
from search.normalize import Needle, needle, tokens
from search.query import parse
from search.tree import And, Has, InChannel, Is, Node, Not, Number, Or, Phrase, Posted, Prefix, Tag, Word
from tests.contract.desks import Desk, Place, exact_desk, meili_desk, place
from tests.contract.reference import Reference

NOW = datetime(2024, 5, 20, 12, tzinfo=UTC)
NOON = int(datetime(2024, 5, 1, 12, tzinfo=UTC).timestamp())
CONTEXT = Context(now=NOW, channels={"alpha": [1], "beta": [2], "both": [1, 2]})


ENGINES = ("exact", "meilisearch")


@pytest.fixture(scope="module")
def where() -> Iterator[Place]:
    with place() as found:
        yield found


def open_desk(name: str, folder: Path, where: Place) -> AbstractAsyncContextManager[Desk]:
    return exact_desk(folder) if name == "exact" else meili_desk(folder, where)


@pytest.fixture(params=ENGINES)
async def desk(request: pytest.FixtureRequest, tmp_path: Path, where: Place) -> AsyncIterator[Desk]:
    async with open_desk(request.param, tmp_path, where) as made:
        yield made


def post(message_id: int, text: str = "", **fields: object) -> Document:
    made: dict[str, object] = {"channel_id": 1, "date": NOON + message_id * 600, **fields}
    return Document(message_id=message_id, text=text, **made)  # type: ignore[arg-type]


def ask(query: str, **fields: object) -> Question:
    return Question(tree=parse(query, CONTEXT), **fields)  # type: ignore[arg-type]


async def ids(desk: Desk, query: str, **fields: object) -> list[int]:
    answer = await desk.engine.search(ask(query, **fields))
    return [hit.message_id for hit in answer.hits]


async def all_pages(engine: Engine, question: Question) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    while True:
        answer: Answer = await engine.search(question)
        found += [(hit.date, hit.channel_id, hit.message_id) for hit in answer.hits]
        if answer.cursor is None:
            return found
        question = Question(
            tree=question.tree,
            bounds=question.bounds,
            channels=question.channels,
            sort=question.sort,
            limit=question.limit,
            cursor=answer.cursor,
        )


async def test_an_empty_index_answers_with_nothing(desk: Desk) -> None:
    for sort in ("newest", "oldest", "relevance"):
        answer = await desk.engine.search(ask("convoy", sort=sort))
        assert (list(answer.hits), answer.cursor) == ([], None)
    assert await desk.engine.count(ask("")) == 0


async def test_words_are_joined_by_and(desk: Desk) -> None:
    await desk.write([post(1, "a convoy on the road"), post(2, "an empty road"), post(3, "a convoy")])
    assert await ids(desk, "convoy road") == [1]
    assert await ids(desk, "convoy OR empty") == [3, 2, 1]
    assert await ids(desk, "road -convoy") == [2]
    assert await ids(desk, "-convoy") == [2]
    assert await ids(desk, "") == [3, 2, 1]


async def test_and_binds_tighter_than_or(desk: Desk) -> None:
    await desk.write([post(1, "red"), post(2, "green blue"), post(3, "red blue")])
    assert await ids(desk, "red OR green blue") == [3, 2, 1]
    assert await ids(desk, "(red OR green) blue") == [3, 2]


async def test_a_phrase_never_crosses_from_one_field_into_another(desk: Desk) -> None:
    await desk.write([post(1, "the long", extra=("road home",), file_name="map.pdf", hashtags=("long",))])
    assert await ids(desk, '"the long"') == [1]
    assert await ids(desk, '"road home"') == [1]
    assert await ids(desk, '"long road"') == []
    assert await ids(desk, '"home map"') == []
    assert await ids(desk, '"map pdf"') == [1]


async def test_tags_are_not_words(desk: Desk) -> None:
    await desk.write([post(1, "text", hashtags=("tagged",), media=("poll",), author="Jane Roe", mime="image/png")])
    for query in ("hashtag", "tagged", "poll", "has", "jane", "image", "channel", "1"):
        assert await ids(desk, query) == [], query
    for query in ("#tagged", "has:poll", "from:jane", 'from:"jane roe"', "mime:image/*", "channel:1", "channel:alpha"):
        assert await ids(desk, query) == [1], query


async def test_a_domain_finds_its_subdomains(desk: Desk) -> None:
    await desk.write([post(1, domains=("m.youtube.com",)), post(2, domains=("notyoutube.com",))])
    assert await ids(desk, "domain:youtube.com") == [1]
    assert await ids(desk, "domain:https://www.youtube.com/watch") == [1]
    assert await ids(desk, "domain:m.youtube.com") == [1]


async def test_only_the_present_content_is_found(desk: Desk) -> None:
    await desk.write([post(1, "first words"), post(2, "other")])
    await desk.write([post(1, "second words", is_edited=True)])
    assert await ids(desk, "first") == []
    assert await ids(desk, "second is:edited") == [1]
    assert await ids(desk, "words") == [1]
    assert await desk.engine.count(ask("words OR other")) == 2
    await desk.write([post(1, "first words")])
    assert await ids(desk, "first") == [1]
    assert await ids(desk, "second") == []


async def test_counters_and_states_follow_without_a_new_content(desk: Desk) -> None:
    await desk.write([post(1, "a", views=5), post(2, "a"), post(3, "a", views=900, forwards=3)])
    await desk.write([post(1, "a", views=2000, is_pinned=True)])
    assert await ids(desk, "views:>1000") == [1]
    assert await ids(desk, "views:<1k") == [3]
    assert await ids(desk, "-views:>1000") == [3, 2]
    assert await ids(desk, "forwards:1..5") == [3]
    assert await ids(desk, "is:pinned a") == [1]
    assert await ids(desk, "id:2..3") == [3, 2]


async def test_a_missing_message_stays_findable_and_is_marked(desk: Desk) -> None:
    await desk.write([post(1, "gone"), post(2, "gone")])
    await desk.mark([(1, 2), (1, 99), (7, 1)], missing=True)
    assert await ids(desk, "gone") == [2, 1]
    assert await ids(desk, "gone is:missing") == [2]
    assert await ids(desk, "is:missing") == [2]
    await desk.mark([(1, 2)], missing=False)
    assert await ids(desk, "is:missing") == []


async def test_bounds_are_half_open_to_the_second(desk: Desk) -> None:
    midnight = datetime(2024, 5, 2, tzinfo=UTC)
    second = int(midnight.timestamp())
    await desk.write([post(1, date=second - 1), post(2, date=second), post(3, date=second + 1)])
    bounds = Bounds(midnight, midnight + timedelta(seconds=1))
    assert await ids(desk, "", bounds=bounds) == [2]
    assert await desk.engine.count(ask("", bounds=bounds)) == 1
    assert await ids(desk, "on:2024-05-02") == [3, 2]
    assert await ids(desk, "-on:2024-05-02") == [1]
    assert await ids(desk, "until:2024-05-01") == [1]
    assert await ids(desk, "", bounds=Bounds(since=midnight), sort="oldest") == [2, 3]


async def test_order_is_total_by_date_channel_and_id(desk: Desk) -> None:
    same = [post(5, "x", date=NOON), post(4, "x", date=NOON), post(9, "x", date=NOON, channel_id=2)]
    await desk.write(same)
    await desk.write([post(4, "x again", date=NOON), post(1, "x", date=NOON + 1)])
    assert await ids(desk, "x") == [1, 9, 5, 4]
    assert await ids(desk, "x", sort="oldest") == [4, 5, 9, 1]


async def test_relevance_puts_the_more_often_named_first_and_the_newer_of_equals(desk: Desk) -> None:
    await desk.write([post(1, "rare rare rare"), post(2, "rare word"), post(3, "rare word"), post(4, "other word")])
    assert await ids(desk, "rare", sort="relevance") == [1, 3, 2]
    assert (await ids(desk, "rare OR word", sort="relevance"))[-1] == 4
    first, _, last = (await desk.engine.search(ask("rare", sort="relevance"))).hits
    assert first.score is not None
    assert last.score is not None
    assert first.score > last.score


async def test_channels_of_the_question_narrow_the_answer(desk: Desk) -> None:
    await desk.write([post(1, "x"), post(2, "x", channel_id=2), post(3, "x", channel_id=3)])
    assert await ids(desk, "x", channels=frozenset({1, 3})) == [3, 1]
    assert await ids(desk, "x", channels=frozenset()) == []
    assert await ids(desk, "x channel:both") == [2, 1]
    assert await ids(desk, "x", channels=frozenset(range(2, 200))) == [3, 2]


@pytest.mark.parametrize("cursor", ["", "1.2", "r", "1.2.3.4", "a.b.c", "'; DROP TABLE", "٣.٣.٣"])
@pytest.mark.parametrize("sort", ["newest", "relevance"])
async def test_a_foreign_cursor_is_refused(desk: Desk, cursor: str, sort: Sort) -> None:
    await desk.write([post(1, "x")])
    with pytest.raises(SearchError, match="cursor"):
        await desk.engine.search(ask("x", cursor=cursor, sort=sort))


@pytest.mark.parametrize(
    "query",
    ['"a" OR "b', "a NEAR b", "text : a", "{line} : a", "a + b", "^a", "a' OR 1=1 --", 'a" OR "b"', "line:a", "a\0b"],
)
async def test_nothing_of_a_question_is_read_as_a_language_of_the_engine(desk: Desk, query: str) -> None:
    await desk.write([post(1, "a"), post(2, "b")])
    try:
        found = await ids(desk, query)
    except SearchError:
        return
    assert found in ([], [1]) or "OR" in query


@pytest.mark.parametrize("sort", ["newest", "oldest"])
async def test_deep_and_long_questions_are_answered(desk: Desk, sort: Sort) -> None:
    await desk.write([post(1, "a b c"), post(2, "b is", views=3)])
    nested = "a"
    for level in range(11):
        nested = (
            f"({nested} OR {'views:>5' if level % 2 else 'zz'}) -(qq{level} OR {'is:pinned' if level % 3 else 'q'})"
        )
    assert await ids(desk, nested, sort=sort) == [1]
    text = "a"
    for _ in range(3):
        text = f"-(zz OR -({text} b))"
    assert await ids(desk, text, sort=sort) == [1]
    assert await ids(desk, " OR ".join(f"word{n}" for n in range(390)) + " OR c", sort=sort) == [1]
    assert await ids(desk, "c " + " ".join(f"-word{n}" for n in range(390)), sort=sort) == [1]
    assert await ids(desk, " OR ".join(f"id:{n}" for n in range(2, 390)), sort=sort) == [2]
    assert await ids(desk, '"' + "a b c " * 900 + '"', sort=sort) == []


# --- against the reference -------------------------------------------------------------------------------------

WORDS = [
    "convoy",
    "Конвой",
    "ещё",
    "رتلاً",
    "الرتل",
    "عسكريا",
    "国际法院",
    "国际",
    "法",
    "ab",
    "abc",
    "é",
    "ไทย",
    "한국은",
    "16",
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join) | st.lists(st.sampled_from(WORDS), max_size=3).map(
    "".join
)
MEDIA = ["photo", "video", "round", "voice", "document", "image", "poll", "webpage", "geo", "brand_new"]
COUNTS = st.none() | st.integers(0, 20)
HASHTAGS = st.lists(st.sampled_from(["ab", "Ab_c", "国际", "رتلا"]), max_size=2).map(tuple)
DATES = st.integers(0, 6 * 8).map(lambda step: NOON + step * 3600 * 3)

DOCUMENTS = st.builds(
    Document,
    channel_id=st.integers(1, 3),
    message_id=st.integers(1, 12),
    date=DATES,
    text=TEXTS,
    extra=st.lists(TEXTS, max_size=2).map(tuple),
    author=st.sampled_from([None, "Ab convoy", "رتلا"]),
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
    has_link=st.booleans(),
    grouped_id=st.sampled_from([None, "9"]),
    fwd_channel_id=st.sampled_from([None, 1, 77]),
    fwd_name=st.sampled_from([None, "ab convoy"]),
    views=COUNTS,
    forwards=COUNTS,
    lang=st.sampled_from([None, "ar", "fr"]),
)

INSTANTS = st.none() | st.integers(-1, 50).map(lambda step: datetime.fromtimestamp(NOON + step * 3600 * 3, UTC))
BOUNDS = st.builds(Bounds, INSTANTS, INSTANTS)
BOUNDARY = st.none() | st.integers(0, 15)
LEAVES: st.SearchStrategy[Node] = st.one_of(
    st.sampled_from(WORDS).map(Word),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join).map(Phrase),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map("".join).map(Phrase),
    st.sampled_from(["co", "ab", "国", "ко", "رت"]).map(Prefix),
    st.sampled_from(["photo", "video", "voice", "document", "link", "poll", "geo", "album", "media", "round"]).map(Has),
    st.sampled_from(["forwarded", "edited", "missing", "reply", "pinned", "service"]).map(Is),  # type: ignore[arg-type]
    st.builds(Tag, st.just("hashtag"), st.sampled_from(["ab", "ab_c", "国际"]), st.booleans()),
    st.builds(
        Tag,
        st.sampled_from(["from", "fwd", "filename"]),
        st.sampled_from(["ab", "convoy", "co", "ab convoy"]),
        st.booleans(),
    ),
    st.builds(Tag, st.just("fwd_id"), st.sampled_from(["1", "77"])),
    st.builds(Tag, st.just("domain"), st.sampled_from(["t.me", "a.t.me", "me"])),
    st.builds(Tag, st.sampled_from(["ext", "lang", "mime"]), st.sampled_from(["pdf", "gz", "ar", "image/png"])),
    st.just(Tag("mime", "image/", True)),
    st.frozensets(st.integers(1, 4), max_size=2).map(InChannel),
    BOUNDS.map(Posted),
    st.builds(Number, st.sampled_from(["id", "views", "forwards"]), BOUNDARY, BOUNDARY),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple).map(And),
        st.lists(inner, min_size=1, max_size=3).map(tuple).map(Or),
        inner.map(Not),
    ),
    max_leaves=8,
)
QUESTIONS = st.builds(
    Question,
    tree=TREES,
    bounds=st.just(Bounds()) | BOUNDS,
    channels=st.none() | st.frozensets(st.integers(1, 4), max_size=3),
    sort=st.sampled_from(["newest", "oldest", "relevance"]),
    limit=st.sampled_from([1, 3, 100]),
)


PAGES = st.lists(st.lists(DOCUMENTS, max_size=8), max_size=4)
ANY_QUESTIONS = st.lists(QUESTIONS, min_size=1, max_size=6)
FIXTURES = [HealthCheck.function_scoped_fixture]


@settings(max_examples=100, deadline=None, suppress_health_check=FIXTURES)
@given(pages=PAGES, questions=ANY_QUESTIONS)
def test_every_answer_of_the_embedded_engine_equals_the_reference(
    tmp_path: Path, pages: list[list[Document]], questions: list[Question]
) -> None:
    asyncio.run(compare_with_reference(exact_desk(tmp_path), pages, questions))


@pytest.mark.timeout(600)
@settings(max_examples=30, deadline=None, suppress_health_check=FIXTURES)
@given(pages=PAGES, questions=ANY_QUESTIONS)
def test_every_answer_of_auto_equals_the_reference(
    tmp_path: Path, where: Place, pages: list[list[Document]], questions: list[Question]
) -> None:
    asyncio.run(compare_with_reference(meili_desk(tmp_path, where), pages, questions))


async def compare_with_reference(
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


@settings(max_examples=60, deadline=None)
@given(pages=st.lists(st.lists(DOCUMENTS, max_size=8), max_size=3))
def test_writing_twice_changes_nothing(pages: list[list[Document]]) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        exact.create(conn)
        for page in pages:
            exact.upsert(conn, page)
            before = conn.serialize()
            assert exact.upsert(conn, page) == exact.Written()
            assert conn.serialize() == before


def _needle(text: str) -> Needle:
    found = needle(text)
    assert found is not None
    return found


# --- what Meilisearch answers by itself --------------------------------------------------------------------------

ALPHABET = st.sampled_from("abz019 éёйґكيئپ国际法ไทยก็한국かがשלםΣσ½ﬁ²👍🏽—_-'\"\\*:()#@.\u200c\u0301\u064b\ufdfa\ud800")
ANY_TEXTS = st.text(ALPHABET, max_size=24) | st.text(max_size=12)
PLAIN_WORDS = st.sampled_from([word for word in WORDS if len(_needle(word).terms) <= 2 and not _needle(word).prefix])
ANSWERABLE = st.lists(
    st.one_of(
        PLAIN_WORDS.map(Word),
        PLAIN_WORDS.map(Word).map(Not),
        st.sampled_from(["photo", "video", "link", "album", "media", "round"]).map(Has),
        st.sampled_from(["forwarded", "edited", "missing", "reply", "service"]).map(Is),  # type: ignore[arg-type]
        BOUNDS.map(Posted),
        st.builds(Number, st.just("id"), BOUNDARY, BOUNDARY),
        st.builds(Tag, st.sampled_from(["hashtag", "domain"]), st.sampled_from(["ab", "ab_c", "t.me", "国际"])),
        st.builds(Tag, st.sampled_from(["from", "filename"]), st.sampled_from(["ab", "co", "convoy"])),
    ),
    max_size=4,
).map(tuple)


@pytest.mark.timeout(600)
@settings(max_examples=30, deadline=None, suppress_health_check=FIXTURES)
@given(
    documents=st.lists(DOCUMENTS, min_size=1, max_size=12),
    trees=st.lists(ANSWERABLE.map(And), min_size=4, max_size=12),
    sort=st.sampled_from(["newest", "oldest", "relevance"]),
)
def test_meilisearch_itself_answers_as_the_reference(
    tmp_path: Path, where: Place, documents: list[Document], trees: list[Node], sort: Sort
) -> None:
    async def main() -> None:
        async with meili_desk(tmp_path, where) as desk:
            reference = Reference()
            reference.upsert(documents)
            await desk.write(documents)
            for tree in trees:
                question = Question(tree=tree, sort=sort, limit=3)
                assert can_answer(question) is None
                wanted = reference.keys(question)
                found = await all_pages(desk.meilisearch, question)
                assert (sorted(found, reverse=True) if sort == "relevance" else found) == wanted, question
                assert await desk.meilisearch.count(question) == len(wanted)

    asyncio.run(main())


@pytest.mark.timeout(600)
@settings(max_examples=30, deadline=None, suppress_health_check=FIXTURES)
@given(texts=st.lists(ANY_TEXTS, min_size=2, max_size=8), asked=st.lists(ANY_TEXTS, max_size=4))
def test_any_text_is_found_by_its_words_and_by_no_others(
    tmp_path: Path, where: Place, texts: list[str], asked: list[str]
) -> None:
    """Nothing of any text is read as a language, cut otherwise or taken for something alike."""

    async def main() -> None:
        async with meili_desk(tmp_path, where) as desk:
            reference = Reference()
            documents = [post(at, text, hashtags=(text,), file_name=text) for at, text in enumerate(texts, 1)]
            reference.upsert(documents)
            await desk.write(documents)
            for text in [*texts, *asked, *(word for one in texts for word in one.split())]:
                if not tokens(text):
                    continue
                for tree in (Word(text), Phrase(text), Not(Phrase(text)), Tag("hashtag", text), Tag("filename", text)):
                    question = Question(tree=tree, limit=100)
                    if can_answer(question) is None:
                        found = await desk.meilisearch.search(question)
                        keys = [(hit.date, hit.channel_id, hit.message_id) for hit in found.hits]
                        assert keys == reference.keys(question), (tree, texts)

    asyncio.run(main())
