"""What was mirrored equals what is true, id by id and text by text, whatever happened on the way."""

from __future__ import annotations

import random
import time

import pytest

from tests.acceptance.compare import expect_equal, told, true
from tests.acceptance.desk import Desk, Telegram, desk_at
from tests.acceptance.world import STEADY

_EACH_ONCE = (
    "delay(0.1)+3x4",
    "drop()+9x1",
    "dup()+12x4",
    "half(600)+18x1",
    "rpc(500,RPC_CALL_FAIL)+24x1",
    "flood(1)+30x1",
)
_NOW_AND_THEN = ("drop()%0.02", "half(600)%0.02", "delay(0.02)%0.2", "dup()%0.1", "rpc(500,RPC_CALL_FAIL)%0.02")


def faults(actions: tuple[str, ...]) -> str:
    return ";".join(f"messages.getHistory:{action}" for action in actions)


def test_every_kind_of_message_is_exported_as_it_is(filled: Desk, telegram: Telegram) -> None:
    expect_equal(filled, telegram, *STEADY)
    truth = telegram.truth("everything")
    assert len({row["media"] for row in truth if row.get("media")}) == 23
    assert len({row["action"] for row in truth if row.get("action")}) == 12
    assert {row["state"] for row in filled.do("gaps", "everything", "--jsonl").rows} == {"absent"}
    assert telegram.order("calls")["forbidden"] == []


def test_unreadable_objects_are_kept_and_marked(filled: Desk, telegram: Telegram) -> None:
    rows = {row["message_id"]: row for row in filled.export("newer_desk")}
    unreadable = {number for number, row in rows.items() if row["action"] and row["action"]["type"] == "unreadable"}
    assert unreadable == {3, 4, 8}
    [channel] = {row["channel_id"] for row in rows.values()}
    expected = true(telegram.truth("newer_desk"))
    assert {(channel, number) for number in rows} == expected.keys()
    readable = {key: row for key, row in told(rows.values()).items() if key[1] not in unreadable}
    assert readable == {key: row for key, row in expected.items() if key[1] not in unreadable}


def test_verify_reads_every_payload(filled: Desk) -> None:
    [(count,)] = filled.query("SELECT count(*) FROM message")
    assert filled.do("verify").out == f"{count} payloads\tok\n"


def test_search_agrees_with_the_true_contents(filled: Desk, telegram: Telegram) -> None:
    truth = [row for row in telegram.truth("everything") if "deleted" not in row]

    def found(*query: str) -> set[int]:
        rows = filled.do("search", *query, "-c", "everything", "-n", "0", "--jsonl").rows
        return {row["message_id"] for row in rows}

    def stands(word: str) -> set[int]:
        return {row["id"] for row in truth if word in row["text"].lower().split()}

    assert found("elsewhere") == stands("elsewhere") != set()
    assert found("has:poll") == {row["id"] for row in truth if row["media"] == "poll"}
    assert found('"answer" OR "quote"') == stands("answer") | stands("quote")
    assert found("answer OR quote") >= stands("answer") | stands("quote")  # other forms, too
    assert found("wording -first") == stands("wording")
    assert filled.run("search", "doomed").status == 1


def kill_at_random_moments(desk: Desk, chance: random.Random, *, times: int, longest: float) -> int:
    """Start the sync again and again and kill it somewhere; how often it was still running is returned."""
    hits = 0
    for _ in range(times):
        process = desk.start("sync")
        # The moment is the experiment: it waits for nothing.
        time.sleep(chance.uniform(0.02, longest))
        hits += desk.kill(process)
    return hits


def time_of(desk: Desk) -> float:
    began = time.monotonic()
    desk.do("sync")
    return time.monotonic() - began


def test_ten_kills_lose_nothing_and_double_nothing(desk: Desk, telegram: Telegram) -> None:
    telegram.order("net", rtt=0.02)
    desk.do("add", "big", "atlas_desk")
    assert kill_at_random_moments(desk, random.Random(20), times=10, longest=0.8) > 0
    desk.do("sync")
    expect_equal(desk, telegram, "big", "atlas_desk")


def test_kills_amid_dropped_truncated_delayed_and_refused_answers_lose_nothing(desk: Desk, telegram: Telegram) -> None:
    desk.do("add", "big")
    telegram.order("fault", spec=faults(_EACH_ONCE))
    hits = kill_at_random_moments(desk, random.Random(21), times=3, longest=1.0)
    assert hits > 0
    done = desk.run("sync")
    assert done.status == 0, done
    # A process that is killed between reading an order to wait and writing it down cannot hand it on.
    assert len(telegram.order("calls")["violations"]) <= hits
    expect_equal(desk, telegram, "big")


def test_kills_while_catching_up_lose_nothing(filled: Desk, telegram: Telegram) -> None:
    for number in range(2, 100):
        telegram.order("edit", channel="slow_desk", id=number, text=f"slow {number}, corrected")
    telegram.order("net", rtt=0.02)
    telegram.order("delete", channel="slow_desk", ids=[40, 41])
    assert kill_at_random_moments(filled, random.Random(22), times=3, longest=0.8) > 0
    filled.do("sync", "slow_desk")
    expect_equal(filled, telegram, "slow_desk")
    # Nobody has seen the new wording of the two that went meanwhile.
    assert filled.query("SELECT count(*), max(revision) FROM revision") == [(96, 1)]


@pytest.mark.soak(only="minutes long: 50,000 messages")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("actions", [(), _NOW_AND_THEN], ids=["kills", "kills and faults"])
def test_fifty_thousand_messages_survive_ten_kills(
    tmp_path_factory: pytest.TempPathFactory, actions: tuple[str, ...]
) -> None:
    with Telegram(tmp_path_factory.mktemp("soak"), "--world", "big:50000") as server:
        plain = desk_at(server, tmp_path_factory.mktemp("plain") / "desk")
        plain.log_in()
        plain.do("add", "big")
        whole = time_of(plain)
        expect_equal(plain, server, "big")
        killed = desk_at(server, tmp_path_factory.mktemp("killed") / "desk", plain.archive / "session")
        killed.do("add", "big")
        server.order("fault", spec=faults(actions))
        assert kill_at_random_moments(killed, random.Random(23), times=10, longest=whole / 3) > 0
        assert killed.run("sync", limit=600).status == 0
        expect_equal(killed, server, "big")
