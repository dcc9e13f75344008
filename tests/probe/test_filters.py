"""Filters mean what a journalist means by them, in both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.query.tree import text_leaves
from tests.contract.desks import Place, can_answer, exact_desk, meili_desk
from tests.contract.test_engine import where
from tests.probe.posts import ask, find_wrong, make_documents, number_posts, read_probes

__all__ = ["where"]


async def test_every_filter_answers_what_was_meant(tmp_path: Path) -> None:
    probes = read_probes()
    numbers = number_posts(probes)
    async with exact_desk(tmp_path) as desk:
        await desk.write(make_documents(numbers))
        assert list(await find_wrong(probes, numbers, desk.engine)) == []


@pytest.mark.meilisearch
async def test_meilisearch_answers_filters_alike(tmp_path: Path, where: Place) -> None:
    probes = read_probes()
    async with meili_desk(tmp_path, where) as desk:
        await desk.write(make_documents(number_posts(probes)))
        for one in probes:
            if can_answer(ask(one)) is None and next(text_leaves(ask(one).tree), None) is None:
                found = await desk.meilisearch.search(ask(one))
                wanted = await desk.embedded.search(ask(one))
                assert list(found.hits) == list(wanted.hits), one
