"""Names and links as people paste them: each leads to the right channel, or one line says what it is."""

from __future__ import annotations

import codecs
import json
import re
import time

import pytest

from tests.acceptance.desk import Desk, Telegram

RESOLVE = "contacts.resolveUsername"


def listed(desk: Desk) -> list[str]:
    return [row["username"] for row in desk.do("channels", "--jsonl").rows]


PASTED = [
    "“@quiet_a”,",
    "<https://t.me/quiet_b>",
    "HTTPS://T.ME/QUIET_C/7?single&comment=3",
    "tg://resolve?domain=quiet_d&post=7",
    "\u200e\ufeff@quiet\u200b_e\u00a0",
    "＠ｑｕｉｅｔ＿ｆ",
    "hxxps://t[.]me/s/quiet_g?before=90",
    "https://web.telegram.org/k/#@quiet_h",
    "quiet-i.t.me".replace("-", "_"),
    "https://telegram.dog/@quiet_j/",
]


def test_debris_around_a_pasted_name_is_ignored(desk: Desk) -> None:
    desk.do("add", *PASTED)
    assert listed(desk) == [f"quiet_{letter}" for letter in "abcdefghij"]


WHAT = {
    "@herald_bot": "this is a bot, not a channel",
    "https://t.me/nadia_reads": "this is a person, not a channel",
    "t.me/addstickers/Harbour": "this is a sticker set",
    "https://t.me/share/url?url=https://t.me/quiet_a/3": "Did you mean @quiet_a/3?",
    "https://web.archive.org/web/2022/https://t.me/s/quiet_a": "Did you mean @quiet_a?",
    "t.me/boost/quiet_a": "Use the channel itself: @quiet_a",
    "desk@example.org": "an e-mail address",
    "The quiet a desk": "A title cannot be looked up",
    "مكتب": "is not a valid username",
    "@quіet_a": "cyrillic small letter",
    "look at @quiet_a": "Did you mean @quiet_a?",
    "https://web.telegram.org/a/#-4321": "a basic group",
    "t.me/c/1234512345/7": "a channel cannot be looked up by its id alone",
}


def test_each_entry_that_is_not_a_channel_gets_its_own_line(desk: Desk, telegram: Telegram) -> None:
    telegram.order("mark")
    done = desk.run("add", *WHAT, "")
    assert (done.status, done.out, len(done.errors)) == (2, "", len(WHAT) + 1), done.err
    for typed, said in WHAT.items():
        [line] = [line for line in done.errors if line.startswith(f"telekeep: {typed}: ")]
        assert said in line
    assert "telekeep: '': a channel is missing." in done.err
    # Only names that can exist are looked up: that is what an account can do a few times a day.
    assert telegram.calls(RESOLVE) == 2


@pytest.mark.parametrize("typed", ["+49 170 1234567", "t.me/+491701234567", "tel:+491701234567"])
def test_phone_number_is_named_and_not_repeated(desk: Desk, typed: str) -> None:
    done = desk.run("add", typed)
    assert (done.status, len(done.errors)) == (2, 1)
    assert "this is a phone number, not a channel" in done.err
    assert "4567" not in done.err


def test_list_is_read_in_the_encodings_and_shapes_of_editors_and_spreadsheets(desk: Desk) -> None:
    lists = {
        "utf16.txt": codecs.BOM_UTF16_LE + "@quiet_a\r\n\r\n# عن الميناء\r\n".encode("utf-16-le"),
        "cp1251.txt": "@quiet_b  # гавань\n".encode("cp1251"),
        "sheet.csv": codecs.BOM_UTF8 + b'channel;title\r\nhttps://t.me/quiet_c;"a; title"\r\n',
        "chat.txt": "• @quiet_d\n- t.me/quiet_e\n1. @quiet_f\nhttps://web.telegram.org/k/#@quiet_g\n".encode(),
        "row.txt": b"@quiet_h, @quiet_i\n@quiet_h\n",
    }
    for name, data in lists.items():
        (desk.home / name).write_bytes(data)
        desk.do("add", "-f", name)
    assert listed(desk) == [f"quiet_{letter}" for letter in "abcdefghi"]


def test_list_may_come_through_a_pipe_among_other_words(desk: Desk) -> None:
    desk.do("add", "@quiet_a", "-", stdin="t.me/quiet_b\n@quiet_a\n")
    assert listed(desk) == ["quiet_a", "quiet_b"]


