"""From the text of a question to its hits: every text means what it says, and no text does harm."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search.document import Document
from search.engine.protocol import Engine, Question
from search.errors import QueryError, SearchError
from search.query.parse import parse
from search.query.tree import Phrase
from search.query.write import write
from tests.contract.desks import Place, exact_desk, meili_desk
from tests.contract.questions import SAID, Said
from tests.contract.test_engine import CONTEXT, post, where
from tests.contract.test_reference import DOCUMENTS
from tests.tiers import examples

__all__ = ["where"]

FIXTURES = [HealthCheck.function_scoped_fixture]
SAVED = replace(CONTEXT, saved={"one": "convoy OR 国际", "two": "query:one -has:photo"})


@settings(max_examples=examples(100), deadline=None, suppress_health_check=FIXTURES)
@given(documents=st.lists(DOCUMENTS, max_size=12), asked=st.lists(SAID, min_size=1, max_size=8))
def test_a_question_finds_what_its_text_says_and_so_does_what_is_written_of_it(
    tmp_path: Path, documents: list[Document], asked: list[Said]
) -> None:
    async def main() -> None:
        async with exact_desk(tmp_path) as desk:
            await desk.write(documents)
            refused = []
            present = {document.key: document for document in documents}.values()
            for one in asked:
                try:
                    tree = parse(one.text, CONTEXT)
                except QueryError as error:
                    refused.append(error.message)
                    continue
                wanted = sorted(document.key for document in present if one.means(document))
                assert await _keys(desk.engine, Question(tree=tree, limit=100)) == wanted, one.text
                again = parse(write(tree), CONTEXT)
                assert await _keys(desk.engine, Question(tree=again, limit=100)) == wanted, write(tree)
                assert write(again) == write(tree)
            assert all("deep" in message for message in refused)

    asyncio.run(main())


async def _keys(engine: Engine, question: Question) -> list[tuple[int, int]]:
    return sorted((hit.channel_id, hit.message_id) for hit in (await engine.search(question)).hits)


SIGNS = [
    *("a", "b*", "-", "--", "(", ")", '"', "“", "”", "«", "»", "「", "\\", "OR", "AND", "NOT", "has:", "photo", "is:"),
    *("since:", "2021", "..", "views:", ">", "#", "@", "*", "channel:", "both", ":", "'", "国", "צ", "fwd:", "none"),
    *("query:", "one", "two", "from:", "id:", "1", "%", "_", ";", "/*", "{text}", "line:", "NEAR(", "^", "+"),
    *("domain:", "x.y", "date:", "2024-05-01", "lang:", "\u0600", "ا", " ", "\0", "\ud800", "\u202e"),
]
TEXTS = st.text(max_size=40) | st.lists(st.sampled_from(SIGNS), max_size=16).map("".join)


@settings(max_examples=examples(100), deadline=None, suppress_health_check=FIXTURES)
@given(texts=st.lists(TEXTS, min_size=1, max_size=12))
def test_any_text_is_answered_or_refused(tmp_path: Path, texts: list[str]) -> None:
    async def main() -> None:
        async with exact_desk(tmp_path) as desk:
            await desk.write([post(1, "a b 国 צ 1"), post(2, "b", is_forwarded=True), post(3, "one", channel_id=2)])
            for hits, counted in await _counts(desk.engine, texts):
                assert hits == counted
            assert await _keys(desk.engine, Question(limit=9)) == [(1, 1), (1, 2), (2, 3)]

    asyncio.run(main())


@pytest.mark.meilisearch
@pytest.mark.timeout(600)
@settings(max_examples=examples(15), deadline=None, suppress_health_check=FIXTURES)
@given(texts=st.lists(TEXTS, min_size=6, max_size=12))
def test_any_text_is_answered_or_refused_by_meilisearch(tmp_path: Path, where: Place, texts: list[str]) -> None:
    async def main() -> None:
        async with meili_desk(tmp_path, where) as desk:
            await desk.write([post(1, "a b 国 צ 1"), post(2, "b", is_forwarded=True)])
            for hits, counted in await _counts(desk.engine, texts):
                assert hits == counted
            assert await _keys(desk.engine, Question(limit=9)) == [(1, 1), (1, 2)]

    asyncio.run(main())


async def _counts(engine: Engine, texts: Sequence[str]) -> list[tuple[int, int]]:
    """The hits and the count of each text that is not refused."""
    found = []
    for text in texts:
        with suppress(SearchError):
            question = Question(tree=parse(text, SAVED))
            found.append((len((await engine.search(question)).hits), await engine.count(question)))
    return found


async def test_a_sentence_of_hundreds_of_words_is_found_whole(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(600)]
    sentence = " ".join(words)
    async with exact_desk(tmp_path) as desk:
        await desk.write([post(1, f"He said: {sentence}!"), post(2, " ".join(reversed(words))), post(3, sentence[:-9])])
        for quoted in (f'"{sentence}"', f"«{sentence}»", f"„{sentence}“", f"“{sentence}”", f"「{sentence}」"):
            assert await _keys(desk.engine, Question(tree=parse(quoted, CONTEXT))) == [(1, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "He said “no”, then «нет», then „nein“.",
        'a "straight" and a \\ backslash \\" both',
        'אמר צה"ל אתמול',
        "「はい」と言った",
        "« Non », dit-il : “jamais”…",
    ],
)
def test_a_sentence_with_quotes_in_it_can_be_asked_for(text: str) -> None:
    assert parse(write(Phrase(text)), CONTEXT) == Phrase(text)
