"""Which ids were read, in little memory."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from archiver.imports.ids_read import IdsRead


@given(st.lists(st.integers(1, 2**31 - 1) | st.integers(1, 99)))
def test_an_id_is_new_once(ids: list[int]) -> None:
    read, seen = IdsRead(), set[int]()
    for number in ids:
        assert read.is_new(number) == (number not in seen)
        seen.add(number)


def test_ids_far_apart_take_little_memory() -> None:
    tracemalloc.start()
    read = IdsRead()
    assert read.add(range(1, 1_000_000, 100)) == 0
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 500_000, "an object for each of the 10,000 took 0.9 MB"
