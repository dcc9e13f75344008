"""At least 95 of 100 probes are answered right, and no quoted question finds other forms."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from search.exact.vocabulary import ranges
from search.meili.compile import can_answer
from search.text.normalize import tokens
from search.words.forms import form_keys
from tests.contract.desks import Place, exact_desk, meili_desk
from tests.contract.test_engine import where
from tests.probe.probes import FOLDER, documents, question, read, wrong

__all__ = ["where"]

FILES = sorted(path.name for path in FOLDER.glob("*.tsv"))


@pytest.mark.parametrize("name", FILES)
async def test_probes_are_answered_by_the_embedded_engine(tmp_path: Path, name: str) -> None:
    probes = read(name)
    async with exact_desk(tmp_path) as desk:
        await desk.write(documents(probes))
        found = await wrong(probes, desk.engine)
    assert len(found) <= 0.05 * len(probes), found
    assert [one for one in found if '"' in one.question.strip("-") and not one.should_match] == []


def test_the_ranges_of_a_word_hold_all_its_forms() -> None:
    """Looking only where forms may stand finds what looking everywhere finds."""
    probes = [one for name in FILES for one in read(name)]
    by_key = defaultdict(set)
    for word in {word for one in probes for word in tokens(f"{one.question} {one.text}")}:
        for key in form_keys(word):
            by_key[key].add(word)
    lost = [
        (one, other)
        for alike in by_key.values()
        for one in alike
        for found in [ranges(one)]
        for other in alike - {one}
        if not any(low <= other < high and len(other) <= most for low, high, most in found)
    ]
    assert lost == []


@pytest.mark.meilisearch
@pytest.mark.parametrize("name", FILES)
async def test_probes_are_answered_alike_by_meilisearch(tmp_path: Path, where: Place, name: str) -> None:
    probes = read(name)
    async with meili_desk(tmp_path, where) as desk:
        await desk.write(documents(probes))
        for one in probes:
            if can_answer(question(one)) is None:
                found = await desk.meilisearch.search(question(one))
                wanted = await desk.embedded.search(question(one))
                assert list(found.hits) == list(wanted.hits), one
