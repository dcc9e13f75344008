"""What became of messages and channels: history, changes, gaps and status after a mirror has seen it happen."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.cells import cell_len

from archiver.cli.terminal import terminal_safe
from archiver.lock import hold
from tests.acceptance.desk import Desk, Telegram, desk_at

ARABIC = ("كتب الولد الرسالة اليوم", "كتب الولد الدرس اليوم")
NASTY = "\x1b[31mred\x07 \u202egpj.exe\u2066"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telegram]:
    """A server of this module's own: its channels may change."""
    with Telegram(tmp_path_factory.mktemp("server"), "--world", "mixed") as running:
        yield running


@pytest.fixture(scope="module")
def past(server: Telegram, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """An archive that saw edits, deletions, counters, another title and name, and a door shut."""
    desk = desk_at(server, tmp_path_factory.mktemp("past") / "desk")
    desk.log_in()
    first = server.post("quiet_a", ARABIC[0])
    nasty = server.post("quiet_a", "plain")
    assert (first, nasty) == (41, 42)
    desk.do("add", "quiet_a", "quiet_b", "quiet_c")
    desk.do("sync")
    server.order("edit", channel="quiet_a", id=3, text="report 2 of the lighthouse")
    server.order("edit", channel="quiet_a", id=first, text=ARABIC[1])
    server.order("edit", channel="quiet_a", id=nasty, text=NASTY)
    server.order("delete", channel="quiet_a", ids=[8, 9])
    server.order("title", channel="quiet_b", title="The loud harbour")
    later(desk)
    server.order("edit", channel="quiet_a", id=3, text="report 2 of the lighthouse keeper")
    server.order("view", channel="quiet_a", id=10, views=9_000)
    server.order("react", channel="quiet_a", id=10, counts={"👍": 7})
    server.order("forget", channel="quiet_a")
    server.order("rename", channel="quiet_b", username="loud_b")
    server.post("loud_b", "a post by which the name is noticed")
    later(desk)
    server.order("private", channel="quiet_c")
    time.sleep(1)
    assert desk.run("sync", "quiet_c").status != 0
    return desk


def later(desk: Desk) -> None:
    """Times are whole seconds: what happens now is to have another one."""
    time.sleep(1)
    desk.do("sync")


def history(desk: Desk, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(desk.do("history", *arguments, "--json").out)
    return found


def test_earlier_content_is_found_in_revisions_and_labelled(past: Desk) -> None:
    assert past.run("search", "harbour channel:quiet_a id:3").status == 1
    [row] = orjson.loads(past.do("search", "harbour channel:quiet_a id:3 in:revisions", "--json").out)
    assert row["text"] == "report 2 of the lighthouse keeper"
    assert (row["earlier"]["revision"], row["earlier"]["text"]) == (1, "report 2 of the harbour")
    [row] = orjson.loads(past.do("search", "lighthouse keeper id:3 in:revisions channel:quiet_a", "--json").out)
    assert row["earlier"] is None
    line = past.do("search", "harbour channel:quiet_a id:3 in:revisions").out
    assert line.endswith(
        "report 2 of the harbour [version 1, not the current one: telekeep history quiet_a/3]\tThe quiet a desk\n"
    )
    gone = orjson.loads(past.do("search", "in:revisions is:missing channel:quiet_a", "--json").out)
    assert [row["message_id"] for row in gone] == [9, 8]
    assert past.do("search", "lighthouse in:revisions channel:quiet_a", "--count").out.strip() == "1"


def test_history_has_every_content_and_what_changed(past: Desk, server: Telegram) -> None:
    told = history(past, "quiet_a/3")
    assert [one["text"] for one in told["versions"]] == [
        "report 2 of the harbour",
        "report 2 of the lighthouse",
        "report 2 of the lighthouse keeper",
    ]
    assert [one["revision"] for one in told["versions"]] == [1, 2, None]
    assert [one["changed"] for one in told["versions"]] == [[], ["text"], ["text"]]
    first, second, third = told["versions"]
    assert first["first_seen"] == told["first_seen"] < second["first_seen"] < third["first_seen"]
    assert third["last_seen"] == told["last_seen"]
    row = orjson.loads(past.do("show", "quiet_a/3", "--json").out)
    cited = past.do("show", "quiet_a/3", "--cite", "bibtex").out
    assert cited.startswith("@online{telegram-")
    assert row["payload_sha256"] in cited
    assert past.run("show", "quiet_a/3", "--cite", "bibtex", "--json").status == 2
    assert (third["payload_sha256"], third["edit_date"]) == (row["payload_sha256"], row["edit_date"])
    assert len({one["payload_sha256"] for one in told["versions"]}) == 3
    assert told["absences"] == []
    [true] = [one for one in server.truth("quiet_a") if one["id"] == 3]
    assert third["text"] == true["text"]


@pytest.mark.parametrize("number", [3, 41, 42])
def test_diffs_restore_both_texts(past: Desk, number: int) -> None:
    versions = history(past, f"quiet_a/{number}", "--diff")["versions"]
    for before, one in pairwise(versions):
        assert "".join(piece["text"] for piece in one["diff"] if piece["op"] != "insert") == before["text"]
        assert "".join(piece["text"] for piece in one["diff"] if piece["op"] != "delete") == one["text"]
    assert len(versions) > 1


def test_history_in_a_pipe_is_one_line_an_event(past: Desk) -> None:
    lines = [line.split("\t") for line in past.do("history", "quiet_a/3", "--diff").out.splitlines()]
    assert [(line[1], line[3], line[5], line[7]) for line in lines] == [
        ("version", "1", "", "report 2 of the harbour"),
        ("version", "2", "text", "report 2 of the [-harbour-]{+lighthouse+}"),
        ("version", "current", "text", "report 2 of the lighthouse{+ keeper+}"),
    ]
    events = past.do("history", "quiet_a/3", "--jsonl").rows
    assert [event["event"] for event in events] == ["version"] * 3
    assert [event["at"] for event in events] == [line[0] for line in lines]


def test_deleted_message_keeps_its_text_and_shows_when_it_disappeared(past: Desk) -> None:
    told = history(past, "quiet_a/8")
    [gone] = told["absences"]
    assert gone == {
        "last_seen": told["last_seen"],
        "noticed_at": told["missing_since"],
        "noticed": told["missing_since"],
        "how": "update",
        "returned_at": None,
        "returned": None,
        "if_posted": False,
    }
    assert told["versions"][0]["text"] == "report 7 of the harbour"
    version, missing = past.do("history", "quiet_a/8", "--jsonl").rows
    assert (version["event"], missing["event"], missing["at"]) == ("version", "missing", gone["noticed"])


def test_counters_are_shown_on_request(past: Desk) -> None:
    assert history(past, "quiet_a/10")["counters"] is None
    before, after = history(past, "quiet_a/10", "--counters")["counters"]
    assert (before["views"], before["reactions"]) == (9, [])
    assert (after["views"], after["reactions"]) == (9_000, [{"reaction": "👍", "count": 7}])
    [never] = history(past, "quiet_a/11", "--counters")["counters"]
    assert never["views"] == 10


def test_history_on_a_terminal_marks_what_changed_with_and_without_colour(past: Desk) -> None:
    screen = past.on_terminal("history", "quiet_a/3", "--diff")
    assert "\x1b[31m[-harbour-]" in screen
    assert "\x1b[32m{+lighthouse+}" in screen
    plain = past.on_terminal("history", "quiet_a/3", "--diff", "--counters", NO_COLOR="1")
    assert "report 2 of the [-harbour-]{+lighthouse+}" in plain
    assert "\x1b[3" not in plain
    assert "version 3, current" in plain
    assert max(map(len, past.on_terminal("history", "quiet_a/3", COLUMNS="80", TERM="dumb").splitlines())) <= 80


def test_each_change_is_an_isolate_where_text_runs_from_right_to_left(past: Desk) -> None:
    screen = past.on_terminal("history", "quiet_a/41", "--diff", NO_COLOR="1")
    assert "\u2068كتب الولد [-\u2068الرسالة\u2069-]{+\u2068الدرس\u2069+} اليوم\u2069" in screen
    assert screen.count("\u2068") == screen.count("\u2069")
    assert "\u2068" not in past.do("history", "quiet_a/41", "--diff").out


@pytest.mark.parametrize("arguments", [["history", "quiet_a/42", "--diff"], ["changes", "quiet_a"]])
def test_untrusted_text_cannot_harm_a_terminal(past: Desk, arguments: list[str]) -> None:
    for shown in (
        past.on_terminal(*arguments, NO_COLOR="1"),
        past.do(*arguments).out,
        past.do(*arguments, "--json").out,
    ):
        assert not set(shown) & set("\x07\u202e\u2066")
        assert "\x1b[31mred" not in shown
    assert terminal_safe(NASTY) in past.do(*arguments).out


def test_history_explains_a_missing_message_like_show(past: Desk) -> None:
    for address in ("quiet_a/5", "quiet_a/999", "quiet_a", "nobody/1", "t.me/+abcdef"):
        shown, told = past.run("show", address), past.run("history", address)
        # Only the first is known never to have been there, or not for long enough to be seen.
        assert (told.status, told.err) == (1 if address == "quiet_a/5" else 2, shown.err)


def test_changes_list_every_event_newest_first(past: Desk) -> None:
    rows = past.do("changes", "--jsonl").rows
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    told = {(row["channel"], row["kind"], row["message_id"], row["description"]) for row in rows}
    assert told >= {
        ("quiet_a", "edited", 3, "text: report 2 of the [-harbour-]{+lighthouse+}"),
        ("quiet_a", "edited", 3, "text: report 2 of the lighthouse{+ keeper+}"),
        ("quiet_a", "edited", 41, "text: كتب الولد [-الرسالة-]{+الدرس+} اليوم"),
        ("quiet_a", "missing", 8, "report 7 of the harbour"),
        ("quiet_a", "missing", 9, "report 8 of the harbour"),
        ("loud_b", "retitled", None, "The quiet b desk -> The loud harbour"),
        ("loud_b", "renamed", None, "@quiet_b -> @loud_b"),
    }
    assert len([row for row in rows if row["kind"] == "edited"]) == 4
    # One isolate: a terminal would show several from left to right, against the words.
    in_order = "text: \u2068كتب الولد [-الرسالة-]{+الدرس+} اليوم\u2069"
    assert in_order in past.on_terminal("changes", "quiet_a", NO_COLOR="1")
    gone = next(row for row in rows if row["message_id"] == 8)
    assert gone["last_seen"] < gone["at"]
    assert (gone["how"], gone["permalink"]) == ("update", "https://t.me/quiet_a/8")
    [state] = [row for row in rows if row["kind"] == "state"]
    assert (state["channel"], state["old"], state["new"]) == ("quiet_c", "active", "inaccessible")


def test_changes_are_filtered_and_paged(past: Desk) -> None:
    rows = past.do("changes", "--jsonl").rows
    two = past.run("changes", "-n", "2", "--json")
    assert orjson.loads(two.out) == rows[:2]
    assert "there are more" in two.err
    assert past.do("changes", "-n", "0", "--jsonl").rows == rows
    of_a = [row for row in rows if row["channel"] == "quiet_a"]
    assert past.do("changes", "@quiet_a", "--jsonl").rows == of_a
    gone = [row for row in rows if row["kind"] == "missing"]
    assert past.do("changes", "--kind", "missing", "--jsonl").rows == gone
    since = past.do("changes", "--since", gone[0]["at"], "--kind", "missing", "--jsonl")
    assert (since.rows, f"from {gone[0]['at']} on" in since.err) == (gone, True)
    before = past.run("changes", "--until", gone[0]["at"], "--kind", "missing")
    assert (before.status, before.out) == (1, "")
    assert "no changes of kind deleted noticed within these dates in quiet_a, loud_b, quiet_c: read since" in before.err
    assert past.do("changes", "--kind", "deleted", "--jsonl").rows == gone
    assert past.run("changes", "--kind", "removed").status == 2
    assert past.run("changes", "nobody").status == 2
    # In a pipe: time, address, link, kind, description, last seen, title.
    line = past.do("changes", "--kind", "missing", "-n", "1").out.rstrip("\n").split("\t")
    newest = gone[0]
    address = f"quiet_a/{newest['message_id']}"
    cells = [newest["at"], address, newest["permalink"], "missing", newest["description"], newest["last_seen"]]
    assert line == [*cells, "The quiet a desk"]


def test_changes_on_a_terminal_are_grouped_by_day_in_the_given_zone(past: Desk) -> None:
    for width in (40, 80, 160):
        screen = past.on_terminal("changes", "--tz", "Asia/Kolkata", COLUMNS=str(width), TERM="dumb")
        lines = screen.replace("\u2068", "").replace("\u2069", "").splitlines()
        assert re.fullmatch(r"[MTWFS]\w\w \d{1,2} \w{3} \d{4}", lines[0])
        assert any(re.fullmatch(r"  \d\d:\d\d \+05:30  DELETED   quiet_a/8", line) for line in lines)
        assert max(map(cell_len, lines)) <= width
    assert re.search(r"DELETED   quiet_a/8\s+between \d.*, reported by the server\s+report 7 of the harbour", screen)


def test_no_changes_names_channels_and_period(past: Desk) -> None:
    done = past.run("changes", "quiet_c", "--kind", "edited", "--kind", "deleted", "--tz", "Asia/Baghdad")
    assert (done.status, done.out) == (1, "")
    moment = r"\d+ \w{3} \d{4} \d\d:\d\d \+03"
    said = rf"no changes of kind deleted, edited noticed in quiet_c: read since {moment}, up to date as of {moment}\."
    assert re.fullmatch(said, done.err.strip())


def test_gaps_show_when_missing_messages_were_last_seen(past: Desk) -> None:
    [missing] = [row for row in past.do("gaps", "quiet_a", "--jsonl").rows if row["state"] == "missing"]
    assert (missing["first_id"], missing["last_id"], missing["how"]) == (8, 9, "update")
    assert missing["last_seen"] == history(past, "quiet_a/8")["last_seen"] < missing["noticed"]


def test_inaccessible_or_removed_channel_is_still_fully_readable(past: Desk, tmp_path: Path) -> None:
    shut = past.do("gaps", "quiet_c", "--all", "--jsonl")
    ids = [number for row in shut.rows for number in range(row["first_id"], row["last_id"] + 1)]
    assert ids == list(range(1, max(ids) + 1))
    assert "quiet_c: inaccessible since" in shut.err
    told = {row["channel"]: row for row in orjson.loads(past.do("status", "--json").out)["channels"]}
    assert (told["quiet_c"]["state"], told["quiet_c"]["held"], told["quiet_c"]["missing"]) == ("inaccessible", 37, 0)
    assert told["quiet_c"]["state_since"] is not None
    removed = copy_of(past, tmp_path)
    removed.do("remove", "quiet_a")
    assert removed.do("gaps", "quiet_a", "--jsonl").rows == past.do("gaps", "quiet_a", "--jsonl").rows
    assert len(history(removed, "quiet_a/3")["versions"]) == 3
    assert "telekeep add quiet_a" in removed.run("history", "quiet_a/999").err
    assert removed.do("changes", "--kind", "state", "--jsonl", "quiet_a").rows[0]["new"] == "removed"


def copy_of(desk: Desk, tmp_path: Path) -> Desk:
    """Another desk with the same archive, whose settings are its own."""
    copy = replace(desk, home=tmp_path / "copy")
    copy.archive.mkdir(mode=0o700, parents=True)
    source = sqlite3.connect(f"file:{desk.archive / 'archive.db'}?mode=ro", uri=True)
    target = sqlite3.connect(copy.archive / "archive.db")
    source.backup(target)
    source.close()
    target.close()
    return copy


def write(desk: Desk, *statements: str, **values: int) -> None:
    connection = sqlite3.connect(desk.archive / "archive.db")
    for statement in statements:
        connection.execute(statement, values)
    connection.commit()
    connection.close()


def test_status_fits_a_terminal_of_eighty_columns(past: Desk) -> None:
    screen = past.on_terminal("status", COLUMNS="80", TERM="dumb")
    lines = [line.rstrip() for line in screen.splitlines()]
    assert max(map(len, lines)) <= 80
    table = lines[next(at for at, line in enumerate(lines) if line.startswith("channel")) + 1 :]
    assert [line.split()[0] for line in table[:3]] == ["quiet_a", "loud_b", "quiet_c"]
    assert lines[0].startswith("! quiet_c: inaccessible since ")
    assert "    telekeep remove quiet_c" in lines
    wide = past.on_terminal("status", "--wide", COLUMNS="80", TERM="dumb")
    assert wide.count("read by account default") == 3
    assert "…" not in wide.replace("(…", "(")


def test_status_says_why_a_channel_is_not_mirrored(past: Desk, tmp_path: Path) -> None:
    desk = copy_of(past, tmp_path)
    now, pid = int(time.time()), os.getpid()
    write(
        desk,
        "UPDATE channel SET retry_at = :now + 3600, failures = 3, last_error = 'the server failed.'"
        " WHERE username = 'quiet_a'",
        "UPDATE message SET kind = 'stub' WHERE message_id = 12 AND text = 'report 11 of the harbour'",
        "INSERT INTO account (account, state, reason, since)"
        " VALUES ('second', 'dead', 'the number was banned', 1640000000)",
        """INSERT INTO service VALUES (1, :pid, '0.2', 1640000000, :now, NULL, '{"default":{"due":3}}', NULL)""",
        now=now,
        pid=pid,
    )
    with hold(desk.archive, command="run"):
        done = desk.do("status", "--json")
        told = desk.do("status")
        write(desk, "UPDATE service SET beat_at = 1640000000")
        assert orjson.loads(desk.do("status", "--json").out)["service"]["running"] is False
        assert "service: hanging, no heartbeat since 20 Dec 2021 11:33 UTC" in desk.do("status").err
        write(desk, "UPDATE service SET pid = 1")
        assert f"service: starting or stopping (process {pid})" in desk.do("status").err
    status = orjson.loads(done.out)
    [failing] = [row for row in status["channels"] if row["channel"] == "quiet_a"]
    assert (failing["state"], failing["failures"], failing["last_error"]) == ("active", 3, "the server failed.")
    assert failing["retry_at"] is not None
    assert failing["stubs"] == 1
    assert {"account", "server_count", "count_differs"} <= failing.keys()
    assert (status["service"]["running"], status["service"]["pid"]) == (True, pid)
    assert status["service"]["detail"] == {"default": {"due": 3}}
    assert ("second", "dead") in {(one["account"], one["state"]) for one in status["accounts"]}
    assert re.search("quiet_a: retrying at .* UTC after 3 failures in a row: the server failed;", told.err)
    assert re.search("quiet_a.*: [0-9] archived messages? cannot be read by this version", told.err)
    since = "since 20 Dec 2021 11:33 UTC"
    assert f"account second is logged out: not accepted by the server {since}: the number was banned" in told.err
    assert "telekeep login --account second" in told.err
    assert "service: running since" in told.err
    assert [line.split("\t")[1] for line in told.out.splitlines()] == ["set aside", "active", "inaccessible"]
    assert "quiet_a: retrying at" in desk.do("channels").err
    with hold(desk.archive, command="sync"):  # whoever that is, it is not the service
        assert orjson.loads(desk.do("status", "--json").out)["service"]["running"] is False
        assert "service: ended unexpectedly after 20 Dec 2021 11:33 UTC (process 1)" in desk.do("status").err


def test_missing_id_is_fetched_by_whichever_process_runs(past: Desk, tmp_path: Path) -> None:
    desk = copy_of(past, tmp_path)
    for command in ("show", "history"):
        assert "`telekeep sync` fetches it, if it exists." in desk.run(command, "quiet_a/999999").err
        with hold(desk.archive, command="run"):
            assert "The running service fetches it, if it exists" in desk.run(command, "quiet_a/999999").err
