"""A node does what it says, and says in our own words what the server would not do; on the double or a real server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.commands.index_keys import INDEXER
from search.document import Document
from search.engine.facets import Count
from search.engine.protocol import Question
from search.errors import (
    IndexMissing,
    IndexStale,
    KeyRefused,
    PayloadTooLarge,
    RequestRefused,
    SearchError,
    ServerBusy,
    ServerError,
    ServerUnreachable,
    StorageFull,
    TaskFailed,
    Unanswerable,
    WrongVersion,
)
from search.meili.document import document_id, to_line
from search.meili.engine import MeiliEngine
from search.meili.node import Node
from search.meili.routing import choose_node
from search.meili.settings import SETTINGS, needed_settings
from search.meili.task import Task
from search.query.tree import Word
from tests.contract.desks import finish
from tests.doubles.meilisearch.faults import Action, half, hang, queue_full, reset_after, reset_before, slow, status
from tests.doubles.meilisearch.fixtures import Meili, meili

__all__ = ["meili"]

DOCUMENTS = "POST /indexes/*/documents"


@asynccontextmanager
async def open_node(
    meili: Meili, *, key: str | None = None, index: str = "", seconds: float = 30
) -> AsyncIterator[Node]:
    node = Node(meili.url, key or meili.master_key, index=index or meili.fresh(), seconds=seconds)
    try:
        yield node
    finally:
        await node.close()


@pytest.fixture
async def node(meili: Meili) -> AsyncIterator[Node]:
    """A node whose index is there."""
    async with open_node(meili) as made:
        await finish(made, *(await made.ensure()).tasks)
        yield made


def lines(*ids: int, channel_id: int = 1) -> bytes:
    documents = [Document(channel_id=channel_id, message_id=number, date=1_700_000_000 + number) for number in ids]
    return b"".join(map(to_line, documents))


@asynccontextmanager
async def answering(body: bytes) -> AsyncIterator[str]:
    """The URL of a server that answers everything with this."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if length := re.search(rb"(?i)content-length: *([0-9]+)", head):
            await reader.readexactly(int(length[1]))
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def all_pages(engine: MeiliEngine, question: Question) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    while True:
        answer = await engine.search(question)
        found += [(hit.channel_id, hit.message_id) for hit in answer.hits]
        assert len(set(found)) == len(found)
        if answer.cursor is None:
            return found
        question = replace(question, cursor=answer.cursor)


async def done(node: Node, task: Task) -> Task:
    async with asyncio.timeout(60):
        while True:
            [found] = await node.tasks([task.uid])
            if found.is_done:
                return found
            await asyncio.sleep(0.01)


async def test_settings_are_sent_once_and_again_only_where_they_are_needed(meili: Meili, node: Node) -> None:
    again = await node.ensure()
    assert (again.created, again.tasks, again.stale) == (False, (), False)
    by_hand = {"synonyms": {"kyiv": ["kiev"]}, "stopWords": ["the"], "proximityPrecision": "byAttribute"}
    meili.wait(meili.client().index(node.index).update_settings(by_hand))
    present = await node.settings()
    assert present is not None
    assert needed_settings(present).keys() == {"proximityPrecision"}
    completed = await node.ensure()
    assert len(completed.tasks) == 1
    await finish(node, *completed.tasks)
    assert (await node.ensure()).tasks == ()
    kept = await node.settings()
    assert kept is not None
    assert (kept["synonyms"], kept["stopWords"], kept["proximityPrecision"]) == ({"kyiv": ["kiev"]}, ["the"], "byWord")


async def test_an_index_of_another_version_is_left_alone_and_never_answers(meili: Meili, node: Node) -> None:
    older = [*SETTINGS["filterableAttributes"]]
    meili.wait(
        meili.client()
        .index(node.index)
        .update_settings({"searchableAttributes": ["terms_0_0"], "filterableAttributes": older})
    )
    found = await node.ensure()
    assert (found.stale, found.tasks) == (True, ())
    with pytest.raises(IndexStale, match="of another version"):
        await MeiliEngine(node).search(Question(tree=Word("convoy")))
    with pytest.raises(IndexStale, match="of another version"):
        await MeiliEngine(node).search(Question())


