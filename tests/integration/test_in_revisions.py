"""What was edited is found by what it said before, whether it was seen as it happened, late, or read back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from archiver.mirror.apply import apply_missing, apply_page
from archiver.mirror.rebuild_search import prepare_search
from archiver.model.record import Channel
from archiver.store.channels.channel import Mirrored, find_channel, upsert_channel
from archiver.store.database import Database
from archiver.store.messages.message import Sighting
from search.engine.facets import Count
from search.engine.protocol import Question, Sort
from search.errors import QueryError
from search.exact import writer as exact
from search.query.filters import Context
from search.query.parse import parse
from tests.sample import make_message

START = datetime(2024, 5, 1, tzinfo=UTC)
CONTEXT = Context(now=START)


class Archive:
    """One channel, as it was seen again and again."""

    def __init__(self, database: Database, channel: Mirrored) -> None:
        self.database = database
        self._channel = channel

    async def see(self, message_id: int, text: str, *, edited: int = 0) -> None:
        """`edited`: minutes after it was posted."""
        date = START + timedelta(days=message_id)
        seen = make_message(
            message_id,
            text,
            date=date,
            edit_date=date + timedelta(minutes=edited) if edited else None,
            content_hash=sha256(text.encode()).digest(),
            payload_sha256=sha256(f"{text} {edited}".encode()).digest(),
        )
        await self.database.write(lambda conn: apply_page(conn, self._channel, [seen], None, SIGHT))

    async def lose(self, message_id: int) -> None:
        await self.database.write(lambda conn: apply_missing(conn, self._channel, [message_id], SIGHT))

    async def find(self, query: str, sort: Sort = "newest") -> list[tuple[int, int | None]]:
        engine = exact.ExactEngine(self.database.connection)
        question = Question(tree=parse(query, CONTEXT), sort=sort, limit=1)
        found = []
        while True:
            answer = await engine.search(question)
            found += [(hit.message_id, hit.revision) for hit in answer.hits]
            if answer.cursor is None:
                assert await engine.count(question) == len(found) == len(set(found))
                facets = await engine.facets(question, ["channel"])
                assert list(facets["channel"]) == ([Count("1001", len(found))] if found else [])
                return found
            question = Question(tree=question.tree, sort=sort, limit=1, cursor=answer.cursor)


SIGHT = Sighting(now=1_720_000_000, origin="history", generation=1)


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    async with await Database.open(tmp_path) as database:
        await database.write(exact.create)
        channel = Channel(channel_id=1001, access_hash=0, title="A")
        await database.write(lambda conn: upsert_channel(conn, channel, now=1))
        mirrored = await database.read(find_channel, 1001)
        assert mirrored is not None
        yield Archive(database, mirrored)


async def read_back(archive: Archive) -> None:
    await archive.database.write(lambda conn: conn.execute("UPDATE search_layout SET layout = 0"))
    assert await prepare_search(archive.database) is not None


@pytest.mark.parametrize("again", [False, True])
async def test_each_message_is_one_hit_with_the_newest_content_that_says_so(archive: Archive, again: bool) -> None:
    await archive.see(1, "the red convoy")
    await archive.see(1, "the green convoy", edited=1)
    await archive.see(1, "the blue lorry", edited=2)
    await archive.see(2, "a red bus")
    await archive.see(3, "a red tram")
    await archive.see(3, "a tram, never red", edited=1)
    if again:
        await read_back(archive)
    for sort in ("newest", "oldest", "relevance"):
        assert sorted(await archive.find("red in:revisions", sort)) == [(1, 1), (2, None), (3, None)]
    assert await archive.find("convoy in:revisions") == [(1, 2)]
    assert await archive.find("convoy") == []
    assert await archive.find("red -convoy in:revisions") == [(3, None), (2, None)]
    assert await archive.find("(in:revisions (green lorry))") == [], "one content has to say all of it"
    assert await archive.find("in:revisions") == [(3, None), (2, None), (1, None)]


async def test_by_relevance_too_a_hit_names_the_present_content_where_that_says_so(archive: Archive) -> None:
    await archive.see(1, "red red red red")
    await archive.see(1, "red, at last", edited=1)  # ranks below all others
    await archive.see(2, "red red red red red")
    await archive.see(2, "blue", edited=1)
    for number in (3, 4, 5):
        await archive.see(number, "red red")
    assert await archive.find("red in:revisions", "relevance") == [(2, 1), (1, None), (5, None), (4, None), (3, None)]
    assert await archive.find("red in:revisions is:edited", "relevance") == [(1, None)]
    assert await archive.find("red in:revisions is:missing", "relevance") == []


@pytest.mark.parametrize("again", [False, True])
async def test_what_came_late_and_what_came_back_is_found_as_well(archive: Archive, again: bool) -> None:
    await archive.see(1, "the newest words", edited=9)
    await archive.see(1, "some older words", edited=3)
    await archive.see(2, "here")
    await archive.see(2, "there", edited=1)
    await archive.see(2, "here", edited=2)
    await archive.lose(1)
    if again:
        await read_back(archive)
    assert await archive.find("older in:revisions") == [(1, 1)]
    assert await archive.find("here in:revisions") == [(2, None)]
    assert await archive.find("there in:revisions") == [(2, 2)]
    assert await archive.find("older is:missing in:revisions") == [(1, 1)]
    await archive.see(1, "the newest words", edited=10)
    assert await archive.find("older is:missing in:revisions") == []
    assert await archive.find("older -is:missing in:revisions") == [(1, 1)]


@pytest.mark.parametrize(
    "query", ["a OR in:revisions", "-in:revisions", "NOT (a in:revisions)", "a (b OR (c in:revisions))"]
)
def test_it_holds_for_the_whole_query_or_is_refused(query: str) -> None:
    with pytest.raises(QueryError, match="whole query") as caught:
        parse(query, CONTEXT)
    assert query[caught.value.start : caught.value.end].startswith("in:revisions")


def test_a_wrong_value_is_told() -> None:
    with pytest.raises(QueryError, match="in:revision'") as caught:
        parse("a in:revision", CONTEXT)
    assert caught.value.hint == "Did you mean in:revisions?"
