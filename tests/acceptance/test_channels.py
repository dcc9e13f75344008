"""Which channels are mirrored: add, channels, remove."""

from __future__ import annotations

import orjson

from tests.acceptance.desk import Desk, Telegram


def listed(desk: Desk, *arguments: str) -> list[str]:
    return [row["username"] for row in desk.do("channels", "--jsonl", *arguments).rows]


def test_channel_is_added_by_name_and_by_link(desk: Desk) -> None:
    done = desk.do("add", "quiet_a", "@Quiet_B", "t.me/quiet_c", "https://t.me/s/quiet_d", "t.me/quiet_e/7")
    assert done.out == ""
    assert done.err.splitlines()[:2] == [
        "t.me/quiet_e/7 is a message of @quiet_e: its channel is used.",
        "@quiet_a (The quiet a desk): added.",
    ]
    assert listed(desk) == [f"quiet_{letter}" for letter in "abcde"]


def test_known_channel_is_added_by_id_and_alias_an_unknown_one_is_not(desk: Desk, telegram: Telegram) -> None:
    desk.do("add", "@quiet_a", "--alias", "harbour")
    known, unknown = telegram.channel_id("quiet_a"), telegram.channel_id("quiet_b")
    desk.do("add", f"-100{known}", str(known), f"t.me/c/{known}/3", "harbour")
    assert listed(desk) == ["quiet_a"]
    done = desk.run("add", f"-100{unknown}", str(unknown))
    assert (done.status, len(done.err.splitlines())) == (2, 2)
    assert done.err.count("@name") == 1
    assert [line.split(": ")[1] for line in done.errors] == [str(unknown)]


REFUSED = {
    "@nobody_at_all": "no channel has that username",
    "@nadia_reads": "this is a person, not a channel",
    "@gamma": "the channel is private",
    "https://t.me/+AbCdEf012345": "invite link",
    "t.me/joinchat/AbCdEf012345": "invite link",
    "@9lives": "is not a valid username",
    "https://example.org/quiet_a": "not a channel",
    "-12345": "is a basic group or a chat",
}


def test_anything_but_a_public_channel_is_one_error_line_with_exit_2(desk: Desk) -> None:
    done = desk.run("add", *REFUSED)
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", len(REFUSED))
    for typed, said in REFUSED.items():
        [line] = [line for line in done.err.splitlines() if line.startswith(f"telekeep: {typed}: ")]
        assert said in line
    assert listed(desk) == []


def test_partly_failing_list_adds_the_rest_and_exits_3(desk: Desk) -> None:
    lines = "﻿# the desks of the harbour\r\n\n@quiet_a  # first\nhttps://t.me/quiet_b\n"
    lines += 'quiet_c,"a title",1\n@nobody_at_all\nt.me/+AbCdEf012345\n'
    (desk.home / "list.txt").write_text(lines, encoding="utf-8", newline="")
    done = desk.run("add", "@quiet_d", "-f", "list.txt")
    assert (done.status, len(done.errors)) == (3, 2)
    assert [line.split(": ")[1:-1] for line in done.errors] == [["line 7", "t.me/+AbCdEf012345"], ["@nobody_at_all"]]
    assert sorted(listed(desk)) == ["quiet_a", "quiet_b", "quiet_c", "quiet_d"]


def test_list_may_come_from_stdin_and_fail_as_a_whole(desk: Desk) -> None:
    desk.do("add", "-f", "-", stdin="quiet_a\n@quiet_a\n")
    done = desk.run("add", "-f", "-", stdin="t.me/+AbCdEf012345\n@nobody_at_all\n")
    assert (done.status, len(done.errors)) == (2, 2)
    assert desk.run("add", "-f", "-", stdin="# nobody\n").status == 2
    assert listed(desk) == ["quiet_a"]


def test_dry_run_reports_its_plan_without_any_request(desk: Desk, telegram: Telegram) -> None:
    desk.do("add", "quiet_a")
    telegram.order("mark")
    table = "Канал;Ссылка\nТихий;https://t.me/quiet_a\nДругой;@quiet_b\nНичей;\n".encode("utf-16")
    (desk.home / "list.csv").write_bytes(table)
    done = desk.run("add", "-f", "list.csv", "--since", "2021-12-01", "--dry-run")
    moved = "start moved from its first message to 1 Dec 2021; older archived messages are kept"
    assert done.status == 3
    assert done.out.splitlines() == [
        f"@quiet_a\tchange\t{moved}",
        "@quiet_b\tlook up and add\t",
    ]
    [refused] = done.errors
    assert refused.startswith("telekeep: line 4: Ничей;: there is no channel in this line.")
    assert done.err.splitlines()[-1].startswith("1 look-up of a name would be needed; nothing was requested")
    assert not telegram.order("calls")["calls"]
    assert listed(desk) == ["quiet_a"]
    done = desk.run("add", "1234567", "Tïtle", "--dry-run")
    assert (done.status, done.out, len(done.errors)) == (2, "", 2)


def test_a_list_that_a_flood_wait_stops_says_how_much_is_left_and_goes_on_from_there(
    desk: Desk, telegram: Telegram
) -> None:
    desk.do("add", "quiet_a")
    telegram.order("fault", spec="contacts.resolveUsername:flood(4000)x1")
    stopped = desk.run("add", "-f", "-", stdin="link\n@quiet_a\n@quiet_b\n@quiet_c\n")
    assert (stopped.status, len(stopped.errors)) == (5, 1)
    assert "stopped after 1 channel; 2 channels left: the same command continues from there." in stopped.err
    assert listed(desk) == ["quiet_a"]


