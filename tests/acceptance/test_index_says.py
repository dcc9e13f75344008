"""What is said of an index: by `status` of a server that is down, by `search` of who answers and why, by `index verify`
of the nodes that live. On the double of Meilisearch.
"""

from __future__ import annotations

import os
import re
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import orjson
import pytest

from archiver.cli.view.moments import Moments
from search.meili.routing import node_name
from tests.acceptance.desk import Done
from tests.acceptance.test_index import ALL, Shop, shop
from tests.acceptance.test_index_nodes import Shop as Nodes
from tests.acceptance.test_index_nodes import meilis
from tests.acceptance.test_index_nodes import shop as nodes
from tests.doubles.meilisearch import faults
from tests.doubles.meilisearch.fixtures import Meili, meili

__all__ = ["meili", "meilis", "nodes", "shop"]


def index_line(done: Done) -> str:
    (line,) = [line for line in done.err.splitlines() if line.startswith("index ")]
    return line


def people(stamp: str) -> str:
    """The time as people read it."""
    return Moments().at(datetime.fromisoformat(stamp).timestamp())


# status


def test_status_reports_when_a_down_server_was_last_reached(shop: Shop, meili: Meili) -> None:
    shop.desk.do("index", "rebuild")
    line = index_line(shop.desk.do("status"))
    assert line.startswith(f"index {shop.name}: following; last success ")
    success = orjson.loads(shop.desk.do("status", "--json").out)["index"]["last_success_at"]
    meili.double.refuse()
    line = index_line(shop.desk.do("status"))
    assert line.startswith(f"index {shop.name}: not reachable now; last reached {people(success)}: Meilisearch at ")
    assert "following" not in line
    found = orjson.loads(shop.desk.do("status", "--json").out)["index"]
    assert (found["reached"], found["nodes"][0]["reached"], found["last_success_at"]) == (False, False, success)
    assert (found["state"], "did not answer" in found["reason"]) == ("unreachable", True)
    shown = shop.desk.run("index", "status")
    assert (shown.status, "following" in shown.out, len(shown.errors)) == (0, False, 1)
    assert f"state\tunreachable\nreason\t{found['reason']}\nreached\tno\n" in shown.out
    asked = orjson.loads(shop.desk.run("index", "status", "--json").out)
    assert (asked["state"], asked["reached"], asked["last_success_at"]) == ("unreachable", False, success)
    meili.double.listen()
    assert ": following; " in index_line(shop.desk.do("status"))
    assert orjson.loads(shop.desk.do("status", "--json").out)["index"]["reached"] is True


def test_status_of_an_index_that_was_never_filled_says_whether_its_server_is_there(shop: Shop, meili: Meili) -> None:
    assert ": not filled yet" in index_line(shop.desk.do("status"))
    meili.double.refuse()
    line = index_line(shop.desk.do("status"))
    assert ": not reachable now: Meilisearch at " in line
    assert "last reached" not in line


def test_an_index_that_was_never_made_is_not_called_unreachable_once_its_server_answers(
    shop: Shop, meili: Meili
) -> None:
    values = f"'{node_name(meili.url)}', '{shop.name}', 'unreachable', 1, 'it did not answer'"
    shop.write(f"INSERT OR REPLACE INTO index_node (node, index_name, state, since, reason) VALUES ({values})")  # noqa: S608
    found = orjson.loads(shop.desk.do("index", "status", "--json").out)
    assert [found[name] for name in ("state", "reason", "since", "reached")] == ["unused", None, None, True]
    assert index_line(shop.desk.do("status")).endswith(": not filled yet")
    meili.double.refuse()
    assert "not filled yet" not in index_line(shop.desk.do("status"))