async def test_documents_are_counted_listed_and_deleted_by_channel_and_range(node: Node) -> None:
    task = await node.send(lines(1, 2, 3, 900) + lines(5, channel_id=2), metadata="batch-7")
    assert (task.status, task.type) == ("enqueued", "documentAdditionOrUpdate")
    ended = await done(node, task)
    assert (ended.succeeded, ended.documents, ended.error) == (True, 5, None)
    await finish(node, await node.send(lines(2, 3)))
    assert [await node.count(), await node.count(1), await node.count(3)] == [5, 4, 0]
    assert await node.list_ids(1, 2, 1000) == [2, 3, 900]
    assert await node.list_ids_after(1, 2) == [3, 900]
    assert await node.list_ids_after(1, 900) == []
    await finish(node, await node.delete([document_id(1, 2), document_id(9, 9)]))
    assert await node.list_ids(1, 1, 10) == [1, 3]
    assert (await node.stats()).documents == 4
    with pytest.raises(ValueError, match="ids"):
        await node.delete([])


async def test_one_bad_document_fails_its_task_and_is_named(node: Node) -> None:
    bad = b'{"id":"c1 7","text":"secret words"}\n'
    failed = await done(node, await node.send(lines(1) + bad))
    assert (failed.succeeded, failed.code) == (False, "invalid_document_id")
    assert isinstance(failed.error, TaskFailed)
    assert "secret" not in str(failed.error)
    assert await node.count() == 0
    nameless = await done(node, await node.send(b'{"text":"secret words c1_7"}\n'))
    assert nameless.code == "missing_document_id"
    assert "secret" not in str(nameless.error)


async def test_tasks_are_asked_for_together_and_a_forgotten_one_is_not_in_the_answer(meili: Meili, node: Node) -> None:
    tasks = [await node.send(lines(number)) for number in range(1, 31)]
    await finish(node, *tasks)
    assert await node.count_unfinished_tasks() == 0
    await finish(node, await node.delete_task_records(datetime.now(UTC) + timedelta(minutes=1)))
    assert [one for one in await node.tasks([task.uid for task in tasks]) if one.type.startswith("document")] == []
    assert await node.tasks([]) == []


async def test_an_index_is_built_beside_the_other_and_takes_its_place(meili: Meili, node: Node) -> None:
    beside = meili.fresh(f"{node.index}-next")
    await finish(node, await node.send(lines(1)))
    await finish(node, *await node.create(beside))
    await finish(node, await node.send(lines(1, 2), index=beside))
    await finish(node, await node.swap(node.index, beside))
    assert [await node.count(), await node.count(index=beside)] == [2, 1]
    await finish(node, await node.drop(beside))
    assert await node.settings(index=beside) is None
    with pytest.raises(IndexMissing):
        await node.count(index=beside)


async def test_a_key_that_may_not_is_said_without_the_key(meili: Meili, node: Node) -> None:
    await finish(node, await node.send(lines(1)))
    search_only = meili.key(["search"], [node.index])
    async with open_node(meili, key=search_only, index=node.index) as reader:
        assert len((await MeiliEngine(reader).search(Question())).hits) == 1
        await reader.check_version()
        for call in (reader.ensure(), reader.send(lines(2)), reader.delete(["c1_1"])):
            with pytest.raises(KeyRefused) as refused:
                await call
            assert search_only not in f"{refused.value!r} {refused.value} {refused.value.__cause__}"
    async with open_node(meili, key="of-another-house", index=node.index) as stranger:
        with pytest.raises(KeyRefused):
            await stranger.send(lines(2))


async def test_a_netrc_does_not_replace_the_key(
    meili: Meili, node: Node, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("default login me password other\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    assert (await node.stats()).documents == 0


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (status(503, "too_many_search_requests", retry_after=7), ServerBusy, "is busy"),
        (status(413, "payload_too_large"), PayloadTooLarge, "does not accept a request this large"),
        (queue_full(), StorageFull, "is out of space"),
        (status(422, "io_error"), StorageFull, "io_error"),
        (status(500, "internal"), RequestRefused, "internal"),
        (status(400, "a_code_of_tomorrow"), RequestRefused, "a_code_of_tomorrow"),
        (reset_before(), ServerUnreachable, "the connection was lost"),
        (reset_after(), ServerUnreachable, "the connection was lost"),
        (half(), ServerUnreachable, "."),
    ],
)
async def test_refused_operations_have_named_errors(
    meili: Meili, node: Node, fault: Action, error: type[ServerError], words: str
) -> None:
    meili.double.faults.add(DOCUMENTS, fault, times=1)
    with pytest.raises(error, match=words) as raised:
        await node.send(lines(1))
    if isinstance(raised.value, ServerBusy):
        assert raised.value.retry_after == 7
    # The next one goes through, whatever happened to the connection.
    await finish(node, await node.send(lines(2)))