def test_adding_again_reports_differences_and_moving_again_reports_none(desk: Desk) -> None:
    desk.do("add", "quiet_a", "--alias", "desk")
    said = desk.do("add", "quiet_a", "--alias", "harbour_desk").err
    assert said == "@quiet_a (The quiet a desk): already mirrored; alias changed from desk to harbour_desk.\n"
    assert desk.do("add", "quiet_a", "--since", "all").err.endswith(": already mirrored; nothing changed.\n")
    assert desk.do("move", "harbour_desk", "--to", "default").err.startswith(
        "quiet_a: already read by account default; nothing changed."
    )
    assert desk.do("channels").out.split("\t")[6] == "harbour_desk\n"


def test_the_next_step_is_named_on_a_terminal_only(desk: Desk) -> None:
    assert "next: telekeep sync quiet_a" in desk.on_terminal("add", "quiet_a")
    assert "next:" not in desk.do("add", "quiet_b").err
    assert "next:" not in desk.on_terminal("-q", "add", "quiet_c")


def test_alias_is_taken_by_every_command_and_belongs_to_one_channel(desk: Desk) -> None:
    desk.do("add", "quiet_a", "--alias", "harbour")
    desk.do("add", "quiet_b")
    desk.do("sync", "harbour")
    for command in (["gaps", "harbour"], ["show", "harbour/3"], ["search", "report", "-c", "harbour"]):
        assert desk.do(*command).out
    for alias in ("HARBOUR", "quiet_a", "@x"):
        done = desk.run("add", "quiet_b", f"--alias={alias}")
        assert (done.status, len(done.errors)) == (2, 1), alias
    assert [row["alias"] for row in desk.do("channels", "--jsonl").rows] == ["harbour", None]


def test_since_bounds_the_history_and_is_shown_everywhere(desk: Desk) -> None:
    desk.do("add", "quiet_a", "--since", "2021-12-16T00:00", "--tz", "Asia/Baghdad")
    desk.do("sync")
    held = [row["date"] for row in desk.export()]
    assert (min(held), len(held)) == ("2021-12-15T21:00:40Z", 6)
    told = orjson.loads(desk.do("status", "--json").out)["channels"][0]
    assert (told["window_start"], told["held"], told["not_fetched"], told["coverage"]) == (
        "2021-12-15T21:00:00Z",
        6,
        0,
        1,
    )
    assert told["outside"] == 34
    desk.do("add", "quiet_a")
    assert orjson.loads(desk.do("channels", "--json").out)[0]["since"] == "2021-12-15T21:00:00Z"
    again = desk.do("add", "quiet_a", "--since", "all")
    moved = "start moved from 15 Dec 2021 21:00 UTC to its first message, 34 more ids to fetch"
    assert again.err == f"@quiet_a (The quiet a desk): already mirrored; {moved}.\n"
    desk.do("sync")
    assert len(desk.export()) == 37


def test_channels_is_a_table_on_a_terminal_and_plain_elsewhere(desk: Desk) -> None:
    assert desk.run("channels").status == 2
    desk.do("add", "nahrain_desk", "quiet_a")
    plain = desk.do("channels").out
    assert [line.split("\t")[0] for line in plain.splitlines()] == ["quiet_a", "nahrain_desk"]
    array = orjson.loads(desk.do("channels", "--json").out)
    assert array == desk.do("channels", "--jsonl").rows
    assert (array[1]["title"], array[1]["kind"], array[1]["state"]) == ("مكتب أخبار النهرين", "broadcast", "active")
    screen = desk.on_terminal("channels")
    assert "channel" in screen.splitlines()[0]
    assert "\u2068مكتب أخبار النهرين\u2069" in screen


def test_removed_channel_keeps_its_archive_and_can_be_resumed(filled: Desk, telegram: Telegram) -> None:
    before = filled.export("quiet_b")
    filled.do("remove", "quiet_b")
    assert "quiet_b" not in listed(filled)
    assert "quiet_b" in listed(filled, "--all")
    new = telegram.post("quiet_b", "posted while nobody looked")
    telegram.order("delete", channel="quiet_b", ids=[7])
    for command in ("sync", "remove"):
        done = filled.run(command, "quiet_b")
        assert (done.status, len(done.err.splitlines())) == (2, 1)
        assert "quiet_b was removed" in done.err
        assert "`telekeep add quiet_b`" in done.err
    assert filled.export("quiet_b") == before
    assert filled.do("search", "harbour", "-c", "quiet_b", "--count").out == "36\n"
    assert filled.do("add", "quiet_b").err.endswith("): mirrored again; its archive was kept.\n")
    filled.do("sync", "quiet_b")
    after = {row["message_id"]: row for row in filled.export("quiet_b")}
    assert after[new]["text"] == "posted while nobody looked"
    assert after[7]["missing_since"] is not None
    assert len(after) == len(before) + 1


def test_unknown_names_get_the_nearest_one(filled: Desk) -> None:
    for command in (["remove", "quiet_bb"], ["sync", "quiet_bb"], ["export", "quiet_bb", "-o", "x"]):
        done = filled.run(*command)
        assert (done.status, len(done.err.splitlines())) == (2, 1)
        assert "Did you mean quiet_" in done.err
