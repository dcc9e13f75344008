"""What every engine promises (`search/engine/protocol.py`), held against the slow and obvious reference."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from search.document import Document
from search.engine.protocol import Answer, Engine, Question, Sort
from search.errors import SearchError
from search.query.dates import Bounds
from search.query.filters import Context
from search.query.parse import parse
from search.query.tree import And, InChannel, Number, Or, Word
from tests.contract.desks import Desk, Place, can_answer, exact_desk, meili_desk, place

NOW = datetime(2024, 5, 20, 12, tzinfo=UTC)
NOON = int(datetime(2024, 5, 1, 12, tzinfo=UTC).timestamp())
CONTEXT = Context(now=NOW, channels={"alpha": [1], "beta": [2], "both": [1, 2]})


ENGINES = ("exact", pytest.param("meilisearch", marks=pytest.mark.meilisearch))


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
        question = replace(question, cursor=answer.cursor)


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
    await desk.write([post(2, "x 東", extra=("東 y",)), post(3, "東 東")])
    assert await ids(desk, '"東 東"') == [3]


async def test_tags_are_not_words(desk: Desk) -> None:
    await desk.write([post(1, "text", hashtags=("tagged",), media=("poll",), author="Jane Roe", mime="image/png")])
    for query in (
        "hashtag",
        "tagged",
        "poll",
        "has",
        "jane",
        "image",
        "channel",
        "1",
        "cha*",
        '"has"*',
        "from*",
        "mi*",
    ):
        assert await ids(desk, query) == [], query
    for query in ("#tagged", "has:poll", "from:jane", 'from:"jane roe"', "mime:image/*", "channel:1", "channel:alpha"):
        assert await ids(desk, query) == [1], query


async def test_hashtags_of_every_script_are_found_whole(desk: Desk) -> None:
    tags = [
        "القوات_المسلحة",
        "ёлка",
        "संघर्ष",
        "ข่าวด่วน",
        "뉴스속보",
        "国際",
        "צבא",
        "ამბები",
        "Çığ",
        "می‌خواهم",
        "covid19",
        "ዜና",
    ]
    await desk.write([post(number, "text", hashtags=(tag,)) for number, tag in enumerate(tags, 1)])
    for number, tag in enumerate(tags, 1):
        assert await ids(desk, f"#{tag}") == [number], tag
        assert await ids(desk, f"hashtag:{tag.upper()}") == [number], tag
        assert await ids(desk, f"-＃{tag} id:{number}") == [], tag
        assert await ids(desk, f"#{tag}x") == [], tag


async def test_a_domain_finds_its_subdomains(desk: Desk) -> None:
    await desk.write([post(1, domains=("m.youtube.com",)), post(2, domains=("notyoutube.com",))])
    assert await ids(desk, "domain:youtube.com") == [1]
    assert await ids(desk, "domain:https://www.youtube.com/") == [1]
    assert await ids(desk, "domain:m.youtube.com") == [1]


async def test_only_current_content_is_found(desk: Desk) -> None:
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


async def test_id_ranges_narrow_the_answer(desk: Desk) -> None:
    await desk.write([post(number, "x" if number % 2 else "y", channel_id=1 + number % 3) for number in range(1, 30)])
    stretches = [(1, 3, 12), (2, 1, 7), (3, 5, 5), (3, 20, 29)]
    within = Or(tuple(And((InChannel(frozenset({one})), Number("id", low, high))) for one, low, high in stretches))
    question = Question(tree=And((Word("x"), within)), limit=50)
    assert can_answer(question) is None
    expected = [
        (number, 1 + number % 3)
        for number in range(29, 0, -2)
        if any(one == 1 + number % 3 and low <= number <= high for one, low, high in stretches)
    ]
    assert [(hit.message_id, hit.channel_id) for hit in (await desk.engine.search(question)).hits] == expected


@pytest.mark.parametrize("cursor", ["", "1.2", "r", "1.2.3.4", "a.b.c", "'; DROP TABLE", "٣.٣.٣"])
@pytest.mark.parametrize("sort", ["newest", "relevance"])
async def test_a_cursor_of_another_query_is_rejected(desk: Desk, cursor: str, sort: Sort) -> None:
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


async def test_files_are_found_by_what_became_of_them_and_by_their_hashes(desk: Desk) -> None:
    old, new = "ab" * 32, "abababab" + "00" * 28
    waiting = {"file_ids": ("photo/1",), "file_states": ("not-downloaded",)}
    here = {"file_ids": ("photo/2",), "file_states": ("downloaded",), "file_hashes": (old,)}
    both = {"file_ids": ("photo/3", "photo/4"), "file_states": ("downloaded", "failed"), "file_hashes": (new,)}
    await desk.write([post(1, "x", **waiting), post(2, "x", **here), post(3, "x", **both), post(4, "x")])
    assert await ids(desk, "has:file") == await ids(desk, "media:downloaded") == [3, 2]
    assert await ids(desk, "media:missing") == [3, 1]
    assert await ids(desk, "-media:missing x") == [4, 2]
    assert await ids(desk, "media:failed OR media:not-downloaded") == [3, 1]
    assert await ids(desk, "media:gone") == []
    assert await ids(desk, f"sha256:{old.upper()}") == [2]
    assert await ids(desk, "sha256:abababab") == [3, 2]
    assert await ids(desk, "sha256:ababababa") == [2]
    counts = await desk.engine.facets(ask("x"), ["file"])
    assert [(one.value, one.count) for one in counts["file"]] == [
        ("downloaded", 2), ("failed", 1), ("not-downloaded", 1)
    ]  # fmt: skip
    # The file of the first arrives, that of the second is pruned: no text changes.
    await desk.write(
        [post(1, "x", **{**here, "file_ids": ("photo/1",)}), post(2, "x", **{**here, "file_states": ("offloaded",)})]
    )
    assert await ids(desk, "has:file") == [3, 1]
    assert await ids(desk, f"sha256:{old}") == [2, 1]
    assert await ids(desk, "media:offloaded") == [2]
