"""What happens to a question while Meilisearch goes away."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.auto import FallbackEngine
from search.document import Document
from search.engine.protocol import Question, Sort
from search.errors import SearchError, ServerBusy, ServerUnreachable
from search.query.tree import Word
from tests.contract.desks import Place, meili_desk
from tests.contract.test_engine import all_pages
from tests.doubles.meilisearch.faults import Action, reset_before, status
from tests.doubles.meilisearch.fixtures import Meili, meili

__all__ = ["meili"]


def where(meili: Meili) -> Place:
    found = Place(meili.url, meili.master_key)
    found.index = meili.fresh()
    return found


@pytest.mark.parametrize("sort", ["newest", "oldest"])
@pytest.mark.parametrize("fault", [status(503, "too_many_search_requests"), reset_before(), status(500)])
async def test_pages_continue_when_the_server_disappears(
    meili: Meili, tmp_path: Path, sort: Sort, fault: Action
) -> None:
    told: list[SearchError] = []
    async with meili_desk(tmp_path, where(meili)) as desk:
        await desk.write([Document(channel_id=1, message_id=at, date=at // 3, text="word") for at in range(1, 31)])
        engine = FallbackEngine(desk.meilisearch, desk.embedded, told.append)
        meili.double.faults.add("POST /indexes/*/search", fault, skip=2)
        found = await all_pages(engine, Question(tree=Word("word"), sort=sort, limit=4))
        assert [message_id for _, _, message_id in found] == sorted(range(1, 31), reverse=sort == "newest")
        assert (engine.name, len(told)) == ("exact", 1)
        assert await engine.count(Question(tree=Word("word"))) == 30
        assert len(told) == 1


async def test_an_order_by_relevance_is_not_mixed_from_two_engines(meili: Meili, tmp_path: Path) -> None:
    async with meili_desk(tmp_path, where(meili)) as desk:
        await desk.write([Document(channel_id=1, message_id=at, date=at, text="word") for at in range(1, 11)])
        engine = FallbackEngine(desk.meilisearch, desk.embedded, lambda error: None)
        meili.double.faults.add("POST /indexes/*/search", status(503, "too_many_search_requests"), skip=1)
        with pytest.raises((ServerBusy, ServerUnreachable)):
            await all_pages(engine, Question(tree=Word("word"), sort="relevance", limit=4))