@pytest.mark.parametrize(("data", "said"), [(b"\x89PNG\r\n\0\0\0\r" * 9, "is not text"), (None, "cannot be read")])
def test_invalid_list_is_rejected_in_one_line(desk: Desk, data: bytes | None, said: str) -> None:
    if data is not None:
        (desk.home / "list").write_bytes(data)
    done = desk.run("add", "-f", "list")
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    assert said in done.err


def test_known_or_repeated_name_is_not_looked_up_again(desk: Desk, telegram: Telegram) -> None:
    telegram.order("mark")
    done = desk.do("add", "@quiet_a", "https://t.me/Quiet_A", "QUIET_A")
    assert done.err.splitlines() == [
        "@quiet_a is listed 3 times; it is added once.",
        "@quiet_a (The quiet a desk): added.",
    ]
    assert desk.do("add", "quiet_a").err == "@quiet_a (The quiet a desk): already mirrored; nothing changed.\n"
    assert telegram.calls(RESOLVE) == 1


def test_channel_is_found_by_each_of_its_names_and_by_a_former_one(desk: Desk, telegram: Telegram) -> None:
    telegram.order("make", title="Many Names", username="names_one")
    for name, active in (("names_two", True), ("names_off", False)):
        telegram.order("name", channel="names_one", name=name, active=active)
    post = telegram.post("names_one", "harbour of names")
    desk.do("add", "t.me/NAMES_TWO")
    assert "no channel has that username" in desk.run("add", "names_off").err
    desk.do("sync", "names_two")
    telegram.order("rename", channel="names_one", username="names_new")
    telegram.post("names_new", "said under the new name")
    desk.do("sync", "@names_two")
    for name in ("names_new", "NAMES_TWO", "@names_one", "“t.me/s/Names_One”", "Many names"):
        channel = desk.run("search", "harbour", "-c", name, "--count")
        assert (channel.status, channel.out) == (0, "1\n"), name
    for address in (f"names_new/{post}", f"https://t.me/Names_Two/{post}?single", f"(t.me/names_one/{post})"):
        for command in ("show", "history"):
            assert desk.run(command, address).status == 0, (command, address)
    for name in ("names_new", "https://t.me/Names_Two", "(t.me/names_one)"):
        assert len(desk.export(name)) == 3
        assert desk.run("gaps", name).status == 1
    done = desk.run("show", f"@names_one/{post}")
    assert re.fullmatch(r"@names_one is now @names_new \(noticed on \d+ \w{3} \d{4}\)\.\n", done.err)
    for query in (
        "harbour channel:names_one", 'harbour channel:"https://t.me/Names_One"', "channel:NAMES_ONE id:1..",
        "harbour from:@names_one", "harbour from:t.me/names_one",
    ):  # fmt: skip
        found = desk.run("search", query, "--jsonl")
        assert {row["channel"] for row in found.rows} == {"names_new"}, query
        assert "@names_one is now @names_new" in found.err
    assert "names_one" not in desk.run("search", "channel:names_onn").err.partition("names_onn'")[2]


def test_former_title_finds_its_channel_and_says_so(desk: Desk, telegram: Telegram) -> None:
    telegram.order("make", title="The old harbour", username="titled_desk")
    post = telegram.post("titled_desk", "under the old title")
    desk.do("add", "titled_desk")
    desk.do("sync")
    telegram.order("title", channel="titled_desk", title="The new harbour")
    telegram.post("titled_desk", "under the new title")
    desk.do("sync")
    for arguments in (("-c", "the old Harbour", "under"), ('under channel:"The Old Harbour"',)):
        done = desk.do("search", *arguments, "--count")
        assert done.out == "2\n"
        assert '"The old harbour" is now "The new harbour", @titled_desk (noticed on ' in done.err
    assert desk.do("search", "under", "-c", "The new harbour", "--count").err.count("\n") == 1
    assert desk.do("show", f"titled_desk/{post}").err == ""


def test_former_name_of_two_channels_is_ambiguous(desk: Desk, telegram: Telegram) -> None:
    for title, name in (("First", "shared_once"), ("Second", "second_once")):
        telegram.order("make", title=title, username=name)
    desk.do("add", "shared_once", "second_once")
    telegram.order("rename", channel="shared_once", username="first_now")
    telegram.order("rename", channel="second_once", username="shared_once")
    for name in ("first_now", "shared_once"):
        telegram.post(name, "a sign of the new name")
    desk.do("sync")
    telegram.order("rename", channel="shared_once", username="second_now")
    telegram.post("second_now", "a sign of the newer name")
    desk.do("sync")
    done = desk.run("gaps", "@shared_once")
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    assert "is ambiguous; it is a former name of" in done.err
    assert "first_now" in done.err
    assert "second_now" in done.err


