"""Another archive is taken over: nothing is lost, nothing is overwritten, nothing is claimed that is not known."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.merging import History, Reader, copy_archive, list_faults, merge, tell
from tests.tiers import SOAK

IDS = st.integers(1, 6)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.just(0), st.just(0)),
        st.tuples(st.sampled_from(["edit", "edit", "count", "delete"]), IDS, st.integers(1, 3)),
        st.tuples(st.sampled_from(["a page", "b page"]), IDS, st.integers(1, 8)),
        st.tuples(st.sampled_from(["a news", "b news"]), st.just(0), st.just(0)),
    ),
    max_size=18,
)


@settings(max_examples=300 if SOAK else 8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_either_of_two_archives_that_takes_in_the_other_knows_the_same(steps: list[tuple[str, int, int]]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="telekeep-test-"))
    try:
        asyncio.run(assert_merges_agree(folder, steps))
    finally:
        shutil.rmtree(folder)


async def assert_merges_agree(folder: Path, steps: list[tuple[str, int, int]]) -> None:
    history = History()
    one, other = Reader(folder / "a", history), Reader(folder / "b", history)
    for _ in range(3):
        history.post()
    await one.look("page")
    await other.look("page", 2, 3)
    for kind, message_id, more in steps:
        if kind == "post":
            history.post()
        elif kind == "edit":
            history.edit(message_id, f"words {message_id} {more}")
        elif kind == "count":
            history.count(message_id)
        elif kind == "delete":
            history.delete(message_id)
        else:
            reader = one if kind.startswith("a") else other
            await reader.look(kind[2:], message_id, message_id + more)
    a, b = copy_archive(folder / "a", folder / "a2"), copy_archive(folder / "b", folder / "b2")
    now = history.tick()
    await merge(folder / "a", b, now=now)
    await merge(folder / "b", a, now=now)
    assert tell(a) == tell(b)
    assert list_faults(a) == []
    assert list_faults(b) == []
    for target, source in ((a, "b"), (b, "a")):
        [again] = await merge(folder / source, target, now=now + 10)
        assert not again.is_change, again
    assert tell(a) == tell(b)
