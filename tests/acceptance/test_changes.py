"""What is edited, deleted and posted between two runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.compare import told, true
from tests.acceptance.desk import Desk, Telegram


def by_id(desk: Desk, name: str) -> dict[int, dict[str, Any]]:
    return {row["message_id"]: row for row in desk.export(name)}


def test_rows_show_what_changed_and_keep_earlier_content(filled: Desk, telegram: Telegram) -> None:
    before = by_id(filled, "quiet_c")
    new = telegram.post("quiet_c", "the bridge is open", media="photo")
    telegram.order("edit", channel="quiet_c", id=3, text="report 2 of the lighthouse")
    telegram.order("edit", channel="quiet_c", id=3, text="report 2 of the lighthouse keeper")
    telegram.order("delete", channel="quiet_c", ids=[8, 9])
    telegram.order("pin", channel="quiet_c", id=12)
    unseen = telegram.post("quiet_c", "seen by nobody")
    telegram.order("delete", channel="quiet_c", ids=[unseen])
    telegram.order("title", channel="quiet_c", title="The quiet harbour")
    done = filled.do("sync", "quiet_c")
    assert "up to date" in done.err
    after = by_id(filled, "quiet_c")
    assert told(after.values()) == true(telegram.truth("quiet_c"))
    assert after[new]["origin"] == "update"
    assert (after[3]["text"], after[3]["revisions"]) == ("report 2 of the lighthouse keeper", 1)
    assert after[3]["first_seen"] == before[3]["first_seen"]
    for gone in (8, 9):
        assert after[gone]["missing_since"] >= after[gone]["last_seen"]
        kept = ("text", "date", "payload_sha256", "entities", "views", "revisions")
        assert [after[gone][key] for key in kept] == [before[gone][key] for key in kept]
    assert unseen not in after
    same = [number for number in before if number not in {3, 8, 9, 12}]
    assert [after[number]["payload_sha256"] for number in same] == [before[number]["payload_sha256"] for number in same]
    gaps = {(row["first_id"], row["last_id"]): row for row in filled.do("gaps", "quiet_c", "--jsonl").rows}
    assert (gaps[8, 9]["state"], gaps[8, 9]["how"]) == ("missing", "update")
    assert (gaps[unseen, unseen]["state"], gaps[5, 6]["state"]) == ("absent", "absent")
    # Found is what stands there now; what was deleted is found and says so.
    assert filled.do("search", "lighthouse", "--count").out == "1\n"
    assert filled.run("search", '"report 2 of the harbour"', "-c", "quiet_c").status == 1
    found = filled.do("search", '"report 7 of the harbour"', "-c", "quiet_c", "--jsonl").rows
    assert found == [after[8]]
    assert filled.do("verify").out.endswith("\tok\n")


def test_counters_move_without_a_revision(filled: Desk, telegram: Telegram) -> None:
    telegram.order("view", channel="quiet_d", id=10, views=9_000)
    telegram.order("react", channel="quiet_d", id=10, counts={"👍": 7})
    telegram.post("quiet_d", "nobody will tell of this")
    telegram.order("forget", channel="quiet_d")
    filled.do("sync", "quiet_d")
    row = by_id(filled, "quiet_d")[10]
    assert (row["views"], row["reactions"], row["revisions"]) == (9_000, [{"reaction": "👍", "count": 7}], 0)
    assert told(filled.export("quiet_d")) == true(telegram.truth("quiet_d"))


@pytest.mark.parametrize("way", ["too many", "forgotten"])
def test_changes_the_server_does_not_report_are_found_by_rereading(filled: Desk, telegram: Telegram, way: str) -> None:
    name = {"too many": "quiet_e", "forgotten": "quiet_f"}[way]
    telegram.order("edit", channel=name, id=4, text="corrected in the dark")
    telegram.order("delete", channel=name, ids=[20, 21])
    for number in range(130 if way == "too many" else 1):
        telegram.post(name, f"wave {number}")
    if way == "forgotten":
        telegram.order("forget", channel=name)
    filled.do("sync", name)
    after = by_id(filled, name)
    assert told(after.values()) == true(telegram.truth(name))
    assert {number for number, row in after.items() if row["missing_since"]} == {20, 21}
    assert after[4]["revisions"] == 1
    assert filled.do("search", "wave", "--count").out == ("130\n" if way == "too many" else "1\n")
    [line] = [line for line in filled.do("status").out.splitlines() if line.startswith(f"{name}\t")]
    assert line.split("\t")[1:7] == ["active", str(len(after) - 2), "2", "3", "0", "100.0%"]


def test_a_sync_that_brings_nothing_changes_nothing(filled: Desk, telegram: Telegram) -> None:
    quiet = ("everything", "talking_desk", "atlas_desk", "quiet_j")
    before, calls = filled.export(*quiet), telegram.calls("messages.getHistory")
    assert filled.do("sync", *quiet).err.count("(0 new;") == len(quiet) + 1
    assert [row | {"last_seen": None} for row in filled.export(*quiet)] == [row | {"last_seen": None} for row in before]
    assert telegram.calls("messages.getHistory") == calls + len(quiet)  # the newest page of each, compared at the end


def test_a_sync_without_any_post_notices_a_rename(filled: Desk, telegram: Telegram) -> None:
    telegram.order("rename", channel="quiet_h", username="quiet_elsewhere")
    try:
        done = filled.do("sync", "quiet_h")
        assert "quiet_h: up to date (0 new; " in done.err
        assert "quiet_h: renamed from @quiet_h to @quiet_elsewhere." in done.err
        [row] = [row for row in filled.do("changes", "quiet_elsewhere", "--jsonl").rows if row["kind"] == "renamed"]
        assert (row["old"], row["new"]) == ("@quiet_h", "@quiet_elsewhere")
        assert "quiet_elsewhere\t" in filled.do("status", "quiet_h").out
        assert "renamed" not in filled.do("sync", "quiet_h").err
    finally:
        telegram.order("rename", channel="quiet_elsewhere", username="quiet_h")


def test_title_and_name_are_the_present_ones(filled: Desk, telegram: Telegram) -> None:
    telegram.order("title", channel="quiet_g", title="The loud harbour")
    telegram.order("rename", channel="quiet_g", username="quiet_no_more")
    filled.do("sync", "quiet_g")
    found = [(row["title"], row["username"]) for row in filled.do("channels", "--jsonl").rows]
    assert ("The loud harbour", "quiet_no_more") in found
    rows = filled.export("quiet_no_more")
    # The old name may be somebody else's by now: a permalink with it would cite a stranger.
    assert {row["permalink"].rpartition("/")[0] for row in rows} == {"https://t.me/quiet_no_more"}
    telegram.order("rename", channel="quiet_no_more", username="quiet_g")  # others share this server