def test_link_by_a_reassigned_name_leads_to_the_channel_that_can_have_the_post(desk: Desk, telegram: Telegram) -> None:
    for title, name in (("First", "passed_on"), ("Second", "waiting_desk")):
        telegram.order("make", title=title, username=name)
    old = [telegram.post("passed_on", f"first {number}") for number in range(3)]
    telegram.post("waiting_desk", "second 0")
    desk.do("add", "passed_on", "waiting_desk")
    desk.do("sync")
    time.sleep(1)  # times are whole seconds
    telegram.order("rename", channel="passed_on", username="first_of_all")
    telegram.order("rename", channel="waiting_desk", username="passed_on")
    telegram.post("passed_on", "second 1")
    desk.do("sync")
    time.sleep(1)
    late = [telegram.post("first_of_all", f"first {number}") for number in range(3, 7)]
    desk.do("sync")
    # Only the former owner has it, from when it had the name.
    done = desk.do("show", f"https://t.me/passed_on/{old[2]}")
    assert "\tfirst 2\n" in done.out
    assert 'this is a post of "First" (' in done.err
    assert "now @first_of_all, which was @passed_on until" in done.err
    assert f"of which no post {old[2]} is archived." in done.err
    # Both have it: that of the present owner is shown, and the other is named.
    done = desk.do("show", f"https://t.me/passed_on/{old[0]}")
    assert "\tsecond 0\n" in done.out
    assert '@passed_on is now "Second" (' in done.err
    assert done.err.rstrip(".\n").endswith(f"/{old[0]}")
    assert "\tfirst 0\n" in desk.do("show", done.err.rstrip(".\n").split()[-1]).out
    # The former owner posted it after it had lost the name.
    done = desk.run("show", f"https://t.me/passed_on/{late[-1]}")
    assert (done.status, "first_of_all" in done.err) == (2, False)
    done = desk.do("search", '"second 0" channel:passed_on', "--jsonl")
    assert [row["channel"] for row in done.rows] == ["passed_on"]
    assert re.search(r'^@passed_on is now "Second" .* now @first_of_all \(\d+\)\.$', done.err, re.MULTILINE)


def test_reassigned_name_leads_to_its_current_owner(desk: Desk, telegram: Telegram) -> None:
    telegram.order("make", title="Before", username="taken_name")
    desk.do("add", "taken_name")
    other = telegram.order("make", title="After", username="after_desk")["id"]
    telegram.order("takeover", channel="after_desk", name="taken_name")
    assert desk.do("add", "taken_name").err == "@taken_name (After): added.\n"
    assert [row["channel_id"] for row in desk.do("channels", "--jsonl").rows][1] == other


def test_forum_and_gigagroup_are_mirrored_as_a_whole(desk: Desk, telegram: Telegram) -> None:
    for title, name, what in (("Topics", "topics_desk", "forum"), ("Hall", "hall_desk", "gigagroup")):
        telegram.order("make", title=title, username=name, **{what: True})
        telegram.post(name, f"said in the {what}")
    done = desk.do("add", "topics_desk", "hall_desk")
    assert "topics_desk: it is a group with topics, which are mirrored" in done.err
    desk.do("sync")
    assert [row["text"] for row in desk.export() if row["kind"] == "message"] == [
        "said in the forum",
        "said in the gigagroup",
    ]


@pytest.mark.parametrize("address", ["quiet_a/3", "https://t.me/quiet_a/3"])
def test_message_is_not_taken_for_its_channel(desk: Desk, address: str) -> None:
    desk.do("add", "@quiet_a")
    export = {"type": "public_channel", "id": 7, "name": "A", "messages": []}
    (desk.home / "result.json").write_text(json.dumps(export), encoding="utf-8")
    for command in (
        ("export", address, "-o", "out.jsonl"),
        ("search", "harbour", "-c", address),
        ("media", "policy", address, "--download", "photos"),
        ("import", "result.json", "--channel", address),
        *((name, address) for name in ("sync", "status", "changes", "gaps", "remove")),
    ):
        done = desk.run(*command)
        assert (done.status, done.out, len(done.errors)) == (2, "", 1), done
        assert f"{address}: this is a message, not a channel. Its channel is " in done.errors[0]
        assert "quiet_a/3` shows the message." in done.errors[0]
    assert [one["state"] for one in json.loads(desk.do("channels", "--json").out)] == ["active"]
    assert not (desk.home / "out.jsonl").exists()
