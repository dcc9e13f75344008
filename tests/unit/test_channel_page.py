"""Pages of a channel, whatever its messages are like."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.compose.read_archive import get_mirrored
from archiver.ids import ChannelId
from archiver.reading.channel_page import BUDGET, ChannelPage, Place, read_page
from archiver.store.database import Database
from tests.sample import build, make_message
from tests.tiers import examples

ids = st.lists(st.integers(1, 60), unique=True, min_size=1, max_size=40).map(sorted)


async def walk(directory: Path, start: Place, *, later: bool, limit: int) -> list[ChannelPage]:
    pages: list[ChannelPage] = []
    async with await Database.open_readonly(directory) as database:
        channel = await get_mirrored(database.connection, ChannelId(1001))
        place = start
        while True:
            page = await read_page(database.connection, channel, place, limit=limit)
            pages.append(page)
            if not (page.has_later if later else page.has_earlier):
                return pages
            end = page.messages[-1 if later else 0][0].message_id
            place = Place("after" if later else "before", end)


def numbers(pages: list[ChannelPage]) -> list[int]:
    return [message.message_id for page in pages for message, _ in page.messages]


@settings(max_examples=examples(25))
@given(ids, st.lists(st.integers(0, 3), min_size=60, max_size=60), st.integers(1, 12), st.integers(1, 70))
async def test_pages_have_each_message_once_in_order_and_cut_no_album(
    held: list[int], albums: list[int], limit: int, around: int
) -> None:
    messages = [
        make_message(one, f"text {one}", grouped_id=str(albums[one - 1]) if albums[one - 1] else None) for one in held
    ]
    with TemporaryDirectory() as directory:
        build(Path(directory), messages, covered=[(1, 60)], top_id=60)
        up = await walk(Path(directory), Place("after", 0), later=True, limit=limit)
        down = await walk(Path(directory), Place("newest"), later=False, limit=limit)
        assert numbers(up) == numbers(down[::-1]) == held
        [middle, *_] = await walk(Path(directory), Place("around", around), later=True, limit=limit)
        shown = numbers([middle])
        assert shown
        assert held[held.index(shown[0]) :][: len(shown)] == shown
        near = min(held, key=lambda one: (one < around, abs(one - around)))
        assert near in shown
    for pages in (up, down[::-1]):
        for one, other in pairwise(pages):
            before, after = one.messages[-1][0], other.messages[0][0]
            if before.grouped_id is not None and before.grouped_id == after.grouped_id:
                # Only an album that is larger than a page.
                assert limit in (len(one.messages), len(other.messages))
                alone = [{message.grouped_id for message, _ in page.messages} for page in (one, other)]
                assert {before.grouped_id} in alone
    gaps = {number for page in up for run in page.runs for number in range(run.lo, run.hi + 1)}
    assert gaps == set(range(1, 61)) - set(held)


async def test_long_texts_make_short_pages(tmp_path: Path) -> None:
    messages = [make_message(one, "ж" * 4000) for one in range(1, 101)]
    build(tmp_path, messages, covered=[(1, 100)])
    pages = await walk(tmp_path, Place("newest"), later=False, limit=100)
    assert numbers(pages[::-1]) == list(range(1, 101))
    assert all(sum(len(message.text) * 2 for message, _ in page.messages) < BUDGET + 8001 for page in pages)


async def test_texts_that_need_much_markup_make_short_pages(tmp_path: Path) -> None:
    messages = [make_message(one, "a\n" * 2000) for one in range(1, 61)]
    build(tmp_path, messages, covered=[(1, 60)])
    pages = await walk(tmp_path, Place("newest"), later=False, limit=100)
    assert numbers(pages[::-1]) == list(range(1, 61))
    assert max(len(page.messages) for page in pages) < 5, "by their 8 kB of text alone there would be more"
