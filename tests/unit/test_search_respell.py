"""A misspelt word finds what it was meant as, in all forms; a word that is right finds no more than before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import aiosqlite
import pytest

from search.engine.protocol import Answer, Question, Sort
from search.engine.union import UnionEngine
from search.exact.reader import ExactEngine
from search.exact.respell import list_similar, respell
from search.query.filters import Context
from search.query.parse import parse
from tests.sample import build, index, make_message

TEXTS = [
    "two bridges were closed", "the bridge", "bridged again", "a child", "колонна у моста", "мосты", "fridge",
    "الجسر مغلق", "جسور", *["the village"] * 30, "the vilage",
]  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("archive")
    build(directory, messages := [make_message(at, text) for at, text in enumerate(TEXTS, 1)])
    index(directory, messages)
    return directory / "archive.db"


@pytest.mark.parametrize(
    ("query", "others", "ids"),
    [
        ("brigdes", {"bridge", "bridges", "bridged"}, {1, 2, 3}),
        ("brigded closed", {"bridge", "bridges", "bridged"}, {1}),
        ("brigde -closed", {"bridge", "bridges", "bridged"}, {2, 3}),
        ("childern", {"child"}, {4}),
        ("мостыы", {"мосты", "моста"}, {5, 6}),
        ("колнона", {"колонна"}, {5}),
        ("vilages", {"village"}, {*range(10, 41)}),
        ("bridge", set(), {1, 2, 3}),
        ('"brigde"', set(), set()),
        ("villages", set(), {*range(10, 40)}),
        ("xqzzt", set(), set()),
        ("-brigde fridge", set(), {7}),
    ],
)
async def test_every_form_of_the_probably_intended_word_is_found(
    archive: Path, query: str, others: set[str], ids: set[int]
) -> None:
    async with aiosqlite.connect(f"file:{archive}?mode=ro", uri=True) as conn:
        engine = ExactEngine(conn)
        tree = parse(query, Context(now=datetime.now(UTC)))
        found = await respell(conn, engine, tree)
        assert others <= set(found.words)
        assert bool(others) == bool(found.words)
        hits = (await engine.search(Question(tree=found.tree, limit=100))).hits
        assert {hit.message_id for hit in hits} == ids


class Guessing(ExactEngine):
    """Stands for an engine that tolerates typing errors, and finds nothing."""

    name = "guessing"

    async def search(self, question: Question) -> Answer:
        return Answer(hits=(), engine=self.name)

    async def count(self, question: Question) -> int:
        return 0


@pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
async def test_both_engines_find_what_was_meant_after_what_was_typed(archive: Path, sort: Sort) -> None:
    async with aiosqlite.connect(f"file:{archive}?mode=ro", uri=True) as conn:
        exact = ExactEngine(conn)
        both = UnionEngine(exact, Guessing(conn), partial(respell, conn, exact))
        tree = parse("vilage", Context(now=datetime.now(UTC)))
        question = Question(tree=tree, fuzzy=True, sort=sort, limit=20)
        first = await both.search(question)
        second = await both.search(replace(question, cursor=first.cursor))
        ids = [hit.message_id for hit in (*first.hits, *second.hits)]
        assert len(ids) == len(set(ids)) == await both.count(question) == 31
        assert second.cursor is None
        assert sort != "relevance" or ids[0] == 40
        assert "village" in first.hits[-1].matched


async def test_a_word_longer_than_any_in_the_dictionary_is_not_looked_up_in_each_of_its_misspellings(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    monkeypatch.setattr("search.exact.respell.languages", looked_up.append)
    async with aiosqlite.connect(archive) as conn:
        await list_similar(conn, "brigde" * 6, 3)
        assert looked_up == []
        await list_similar(conn, "brigde", 3)
    assert looked_up