@pytest.mark.parametrize("fault", [hang(), slow(30)])
async def test_no_call_waits_forever(meili: Meili, fault: Action) -> None:
    async with open_node(meili, seconds=0.3) as node:
        meili.double.faults.add("POST /indexes/*/search", fault)
        with pytest.raises(ServerUnreachable, match=r"it took longer than 0\.3 s"):
            await MeiliEngine(node).search(Question())


async def test_calls_of_many_tasks_go_one_after_the_other_over_few_connections(meili: Meili, node: Node) -> None:
    double = meili.double
    double.calls.clear()
    sent = await asyncio.gather(*(node.send(lines(number)) for number in range(1, 21)), node.stats(), node.tasks([1]))
    assert len({task.uid for task in sent[:20] if isinstance(task, Task)}) == 20
    assert double.calls.most_concurrent == 1
    posts = double.calls.of(DOCUMENTS)
    assert {post.content_type for post in posts} == {"application/x-ndjson"}
    assert len(double.connections) <= 1


async def test_a_server_that_is_too_old_is_refused_by_version(meili: Meili) -> None:
    meili.double.instance.version["pkgVersion"] = "1.35.1"
    async with open_node(meili) as node:
        with pytest.raises(WrongVersion, match=r"is 1\.35\.1; telekeep needs 1\.36"):
            await node.ensure()
        meili.double.instance.version["pkgVersion"] = "2.0.0-rc.1"
        assert (await node.ensure()).created


async def test_a_server_that_is_too_old_shows_by_its_settings_to_a_key_that_may_not_ask(meili: Meili) -> None:
    meili.double.instance.version["pkgVersion"] = "1.35.1"
    name = meili.fresh()
    key = meili.client().create_key({"actions": [*INDEXER], "indexes": [name], "expiresAt": None}).key
    async with open_node(meili, index=name, key=key) as node:
        assert await node.version() is None
        with pytest.raises(WrongVersion, match=r"does not know our settings; telekeep needs 1\.36"):
            await node.ensure()


@pytest.mark.parametrize(("body", "said"), [(b"<html>", "is not Meilisearch"), (b'{"x":1}', "invalid response")])
async def test_a_server_that_is_not_meilisearch_is_reported(body: bytes, said: str) -> None:
    async with answering(body) as url:
        port = urlsplit(url).port
        node = Node(f"http://name:password@127.0.0.1:{port}", None, index="x", seconds=5)
        with pytest.raises(ServerUnreachable, match=rf"at 127\.0\.0\.1:{port}.* {said}") as raised:
            await node.send(lines(1))
        assert "password" not in str(raised.value)
        await node.close()


async def test_version_is_reported(meili: Meili, node: Node) -> None:
    version = await node.version()
    assert version is not None
    assert version[0].isdigit()


async def test_typing_errors_are_forgiven_on_demand_and_what_matched_is_told(node: Node) -> None:
    texts = ["the bridge is closed", "the brigde is closed", "мостовая закрыта", "المستشفيات مغلقة", "a 12345 b"]
    documents = [Document(channel_id=1, message_id=at, date=at, text=text) for at, text in enumerate(texts, 1)]
    await finish(node, await node.send(b"".join(map(to_line, documents))))
    engine = MeiliEngine(node)

    async def ask(word: str) -> list[tuple[int, tuple[str, ...]]]:
        answer = await engine.search(Question(tree=Word(word), fuzzy=True, sort="oldest"))
        return [(hit.message_id, hit.matched) for hit in answer.hits]

    assert await ask("bridge") == [(1, ("bridge",)), (2, ("brigde",))]
    assert await ask("мотсовая") == [(3, ("мостовая",))]
    assert await ask("المستشفيان") == [(4, ("المستشفيات",))]
    assert await ask("12346") == []
    assert await ask("brid") == []  # no beginnings of words


