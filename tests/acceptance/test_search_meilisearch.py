"""`telekeep search` with Meilisearch: which engine answers, what it says of it, and what happens when it is gone."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest

from archiver.model.document import to_document
from archiver.model.record import Message
from search.meili.document import to_line
from tests.acceptance import warm
from tests.acceptance.reading import clean_environment
from tests.contract.desks import Place, finish, place
from tests.sample import build, connect, index, make_message

Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]
FORCED = ("--engine", "meilisearch")
TEXTS = (
    "bridge closed tonight",
    "the bridge is open",
    "мост закрыт",
    "الجسر مغلق الليلة",
    "国际法院",
    "long long road home",
)


@dataclass
class Shop:
    """An archive with its index, and the command over both."""

    directory: Path
    where: Place

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        meilisearch = {"TELEKEEP_MEILISEARCH__URL": self.where.url, "TELEKEEP_MEILISEARCH__INDEX": self.where.index}
        if self.where.key:
            meilisearch["TELEKEEP_MEILISEARCH__API_KEY"] = self.where.key
        return warm.run("search", *arguments, env=clean_environment(self.directory) | meilisearch | environment)

    def ids(self, *arguments: str) -> list[int]:
        done = self.run(*arguments, "--jsonl")
        assert done.returncode in {0, 1}, done.stderr
        return [orjson.loads(line)["message_id"] for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    directory = tmp_path_factory.mktemp("archive")
    messages = [make_message(number, text) for number, text in enumerate(TEXTS, 1)]
    build(directory, messages, covered=[(1, 6)])
    index(directory, messages)
    with place() as where:
        # One that the archive does not have: another archiver's, or one that was lost here.
        asyncio.run(fill(where, [*messages, make_message(7, "bridge of another archive")]))
        yield Shop(directory, where)


async def fill(where: Place, messages: list[Message]) -> None:
    node = where.node()
    try:
        await finish(node, *(await node.ensure()).tasks)
        if messages:
            lines = [to_line(to_document(one)) for one in messages]
            await finish(node, await node.send(b"".join(lines)))
    finally:
        await node.close()


def test_meilisearch_answers_what_it_is_asked_for_and_the_archive_gives_the_rows(shop: Shop) -> None:
    found = shop.run("bridge", "--jsonl", *FORCED)
    assert found.returncode == 0, found.stderr
    lines: list[dict[str, Any]] = [orjson.loads(line) for line in found.stdout.splitlines()]
    assert [line["text"] for line in lines] == [TEXTS[1], TEXTS[0]]
    assert "engine=meilisearch exact=no lag=0 dropped=1" in found.stderr
    assert shop.ids("bridge", "--engine", "exact") == [2, 1]
    assert shop.ids("bridge -closed", *FORCED) == [2]
    assert shop.ids("الجسر مغلق", *FORCED) == [4]
    assert "engine=meilisearch exact=no lag=0" in shop.run("закрыт", *FORCED).stderr
    counted = shop.run("закрыт", "--count", *FORCED)
    assert (counted.stdout, counted.returncode) == ("1\n", 0)


@pytest.mark.parametrize(
    ("query", "wanted"), [("closed OR open", [2, 1]), ("clos*", [1]), ("bridge -(closed tonight)", [2])]
)
def test_what_meilisearch_cannot_answer_is_refused_where_it_is_asked_for(
    shop: Shop, query: str, wanted: list[int]
) -> None:
    assert shop.ids(query) == wanted
    assert "engine=exact exact=yes" in shop.run(query).stderr
    forced = shop.run(query, *FORCED)
    assert forced.returncode == 2
    assert "Meilisearch" in forced.stderr
    assert "Traceback" not in forced.stderr


def test_words_are_found_as_they_are_written_and_phrases_in_their_order(shop: Shop) -> None:
    assert shop.ids('"long long road"', *FORCED) == [6]
    assert shop.ids("国际法院", *FORCED) == [5]
    empty = shop.run("bridges", *FORCED)
    assert (empty.returncode, empty.stdout) == (1, "")
    assert "nothing found by Meilisearch, but 2 by the embedded engine: omit --engine meilisearch" in empty.stderr
    assert shop.ids("bridges") == [2, 1]
    assert shop.ids("clos*", "--fuzzy") == [1]
    assert shop.ids("bridges", "--fuzzy") == [2, 1]


def test_an_emptied_index_is_never_taken_for_the_whole_archive(shop: Shop) -> None:
    """Not even if nothing waits to be sent: the server's settings and answers look as always."""
    with place() as where:
        asyncio.run(fill(where, []))
        emptied = Shop(shop.directory, where)
        assert emptied.ids("bridge") == [2, 1]
        found = emptied.run("bridge", *FORCED)
        assert (found.returncode, found.stdout) == (1, "")
        assert "lacking=6" in found.stderr
        assert "does not have all messages" in found.stderr
        assert emptied.ids("bridge", "--fuzzy") == [2, 1]
        assert "lacking=6" in emptied.run("bridge", "--fuzzy").stderr


