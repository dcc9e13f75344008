"""At least 95 of 100 probes are answered right, and no quoted question finds other forms."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from search.exact.term_ranges import ranges
from search.text.normalize import tokens
from search.words.forms import form_keys
from tests.contract.desks import exact_desk
from tests.probe.probes import FOLDER, documents, read, wrong

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