async def test_facets_count_every_hit(node: Node) -> None:
    documents = [
        Document(channel_id=1 + at % 2, message_id=at, date=86_400 * (at // 500), media=("photo",) * (at % 3 == 0))
        for at in range(1, 1201)
    ]
    await finish(node, await node.send(b"".join(map(to_line, documents))))
    engine = MeiliEngine(node)
    assert await engine.count(Question()) == 1200
    found = await engine.facets(Question(), ["channel", "day", "month", "lang"])
    assert found == {
        "channel": [Count("1", 600), Count("2", 600)],
        "day": [Count("1970-01-01", 499), Count("1970-01-02", 500), Count("1970-01-03", 201)],
        "month": [Count("1970-01", 1200)],
        "lang": [Count("unknown", 1200)],
    }
    for names, zone in ((["media"], UTC), (["fwd"], UTC), (["channel", "day"], ZoneInfo("Asia/Baghdad"))):
        with pytest.raises(Unanswerable):
            await engine.facets(Question(), names, zone)


async def test_pages_by_date_continue_past_a_thousand_hits_unlike_by_relevance(node: Node) -> None:
    documents = [Document(channel_id=1, message_id=at, date=at // 700, text="word") for at in range(1, 2101)]
    await finish(node, await node.send(b"".join(map(to_line, documents))))
    engine = MeiliEngine(node)
    question, found = Question(tree=Word("word"), limit=700, sort="oldest"), []
    for _ in range(3):
        answer = await engine.search(question)
        found += [hit.message_id for hit in answer.hits]
        question = Question(tree=Word("word"), limit=700, sort="oldest", cursor=answer.cursor)
    assert found == list(range(1, 2101))
    assert answer.cursor is None
    first = await engine.search(Question(tree=Word("word"), limit=600, sort="relevance"))
    assert len(first.hits) == 600
    last = await engine.search(Question(tree=Word("word"), limit=400, sort="relevance", cursor=first.cursor))
    assert len({hit.message_id for hit in (*first.hits, *last.hits)}) == 1000
    assert last.cursor is not None
    with pytest.raises(SearchError, match="best 1000"):
        await engine.search(Question(tree=Word("word"), limit=600, sort="relevance", cursor=first.cursor))


async def test_several_nodes_answer_as_one(meili: Meili) -> None:
    documents = [
        Document(channel_id=at % 7, message_id=at, date=at // 3, text="word " * (at % 4), media=("photo",))
        for at in range(1, 121)
    ]
    async with open_node(meili) as one, open_node(meili) as other, open_node(meili) as all_of_it:
        nodes = {"one": one, "other": other}
        for node in (one, other, all_of_it):
            await finish(node, *(await node.ensure()).tasks)
        for name, node in nodes.items():
            own = [document for document in documents if choose_node(document.channel_id, list(nodes)) == name]
            assert 0 < len(own) < len(documents)
            await finish(node, await node.send(b"".join(map(to_line, own))))
        await finish(all_of_it, await all_of_it.send(b"".join(map(to_line, documents))))
        split, whole = MeiliEngine(one, other), MeiliEngine(all_of_it)
        for sort in ("newest", "oldest", "relevance"):
            question = Question(tree=Word("word"), sort=sort, limit=13)
            found, wanted = await all_pages(split, question), await all_pages(whole, question)
            assert len(found) == 90
            assert (set(found) == set(wanted)) if sort == "relevance" else (found == wanted)
        assert await split.count(Question(tree=Word("word"))) == 90
        assert await split.facets(Question(), ["channel"]) == await whole.facets(Question(), ["channel"])


@given(st.sets(st.text(min_size=1), min_size=1, max_size=6), st.text(min_size=1), st.integers(1, 2**40))
def test_a_node_that_is_added_moves_only_what_it_takes(nodes: set[str], added: str, channel_id: int) -> None:
    before = choose_node(channel_id, sorted(nodes))
    assert before in nodes
    assert choose_node(channel_id, [*sorted(nodes, reverse=True), added]) in {before, added}


async def test_a_server_that_always_sends_the_same_is_reported_instead_of_asked_on() -> None:
    hits = [{"channel_id": 1, "message_id": at, "date": at} for at in (1, 2)]
    ids = [{"id": document_id(1, at)} for at in range(1, 10_001)]
    body = orjson.dumps({"hits": hits, "results": ids, "total": len(ids)})
    async with answering(body) as url:
        node = Node(url, None, index="x", seconds=5)
        with pytest.raises(ServerUnreachable, match="invalid response"):
            await node.list_ids_after(1, 0)
        question = Question(tree=Word("word"), limit=1, sort="oldest")
        with pytest.raises(ServerUnreachable, match="invalid response"):
            await all_pages(MeiliEngine(node), question)
        await node.close()