def test_status_and_search_ask_a_hung_server_once(shop: Shop, meili: Meili) -> None:
    """Each question is given up after a second or two; what counts is how many are asked one after the other."""
    shop.desk.do("index", "rebuild")
    meili.double.faults.add("*", faults.hang())
    asked = [len(meili.double.instance.calls.of())]
    assert ": not reachable now; last reached " in index_line(shop.desk.do("status"))
    asked.append(len(meili.double.instance.calls.of()))
    assert "reached\tno\n" in shop.desk.run("index", "status").out
    asked.append(len(meili.double.instance.calls.of()))
    assert "the embedded engine answers instead" in shop.desk.do("search", "bridge", "--fuzzy").err
    asked.append(len(meili.double.instance.calls.of()))
    *of_status, of_search = [after - before for before, after in pairwise(asked)]
    assert (of_status, of_search <= 2) == ([1, 1], True)  # a search asks something else meanwhile


def test_a_hung_server_is_asked_once_a_minute_by_whatever_process(shop: Shop, meili: Meili) -> None:
    shop.desk.do("index", "rebuild")
    meili.double.faults.add("*", faults.hang())
    assert "it took longer than 1 s." in shop.desk.do("search", "bridge", "--fuzzy").err
    before = len(meili.double.instance.calls.of())
    for options in (["--fuzzy"], ["--engine", "meilisearch"], ["--fuzzy", "--count"]):
        said = shop.desk.do("search", "bridge", *options).err
        assert re.search(r"did not answer \d+ s ago: it is asked again after a minute; the embedded engine", said)
    assert len(meili.double.instance.calls.of()) == before
    assert ": not reachable now" in index_line(shop.desk.do("status"))
    assert len(meili.double.instance.calls.of()) > before
    (note,) = shop.desk.home.rglob("hung-servers/*")
    assert note.parent.stat().st_mode & 0o077 == 0
    os.utime(note, (time.time() - 61,) * 2)
    meili.double.faults.clear()
    meili.double.faults.add("*", faults.hang(), skip=1)
    noted = note.stat().st_mtime
    assert "it took longer than 1 s" in shop.desk.do("search", "bridge", "--fuzzy").err  # at the second call
    assert note.stat().st_mtime > noted
    meili.double.faults.clear()
    os.utime(note, (time.time() - 61,) * 2)
    assert "engine=meilisearch" in shop.desk.do("search", "bridge", "--fuzzy").err
    assert not note.exists()


def test_status_distinguishes_a_rejected_key_from_a_down_server(shop: Shop) -> None:
    shop.desk.do("index", "rebuild")
    shop.desk.environment["TELEKEEP_MEILISEARCH__API_KEY"] = "another key of somebody"
    line = index_line(shop.desk.do("status"))
    assert "it refuses the request now; last success " in line
    assert "rejects the key" in line
    assert "another key" not in line
    found = orjson.loads(shop.desk.do("status", "--json").out)["index"]
    assert (found["reached"], found["state"], found["states"]) == (True, "refused", {"refused": 1})
    shop.write("UPDATE index_node SET state = 'busy', reason = 'a long task.', since = 1700000000")
    assert "it refuses the request now" in index_line(shop.desk.do("status"))


def test_status_reports_a_deleted_index(shop: Shop, meili: Meili) -> None:
    shop.desk.do("index", "rebuild")
    meili.wait(meili.client().delete_index(shop.name))
    line = index_line(shop.desk.do("status"))
    assert ": it answers with an error; last success " in line
    assert "has no such index" in line
    for command in (("status",), ("index", "status")):
        told = orjson.loads(shop.desk.run(*command, "--json").out)
        assert (found := told.get("index", told))["state"] == "failing"
        assert found["reached"] is True


def test_status_counts_what_an_emptied_index_lost(shop: Shop, meili: Meili) -> None:
    shop.desk.do("index", "rebuild")
    assert orjson.loads(shop.desk.do("status", "--json").out)["index"]["lacking"] == 0
    meili.wait(meili.client().index(shop.name).delete_documents(filter="message_id < 11"))
    assert "; 15 messages missing in it (`telekeep index verify` sends them again); " in index_line(
        shop.desk.do("status")
    )
    asked = orjson.loads(shop.desk.run("index", "status", "--json").out)
    assert (asked["lacking"], asked["documents"], asked["state"]) == (15, len(ALL) - 15, "following")
    surplus = [{"id": f"c1001_{at}", "channel_id": 1001, "message_id": at, "date": 1} for at in range(101, 116)]
    meili.wait(meili.client().index(shop.name).add_documents(surplus))
    assert "lacking=5" in shop.desk.run("search", "bridge", "--engine", "meilisearch", "-n", "1").err, "of the other"
    asked = orjson.loads(shop.desk.run("index", "status", "--json").out)
    assert (asked["documents"], asked["lacking"], asked["compared"]) == (len(ALL), 15, "channels, days")
    meili.double.refuse()
    assert orjson.loads(shop.desk.do("status", "--json").out)["index"]["nodes"][0]["lacking"] is None


