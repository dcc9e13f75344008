"""Damage that hides where messages end costs the message that it hit, and never gives one chat those of another."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from archiver.ids import ChannelId
from archiver.imports.detect import open_source
from archiver.imports.source import Flaw
from tests.importing import CHANNEL_ID, chat, entry

ALL = range(1, 13)
POSTS = [entry(at, [{"type": "bold", "text": 'x"}'}, f" ]}} {at}"]) for at in ALL]
OTHER = chat([entry(1, "other")], id=1002, name="Other")
SPACED, DENSE = {"indent": 1}, {"separators": (",", ":")}


def read(path: Path) -> tuple[dict[int, list[int]], list[str]]:
    """The ids read, by channel, and what was said."""
    found: dict[int, list[int]] = {}
    said = []
    for one in open_source(path, None).chats():
        if isinstance(one, Flaw):
            said.append(one.what)
        elif one.refused is None:
            channel_id = one.channel_id or ChannelId(CHANNEL_ID)
            for each in one.read(channel_id):
                if isinstance(each, Flaw):
                    said.append(each.what)
                else:
                    found.setdefault(channel_id, []).append(each.message_id)
    return found, said


def damaged(path: Path, value: Any, layout: dict[str, Any], damage: tuple[str, str]) -> Path:
    """A file in which the fifth message is damaged."""
    text = json.dumps(value, ensure_ascii=False, **layout)
    mark = '"id": 5,' if "indent" in layout else '"id":5,'
    before, at, after = text.partition(mark)
    assert at
    what, by = damage
    path.write_text(before + at + after.replace(what, by, 1))
    return path


DAMAGE = [
    ("an open text", ('"message"', '"message')),
    ("a text too many", ('"message"', '""message"')),
    ("an array that was never ended", ("[", "[[")),
    ("an end too many", ('"from_id"', '}"from_id"')),
    ("the end of the chat", ('"from_id"', "\n ]\n}\n")),
    ("an opening too many", ('"from_id"', '{"from_id"')),
    ("bytes of something else", ('"from_id": "channel1001"', "\0\1\2")),
]


def account_of(*chats: dict[str, Any]) -> dict[str, Any]:
    """The export of an account that has these chats."""
    return {"about": "", "chats": {"about": "", "list": list(chats)}}


@pytest.mark.parametrize("layout", [SPACED, DENSE], ids=["spaced", "dense"])
@pytest.mark.parametrize(("what", "damage"), DAMAGE, ids=[what for what, _ in DAMAGE])
def test_the_messages_around_a_damaged_one_are_intact(
    tmp_path: Path, what: str, damage: tuple[str, str], layout: dict[str, Any]
) -> None:
    found, said = read(damaged(tmp_path / "result.json", chat(POSTS), layout, damage))
    assert set(ALL) - {5} <= set(found[CHANNEL_ID])
    assert said or "bytes" in what


@pytest.mark.parametrize("layout", [SPACED, DENSE], ids=["spaced", "dense"])
@pytest.mark.parametrize(("what", "damage"), DAMAGE, ids=[what for what, _ in DAMAGE])
def test_the_other_chats_of_an_account_stay_intact_and_separate(
    tmp_path: Path, what: str, damage: tuple[str, str], layout: dict[str, Any]
) -> None:
    secret = chat([entry(at, "private") for at in range(20, 30)], type="personal_chat", id=7)
    other = chat([entry(at, "other") for at in range(30, 40)], id=1002, name="Other")
    account = account_of(chat(POSTS), secret, other)
    account["left_chats"] = {"about": "", "list": [chat([entry(1, "left")], id=1003, name="Left")]}
    found, said = read(damaged(tmp_path / "result.json", account, layout, damage))
    assert set(ALL) - {5} <= set(found[CHANNEL_ID]) <= set(ALL)
    assert (found[1002], found[1003]) == ([*range(30, 40)], [1])
    assert said or "bytes" in what


@pytest.mark.parametrize(("what", "damage"), [*DAMAGE, ("a lost quote", ('"date"', '"date'))])
def test_in_a_file_with_sorted_keys_damage_costs_no_message_and_no_chat_after_it(
    tmp_path: Path, what: str, damage: tuple[str, str]
) -> None:
    posts = [one | {"author": 'A "b"'} if one["id"] % 2 else one for one in POSTS]
    layout = {"sort_keys": True, **DENSE}
    found, said = read(damaged(tmp_path / "result.json", chat(posts), layout, damage))
    assert set(ALL) - {5, 6} <= set(found[CHANNEL_ID])
    assert said or "bytes" in what
    account = account_of(chat(posts), OTHER)
    found, said = read(damaged(tmp_path / "result.json", account, layout, damage))
    assert found[1002] == [1]


def test_messages_from_before_a_group_was_a_supergroup_are_in_order(tmp_path: Path) -> None:
    group = chat([entry(at, "x") for at in (-999_999_990, -999_999_980, 1, 2)], type="private_group", id=7)
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"chats": {"list": [group, chat(POSTS)]}}))
    assert read(path) == ({CHANNEL_ID: [*ALL]}, [])


def test_an_own_export_is_in_the_order_of_dates_and_that_is_no_damage(tmp_path: Path) -> None:
    listed = [entry(at, "x") for at in (1, 2, 9, 3, 4)]
    left_out = {**chat(listed, type="private_group", id=7), "telekeep": {"username": None}}
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"chats": {"list": [left_out, chat(POSTS)]}}, indent=1))
    assert read(path) == ({CHANNEL_ID: [*ALL]}, [])


@pytest.mark.parametrize("layout", [SPACED, DENSE], ids=["spaced", "dense"])
@pytest.mark.parametrize("damage", ["BIO", "private 3"])
@pytest.mark.parametrize("broken", ['"', "x", '", [', '"}]'])
def test_damage_in_what_is_passed_over_costs_no_channel(
    tmp_path: Path, damage: str, broken: str, layout: dict[str, Any]
) -> None:
    secret = chat([entry(at, f"private {at}") for at in range(1, 6)], type="personal_chat", id=7)
    account = {"about": "", "personal_information": {"bio": "BIO"}, "contacts": {"about": "", "list": []}}
    account["chats"] = {"about": "", "list": [secret, chat(POSTS), OTHER]}
    path = tmp_path / "result.json"
    path.write_text(json.dumps(account, **layout).replace(damage, broken), encoding="utf-8")
    found, said = read(path)
    assert found == {CHANNEL_ID: [*ALL], 1002: [1]}
    assert said or broken == "x"


@pytest.mark.parametrize("layout", [SPACED, DENSE], ids=["spaced", "dense"])
@pytest.mark.parametrize("earlier", [{"date": "2020-01-01T00:00:00"}, {}], ids=["by day", "by id"])
def test_a_hole_with_the_beginning_of_a_chat_gives_none_the_messages_of_another(
    tmp_path: Path, earlier: dict[str, str], layout: dict[str, Any]
) -> None:
    first = 30 if earlier else 1
    secret = chat([entry(at, f"private {at}", **earlier) for at in range(first, first + 9)], type="personal_chat", id=7)
    account = account_of(chat(POSTS), secret, OTHER)
    written = json.dumps(account, **layout)
    begin, end = written.rindex(" ]} 12"), written.index("private")
    path = tmp_path / "result.json"
    path.write_text(written[: written.rindex("bold", 0, begin)] + written[written.index("plain", end) :], "utf-8")
    assert set(read(path)[0][CHANNEL_ID]) <= set(ALL)  # well-formed, but two messages in one
    for hole in ("", "x", '"', "}"):
        path.write_text(written[:begin] + hole + written[end:], encoding="utf-8")
        found, said = read(path)
        assert set(ALL) - {12} <= set(found[CHANNEL_ID]) <= set(ALL)
        assert found[1002] == [1]
        assert said


@pytest.mark.parametrize("layout", [SPACED, DENSE], ids=["spaced", "dense"])
@pytest.mark.parametrize("zeroed", [True, False], ids=["zeroed", "lost"])
def test_a_chat_whose_beginning_is_lost_is_not_passed_over_in_silence(
    tmp_path: Path, zeroed: bool, layout: dict[str, Any]
) -> None:
    secret = chat([entry(at, f"private {at}") for at in range(1, 6)], type="personal_chat", id=7)
    lost = chat([entry(1, "post 1")])
    written = json.dumps(account_of(secret, lost, OTHER), **layout)
    begin, end = written.index("vate 5"), written.index("st 1")
    path = tmp_path / "result.json"
    path.write_text(written[:begin] + chr(0) * (end - begin) * zeroed + written[end:], encoding="utf-8")
    found, said = read(path)
    assert found == {1002: [1]}
    assert bool(said) == zeroed  # what is lost between two texts leaves no trace


@pytest.mark.parametrize("layout", [SPACED, DENSE], ids=["spaced", "dense"])
@pytest.mark.parametrize("earlier", [{"date": "2022-01-01T00:00:00"}, {}], ids=["by day", "by id"])
def test_a_channel_whose_beginning_is_lost_after_a_chat_that_is_left_out_is_said(
    tmp_path: Path, earlier: dict[str, str], layout: dict[str, Any]
) -> None:
    first = 1 if earlier else 20
    listed = [entry(at, f"private {at}", **earlier) for at in range(first, first + 6)]
    account = [chat(listed, type="personal_chat", id=7), chat([entry(at, f"post {at}") for at in range(6, 13)])]
    account.append(OTHER)
    written = json.dumps({"chats": {"list": account}}, **layout)
    title = written.index('name"', written.index(f"private {first + 5}"))
    end, messages = written.rindex("]", 0, title) + 1, written.index('"messages"', title)
    losses = {
        "ids or days that fall": (written.index(f"private {first + 5}"), "", written.index("post 7")),
        "a second list": (end, ",", messages),
        "a second list and id": (end, ",", written.rindex('"id"', 0, messages)),
        "a word of two": (title, "", messages + 2),
    }
    path = tmp_path / "result.json"
    for what, (begin, joint, stop) in losses.items():
        path.write_text(written[:begin] + joint + written[stop:], encoding="utf-8")
        found, said = read(path)
        assert (what, found, bool(said)) == (what, {1002: [1]}, True)


def test_a_chat_whose_messages_are_lost_is_named(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    for lost in ("messpages", "messages"):
        account = {"about": "", "chats": {"list": [{"name": "a", "type": "public_channel", "id": 5, lost: {"1": 2}}]}}
        path.write_text(json.dumps(account))
        assert [one for one in read(path)[1] if "messages" in one], lost


@pytest.mark.parametrize("layout", [SPACED, DENSE, {"sort_keys": True}], ids=["spaced", "dense", "sorted"])
@pytest.mark.parametrize(
    ("word", "broken"),
    [('"messages"', '"mes{ages"'), ('"type"', '"tyqe"'), ('"public_channel"', '"public\0channel"')],
    ids=["messages", "type", "kind"],
)
def test_a_damaged_byte_in_a_word_of_a_chat_costs_no_channel(
    tmp_path: Path, word: str, broken: str, layout: dict[str, Any]
) -> None:
    """Of the private chat, too: it stays one."""
    secret = chat([entry(at, "private") for at in range(20, 30)], type="personal_chat", id=7)
    account = account_of(secret, chat(POSTS))
    path = tmp_path / "result.json"
    written = json.dumps(account, **layout)
    damaged = written.replace(word, broken).replace('"tyqe": "message"', '"type": "message"')
    path.write_text(damaged.replace('"tyqe":"message"', '"type":"message"'), encoding="utf-8")
    found, said = read(path)
    assert found == {CHANNEL_ID: [*ALL]}
    assert any("it is read as" in one for one in said)


def test_numbers_are_read_as_other_programs_write_them(tmp_path: Path) -> None:
    posts = [entry(at, "a") | {"id": float(at), "date_unixtime": 1_639_612_800.0 + at} for at in ALL]
    for number in (-1_000_000_001_001, "-1000000001001", 1001.0):
        path = tmp_path / "result.json"
        path.write_text(json.dumps(chat(posts, id=number), indent=1))
        assert read(path) == ({CHANNEL_ID: [*ALL]}, [])


@pytest.mark.parametrize("layout", [SPACED, DENSE], ids=["spaced", "dense"])
def test_a_message_left_out_may_have_any_words(tmp_path: Path, layout: dict[str, Any]) -> None:
    """They are no sign of damage."""
    words = ["messages", "name", '"messages": [', {"type": "bold", "text": "messages"}]
    left_out = chat([entry(at, [word]) for at, word in enumerate(words, 1)], type="personal_chat", id=7)
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"about": "", "chats": {"list": [left_out, chat(POSTS)]}}, **layout))
    assert read(path) == ({CHANNEL_ID: [*ALL]}, [])


@pytest.mark.parametrize("layout", [SPACED, DENSE], ids=["spaced", "dense"])
@pytest.mark.parametrize(("key", "broken"), [("chats", "chbts"), ("chats", "chts"), ("list", "l}st"), ("list", "ist")])
def test_a_damaged_key_hides_no_chats_below_it(tmp_path: Path, key: str, broken: str, layout: dict[str, Any]) -> None:
    account = account_of(chat(POSTS), OTHER) | {"contacts": {"about": "", "list": [{"user_id": 7}]}}
    path = tmp_path / "result.json"
    path.write_text(json.dumps(account, **layout).replace(f'"{key}"', f'"{broken}"', 1))
    found, said = read(path)
    assert found == {CHANNEL_ID: [*ALL], 1002: [1]}
    assert said


@pytest.mark.parametrize("layout", [SPACED, DENSE], ids=["spaced", "dense"])
def test_messages_that_became_parts_of_the_one_before_them_are_read(tmp_path: Path, layout: dict[str, Any]) -> None:
    written = json.dumps(chat([entry(at, f"text {at}") for at in ALL]), **layout)
    written = re.sub(r'("text 5"\s*})\s*]\s*}', r"\1", written)  # its array goes on ...
    written = re.sub(r'("text 9"\s*}\s*]\s*})', r"\1]}", written)  # ... up to there
    assert [one["id"] for one in json.loads(written)["messages"]] == [1, 2, 3, 4, 5, 10, 11, 12]
    path = tmp_path / "result.json"
    path.write_text(written)
    found, said = read(path)
    assert set(found[CHANNEL_ID]) >= set(ALL) - {5}
    assert said


@pytest.mark.parametrize("layout", [SPACED, DENSE], ids=["spaced", "dense"])
@pytest.mark.parametrize("damage", ["\0" * 80, "x"], ids=["zeros", "lost"])
def test_a_group_gets_no_messages_with_ids_far_beyond_its_own(
    tmp_path: Path, damage: str, layout: dict[str, Any]
) -> None:
    first, second = (
        chat([entry(at, f"text {at}", from_id="user7") for at in ids], type="private_supergroup", id=channel_id)
        for ids, channel_id in ((ALL, CHANNEL_ID), (range(5000, 5012), 1003))
    )
    written = json.dumps(account_of(first, second, OTHER), **layout)
    begin, end = written.rindex("text 12") + 7, written.index('"date_unixtime"', written.index("1003"))
    path = tmp_path / "result.json"
    path.write_text(written[:begin] + damage + written[end:])
    found, said = read(path)
    assert set(ALL) - {12} <= set(found[CHANNEL_ID]) <= set(ALL)
    assert found[1002] == [1]
    assert said


@pytest.mark.parametrize("below", ['"export":{', '"chats":[{'])
def test_chats_nested_without_end_are_named(tmp_path: Path, below: str) -> None:
    path = tmp_path / "result.json"
    end = "".join(reversed(below.translate(str.maketrans("{[", "}]", 'abcdefghijklmnopqrstuvwxyz":'))))
    path.write_text('{"about":"",' + below * 5_000 + end * 5_000 + "}")
    assert any("nested too deeply" in one for one in read(path)[1])


@pytest.mark.parametrize("layout", [SPACED, DENSE], ids=["spaced", "dense"])
def test_a_block_that_is_there_twice_does_not_end_its_chat(tmp_path: Path, layout: dict[str, Any]) -> None:
    """As where a download went on at an earlier place."""
    written = json.dumps(account_of(chat([entry(at, f"text {at}") for at in ALL]), OTHER), **layout)
    begin, end = written.index("text 3"), written.rindex("text 9") + 4
    path = tmp_path / "result.json"
    path.write_text(written[:end] + written[begin:])
    found, said = read(path)
    assert set(found[CHANNEL_ID]) >= set(ALL) - {9}
    assert found[1002] == [1]
    assert said


def test_a_channel_may_show_who_posts(tmp_path: Path) -> None:
    """An admin, or another channel: also after many deleted posts."""
    authors = {3: "user3", 6: "user6", 1009: "user7", 1010: "channel1001", 1011: "channel1003"}
    ids = [*range(1, 9), *range(1009, 1013)]
    posts = [entry(at, f"text {at}", from_id=authors.get(at, "channel1001")) for at in ids]
    path = tmp_path / "result.json"
    path.write_text(json.dumps(account_of(chat(posts), OTHER), indent=1))
    assert read(path) == ({CHANNEL_ID: ids, 1002: [1]}, [])


@pytest.mark.parametrize("layout", [SPACED, DENSE], ids=["spaced", "dense"])
def test_values_of_other_programs_may_have_the_name_of_a_list_of_messages(
    tmp_path: Path, layout: dict[str, Any]
) -> None:
    counted = {"messages": 12, "of": [{"messages": [1, 2]}, {"messages": []}]}
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"counted": counted, **account_of(chat(POSTS), OTHER), "later": counted}, **layout))
    assert read(path) == ({CHANNEL_ID: [*ALL], 1002: [1]}, [])
    path.write_text(json.dumps({"counted": counted, **chat(POSTS)}, **layout))
    assert read(path) == ({CHANNEL_ID: [*ALL]}, [])
