"""What is said to be complete, or not to be there, is said only of what is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.acceptance.desk import Desk, Telegram, desk_at


@pytest.fixture
def telegram(tmp_path: Path) -> Iterator[Telegram]:
    with Telegram(tmp_path, "--world", "big:2400") as telegram:
        yield telegram


@pytest.fixture
def desk(telegram: Telegram, tmp_path: Path) -> Desk:
    desk = desk_at(telegram, tmp_path / "home")
    desk.log_in()
    return desk


def manifest(desk: Desk, name: str = "out") -> dict[str, object]:
    told: dict[str, object] = orjson.loads((desk.home / name / "manifest.json").read_bytes())
    return told


def test_a_channel_that_was_never_read_is_neither_complete_nor_searched(desk: Desk) -> None:
    desk.do("add", "@big")
    exported = desk.run("export", "@big", "-o", "out/")
    told = manifest(desk)
    assert told["complete"] is False
    assert told["incomplete"] == [{"channel": "big", "reasons": ["never fetched"]}]
    assert "big is not known to be complete in this range (never fetched" in exported.err
    found = desk.run("search", "anything")
    assert (found.status, found.out) == (1, "")
    assert "nothing found in the 0 archived messages of 1 channel" in found.err
    assert "! big was never fetched (telekeep sync big)" in found.err
    counted = desk.run("search", "anything", "--count", "--json")
    [incomplete] = orjson.loads(counted.out)["incomplete"]
    assert (incomplete["channel"], incomplete["reasons"]) == ("big", ["never fetched"])


def test_every_output_format_names_what_is_not_fetched_yet(desk: Desk, telegram: Telegram) -> None:
    desk.do("add", "@big")
    telegram.order("fault", spec="messages.getHistory:rpc(501,NOT_NOW)+5")
    desk.run("sync")
    for arguments in ([], ["--count"], ["--facet", "month"], ["--jsonl"], ["-n", "1"]):
        answer = desk.run("search", "zzz", *arguments)
        assert re.search(r"! big is \d+ % fetched: results before .* are incomplete \(telekeep sync big\)", answer.err)
    facets = orjson.loads(desk.run("search", "message", "--facet", "month", "--json").out)
    assert facets["incomplete"][0]["not_fetched"] > 1_000
    newest = desk.query("SELECT max(date) FROM message")[0][0]
    inside = desk.run("search", "zzz", "--since", f"@{newest}")
    assert "!" not in inside.err
    oldest = desk.query("SELECT min(date) FROM message")[0][0]
    before = desk.run("search", "zzz", "--until", f"@{oldest - 1}")
    assert " % fetched: results before " in before.err
    desk.run("export", "-o", "out/")
    assert manifest(desk)["complete"] is False
    desk.do("export", "--since", f"@{newest}", "-o", "new/")
    assert manifest(desk, "new")["complete"] is True
    telegram.calm()
    desk.do("sync")
    assert "!" not in desk.run("search", "zzz").err
    desk.do("export", "-o", "whole/")
    assert manifest(desk, "whole")["complete"] is True


def test_a_differing_count_is_neither_up_to_date_nor_complete(desk: Desk, telegram: Telegram) -> None:
    desk.do("add", "@big")
    telegram.order("set", channel="big", miscount=2)
    synced = desk.run("sync")
    assert synced.status == 3
    assert "up to date" not in synced.err
    assert "big: not known to be complete: the server counts 2 more messages than it shows" in synced.err
    desk.run("export", "-o", "out/")
    assert manifest(desk)["incomplete"] == [
        {"channel": "big", "reasons": ["the server counts 2 more messages than are archived"]}
    ]
    telegram.order("set", channel="big", miscount=0)
    assert "big: up to date (0 new" in desk.do("sync").err
    desk.do("export", "-o", "after/")
    assert manifest(desk, "after")["complete"] is True


def test_an_empty_channel_is_empty_and_not_unread(desk: Desk, telegram: Telegram) -> None:
    telegram.order("make", title="Void", username="void_channel")
    telegram.order("delete", channel="void_channel", ids=[1])
    desk.do("add", "@void_channel")
    assert "is fetched yet" in desk.run("gaps", "void_channel").err
    desk.do("sync")
    gaps = desk.run("gaps", "void_channel", "--json")
    assert (gaps.status, orjson.loads(gaps.out)) == (1, [])
    assert "void_channel is empty: it had no messages on " in gaps.err
    nothing = desk.run("search", "anything")
    assert nothing.err.startswith("nothing found in 0 messages of 1 channel, as of 20")
    assert "!" not in nothing.err
    desk.do("export", "-o", "out/")
    assert manifest(desk)["complete"] is True