def test_another_index_name_is_not_filled_yet(shop: Shop) -> None:
    shop.desk.do("index", "rebuild")
    shop.desk.environment["TELEKEEP_MEILISEARCH__INDEX"] = f"{shop.name}-another"
    assert ": not filled yet" in index_line(shop.desk.do("status"))
    found = shop.desk.do("search", "bridge", "--fuzzy", "-n", "0")
    assert "engine=exact exact=yes" in found.err
    assert len(found.out.splitlines()) == 40
    shop.desk.do("index", "rebuild")
    assert "following" in index_line(shop.desk.do("status"))


def test_status_reports_that_a_server_answers_again(shop: Shop, meili: Meili) -> None:
    shop.desk.do("index", "rebuild")
    shop.write("UPDATE index_node SET state = 'unreachable', reason = 'it did not answer.', since = 1700000000")
    assert ", answers again" in index_line(shop.desk.do("status"))
    meili.double.refuse()
    assert "answers again" not in index_line(shop.desk.do("status"))


# search


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (("bridge OR road",), "by OR"),
        (("brid*",), "add --fuzzy"),
        (("from:jane",), "cannot filter by 'from:'"),
        (("bridge", "--facet", "media"), "cannot count by 'media'"),
        (("bridge", "--facet", "day", "--tz", "Asia/Baghdad"), "UTC days only"),
        (("bridge OR road", "--count"), "by OR"),
    ],
)
def test_a_question_that_meilisearch_cannot_answer_is_refused_with_the_reason(
    shop: Shop, query: tuple[str, ...], why: str
) -> None:
    shop.desk.do("index", "rebuild")
    refused = shop.desk.run("search", *query, "--engine", "meilisearch")
    assert (refused.status, why in refused.err) == (2, True), refused
    assert "engine=exact exact=yes" in shop.desk.run("search", *query).err


def test_an_answer_says_how_many_messages_the_index_lacks(shop: Shop) -> None:
    forced = ("--engine", "meilisearch")
    shop.desk.do("index", "rebuild")
    assert "engine=meilisearch exact=no lag=0" in shop.desk.do("search", "bridge", *forced).err
    for lag in (1, 2):
        shop.write(f"INSERT INTO outbox (channel_id, message_id, enqueued_at) VALUES (1001, {lag}, 0)")  # noqa: S608
        assert f"engine=meilisearch exact=no lag={lag}" in shop.desk.do("search", "bridge", *forced).err
        assert "engine=exact exact=yes" in shop.desk.do("search", "bridge").err


@pytest.mark.parametrize("more", [(), ("-q",), ("--count",), ("--jsonl",), ("--facet", "channel")])
@pytest.mark.parametrize("query", ["bridge", "nosuchword"])
def test_fuzzy_without_a_server_is_one_consistent_line(
    shop: Shop, meili: Meili, query: str, more: tuple[str, ...]
) -> None:
    shop.desk.do("index", "rebuild")
    meili.double.refuse()
    done = shop.desk.run("search", query, "--fuzzy", *more)
    assert done.status == (0 if query == "bridge" else 1)
    said = [line for line in done.err.splitlines() if "engine" in line or "Meilisearch" in line]
    assert len(said) == 1, done
    assert "did not answer" in said[0]
    assert "the embedded engine answers instead, without tolerating typos" in said[0]
    assert "exact=no" not in said[0]


