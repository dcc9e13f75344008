"""Two archives whose imports contradict each other: whichever takes in the other knows the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from tests.merging import list_faults
from tests.tiers import SOAK
from tests.two_archives import Channel, list_facts, merge_all

SEEDS = range(400) if SOAK else (2, 16, 25, 33, 43, 50, 65, 100)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_is_known_whichever_archive_takes_in_the_other(tmp_path: Path, seed: int) -> None:
    channel = Channel(Random(seed), tmp_path)
    one, other = tmp_path / "one", tmp_path / "other"
    channel.fill(one)
    channel.fill(other)
    shared = list_facts(one).keys() & list_facts(other).keys()
    found = []
    for into, sources in ((one, [other]), (other, [one]), (None, [one, other]), (None, [other, one])):
        archive = tmp_path / f"merged {len(found)}"
        if into is not None:
            shutil.copytree(into, archive)
        for source in sources:
            merge_all(source, archive)
        facts = list_facts(archive)
        assert list_faults(archive) == []
        for source in sources:
            assert not merge_all(source, archive)
        assert list_facts(archive) == facts
        found.append({key: None if key in shared and is_piece(key) else fact for key, fact in facts.items()})
    assert found[1:] == found[:1] * 3


def is_piece(key: tuple[object, ...]) -> bool:
    """Whether a fact is what a piece says otherwise: if both have it, each compared it with what it held."""
    return isinstance(key[-1], bytes)
