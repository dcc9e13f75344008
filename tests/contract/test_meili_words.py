"""Words as Meilisearch finds them, on the double or a real server: as they are written, whatever stands beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from search.engine.facets import Count
from search.engine.protocol import Engine, Question, Sort
from search.engine.union import UnionEngine
from tests.contract.desks import MeiliDesk, Place, meili_desk
from tests.contract.test_engine import all_pages, ask, post, where

__all__ = ["where"]

pytestmark = pytest.mark.meilisearch

TEXTS = (
    "The bridge is closed tonight",
    "closed is the road to the bridge",
    "Москва👍",
    "Ёлка и об’єкт",
    "الجسر مغلق الليلة",
    "می‌خواهم به خانه بروم",
    "国际法院今天开庭",
    "Straße nach Łódź, Müller",
    "\u200fبيان\u200e عاجل ٣٤٥",
    "bridges",
    "costs $500m today",
)


@pytest.fixture
async def desk(tmp_path: Path, where: Place) -> AsyncIterator[MeiliDesk]:
    async with meili_desk(tmp_path, where) as made:
        await made.write([post(at, text, extra=("Read on",)) for at, text in enumerate(TEXTS, 1)])
        yield made


async def found(desk: MeiliDesk, query: str, **more: object) -> list[int]:
    question = ask(query, sort="oldest", **more)
    hits = [hit.message_id for hit in (await desk.meilisearch.search(question)).hits]
    assert await desk.meilisearch.count(question) == len(hits)
    return hits


CLAIMS: tuple[tuple[str, list[int]], ...] = (
    ("bridge", [1, 2]),
    ("BRIDGE closed", [1, 2]),
    ('"bridge is closed"', [1]),
    ('"is closed"', [1]),
    ("bridge -tonight", [2]),
    ('closed -"closed is"', [1]),
    ("bridges", [10]),
    ("brid", []),
    ("Москва", [3]),
    ("500m", [11]),
    ("елка", [4]),
    ("Ёлка", [4]),
    ("об'єкт", [4]),
    ("الجسر", [5]),
    ("الليلة مغلق", [5]),
    ("می‌خواهم", [6]),
    ("می خواهم", [6]),
    ("ميخواهم", [6]),
    ("خانه", [6]),
    ("国际法院", [7]),
    ("strasse", [8]),
    ("Lodz", [8]),
    ("muller", [8]),
    ("بيان", [9]),
    ("345", [9]),
    ("read", list(range(1, 12))),
)


@pytest.mark.parametrize(("query", "wanted"), CLAIMS)
async def test_a_word_is_found_as_it_is_written(desk: MeiliDesk, query: str, wanted: list[int]) -> None:
    assert await found(desk, query) == wanted


async def test_with_fuzzy_typing_errors_and_the_beginning_of_a_word_are_enough(desk: MeiliDesk) -> None:
    assert await found(desk, "brigde closed", fuzzy=True) == [1, 2]
    assert await found(desk, "brigde -tonight", fuzzy=True) == [2]
    assert await found(desk, "clos*", fuzzy=True) == [1, 2]
    assert await found(desk, "bridge toni*", fuzzy=True) == [1]
    assert await found(desk, '"is closed"', fuzzy=True) == [1]
    assert await found(desk, "Масква", fuzzy=True) == [3]


@pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
@pytest.mark.parametrize("query", ["bridges", "brigde closed", "сказали -Ёлка", "closed -tonight"])
async def test_with_both_engines_all_forms_are_found_and_typing_errors_once_each(
    desk: MeiliDesk, query: str, sort: Sort
) -> None:
    more = [post(at, "two bridges were closd" if at % 2 else "он сказал") for at in range(20, 31)]
    await desk.write(more)
    both: Engine = UnionEngine(desk.embedded, desk.meilisearch)
    question = ask(query, fuzzy=True, sort=sort, limit=2)
    found = await all_pages(both, question)
    exact = await all_pages(desk.embedded, ask(query, sort=sort))
    guessed = await all_pages(desk.meilisearch, question)
    assert len(found) == len(set(found)) == await both.count(question)
    assert set(found) == {*exact, *guessed}
    if sort == "relevance":
        typed = await all_pages(desk.embedded, ask(" ".join(f'"{word}"' for word in query.split()), sort=sort))
        assert found[: len(typed)] == typed or "-" in query
        assert set(found[: len(exact)]) == set(exact)
    else:
        assert found == sorted(found, reverse=sort == "newest")
    (count,) = (await both.facets(question, ["channel"]))["channel"]
    assert count == Count("1", max(len(exact), len(guessed)))


async def test_both_engines_find_what_either_does_while_the_index_is_empty(desk: MeiliDesk) -> None:
    await desk.clear()
    both = UnionEngine(desk.embedded, desk.meilisearch)
    question: Question = ask("bridge", fuzzy=True)
    assert [hit.message_id for hit in (await both.search(question)).hits] == [10, 2, 1]
    assert await both.count(question) == 3