def test_typing_errors_are_forgiven_only_on_demand(shop: Shop) -> None:
    assert shop.ids("brigde closed") == []
    assert shop.ids("brigde closed", "--fuzzy") == [1]
    assert "engine=meilisearch exact=no" in shop.run("brigde", "--fuzzy").stderr
    refused = shop.run("brigde", "--fuzzy", "--engine", "exact")
    assert refused.returncode == 2
    assert "--fuzzy needs Meilisearch" in refused.stderr


def test_an_unreachable_server_is_named_once_and_the_embedded_engine_answers(shop: Shop) -> None:
    found = shop.run("bridge", *FORCED, TELEKEEP_MEILISEARCH__URL="http://127.0.0.1:9")
    assert found.returncode == 0
    assert found.stdout.count("bridge") == 2
    assert found.stderr.count("127.0.0.1:9 did not answer: the connection was refused") == 1
    assert "engine=exact exact=yes" in found.stderr


def test_a_server_is_not_asked_unless_it_is_asked_for(shop: Shop) -> None:
    found = shop.run("bridge", TELEKEEP_MEILISEARCH__URL="http://127.0.0.1:9")
    assert found.stdout.count("bridge") == 2
    assert "127.0.0.1:9" not in found.stderr
    assert "engine=exact exact=yes" in found.stderr


def test_a_refused_key_is_named_and_never_shown(shop: Shop) -> None:
    found = shop.run("bridge", *FORCED, TELEKEEP_MEILISEARCH__API_KEY="not-the-key-at-all")
    assert found.returncode == 0
    assert "rejects the key" in found.stderr
    assert "not-the-key-at-all" not in found.stderr + found.stdout


def test_an_index_that_lags_says_so_with_its_answer(shop: Shop, tmp_path: Path) -> None:
    behind = Shop(tmp_path, shop.where)
    messages = [make_message(number, text) for number, text in enumerate(TEXTS, 1)]
    build(
        tmp_path,
        messages,
        covered=[(1, 6)],
        sql=["INSERT INTO outbox (channel_id, message_id, enqueued_at) VALUES (1001, 1, 0)"],
    )
    index(tmp_path, messages)
    assert "engine=exact exact=yes" in behind.run("закрыт").stderr
    assert "engine=meilisearch exact=no lag=1" in behind.run("закрыт", *FORCED).stderr


def test_an_index_that_is_not_there_or_of_another_version_is_not_asked(shop: Shop) -> None:
    found = shop.run("bridge", *FORCED, TELEKEEP_MEILISEARCH__INDEX="nothing-there")
    assert "has no such index" in found.stderr
    assert "engine=exact exact=yes" in found.stderr
    with closing(connect(shop.directory)) as conn:
        assert conn.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