TEXTS = (
    "the bridge is closed",
    "bridges are closed",
    "bridge",
    "long road, and at its end, after many a mile, there is a bridge",
    "the brodge is closed",
    "brdge",
    "bridhe brigde bridgx",
    "a brigde, and the brodge",
)
EXACT, GUESSED = {1, 3, 4}, {2, 5, 6, 7, 8}
"""Messages with the word; messages with words that are one typing error away, most of them newer."""


@pytest.fixture
def written(meili: Meili, tmp_path: Path) -> Shop:
    """An index of messages with and without typing errors."""
    made = Shop(meili, tmp_path / "home", TEXTS)
    made.desk.do("index", "rebuild")
    return made


def found_by(shop: Shop, *arguments: str) -> list[int]:
    return [row["message_id"] for row in shop.desk.run("search", *arguments, "--jsonl").rows]


def test_fuzzy_puts_exact_words_before_guesses(written: Shop) -> None:
    found = found_by(written, "bridge", "--fuzzy")
    assert set(found[:3]) == EXACT
    assert found[3] == 2  # its plural
    assert set(found[3:]) == GUESSED
    assert set(found_by(written, "bridges", "--fuzzy")[:4]) == EXACT | {2}
    assert found_by(written, "bridge", "--fuzzy", "-n", "3") == found[:3]
    cursor = written.desk.do("search", "bridge", "--fuzzy", "-n", "3").err.partition("--after ")[2].split()[0]
    assert found_by(written, "bridge", "--fuzzy", "--after", cursor) == found[3:]
    assert found_by(written, "bridge", "--fuzzy", "--sort", "newest") == sorted(EXACT | GUESSED, reverse=True)
    # Of two words the one that is misspelled is guessed, the other one is not.
    found = found_by(written, "bridge closed", "--fuzzy")
    assert (found[0], set(found[1:])) == (1, {2, 5})


def test_fuzzy_puts_exact_words_first_where_the_embedded_engine_answers(written: Shop, meili: Meili) -> None:
    meili.double.refuse()
    found = found_by(written, "bridge", "--fuzzy")
    assert set(found) == {*EXACT, 2}  # in any of its forms
    assert found == found_by(written, "bridge", "--engine", "exact", "--sort", "relevance")


# verify


def test_verify_covers_reachable_nodes_and_counts_resent_messages(nodes: Nodes) -> None:
    away, *living = nodes.meilis
    lost = nodes.channels_of(living[0])[0]
    client = living[0].client()
    living[0].wait(client.index("messages").delete_documents(filter=f"channel_id = {lost} AND message_id 1 TO 3"))
    away.double.refuse()
    checked = nodes.desk.run("index", "verify", "--check", "--json")
    rows = orjson.loads(checked.out)
    assert {row["node"] for row in rows} == {node_name(one.url) for one in living}
    assert {row["channel_id"]: row["lacking"] for row in rows if row["lacking"]} == {lost: 3}
    assert checked.status == 1
    assert len(checked.errors) == 1
    assert f"Meilisearch at {node_name(away.url)} did not answer" in checked.errors[0]
    assert "its documents were not compared" in checked.errors[0]
    done = nodes.desk.run("index", "verify")
    assert done.status == 3
    assert "3 lacking messages are sent again, 0 surplus ones were deleted." in done.err
    done = nodes.desk.run("index", "verify", "--check", "--json")
    assert (done.status, sum(row["lacking"] for row in orjson.loads(done.out))) == (3, 0)
    away.double.listen()
    assert nodes.desk.run("index", "verify", "--check").status == 0


def test_sync_counts_lost_messages_that_are_resent(shop: Shop, meili: Meili, tmp_path: Path) -> None:
    shop.desk.do("index", "rebuild")
    meili.wait(meili.client().index(shop.name).delete_documents(filter="message_id 1 TO 4"))
    done = shop.desk.do("index", "verify")
    assert "8 lacking messages are sent again, 0 surplus ones were deleted." in done.err
    assert "index: up to date (8 sent" in done.err
    assert shop.ids() == ALL
