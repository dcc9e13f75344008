from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import html5lib
import orjson
import pytest

from archiver.errors import UsageError
from archiver.export.formats import html_folder
from archiver.export.formats.local_clock import LocalClock
from archiver.export.verify import check
from archiver.formatting.visible import possible
from tests.exporting import export_as
from tests.hostile import TEXTS, hostile_messages
from tests.sample import CHANNEL, OTHER, build, make_message, photo


def read_page(path: Path) -> Any:
    return html5lib.parse(path.read_bytes(), namespaceHTMLElements=False, transport_encoding="utf-8")


def articles(out: Path) -> list[Any]:
    return [one for page in sorted(out.glob("messages-*.html")) for one in read_page(page).iter("article")]


def text_of(article: Any) -> str:
    found = article.find("div[@class='text']")
    return "".join(found.itertext()) if found is not None else ""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return build(tmp_path / "archive", hostile_messages(), covered=[(1, 60)])


def test_every_message_is_an_article_with_its_text(archive: Path, tmp_path: Path) -> None:
    export_as("html", archive, tmp_path / "out")
    found = articles(tmp_path / "out")
    assert [int(one.attrib["data-message-id"]) for one in found] == [one.message_id for one in hostile_messages()]
    assert [text_of(one) for one in found] == [possible(text) for text in TEXTS for _ in range(2)]
    assert [one.fault for one in check(tmp_path / "out/manifest.json")] == [None, None]


def test_nothing_in_a_page_runs_or_is_fetched(archive: Path, tmp_path: Path) -> None:
    export_as("html", archive, tmp_path / "out")
    for page in (tmp_path / "out").glob("*.html"):
        tree = read_page(page)
        assert not [one for one in tree.iter() if one.tag in ("script", "iframe", "object", "embed", "link", "form")]
        for element in tree.iter():
            assert not [name for name in element.attrib if name.startswith("on") or name in ("style", "src", "srcset")]
            href = element.attrib.get("href", "#")
            assert href.startswith(("#", "messages-", "index.html", "https://t.me/"))
        [policy] = [one for one in tree.iter("meta") if one.attrib.get("http-equiv") == "Content-Security-Policy"]
        assert policy.attrib["content"].startswith("default-src 'none'; style-src 'sha256-")


def test_pages_have_a_thousand_messages_and_lead_to_each_other(tmp_path: Path) -> None:
    reply = orjson.dumps({"reply_to_msg_id": 7}).decode()
    messages = [make_message(number, f"n{number}") for number in range(1, 2002)]
    messages[1500] = make_message(1501, "answer", reply_to=reply)
    messages[8] = make_message(9, "answer on the same page", reply_to=reply)
    archive = build(tmp_path / "archive", messages, covered=[(1, 2001)])
    out = tmp_path / "out"
    export_as("html", archive, out)
    counts = [len(list(read_page(page).iter("article"))) for page in sorted(out.glob("messages-*.html"))]
    assert counts == [1000, 1000, 1]
    second = (out / "messages-0002.html").read_text()
    assert 'rel="prev" href="messages-0001.html"' in second
    assert 'rel="next" href="messages-0003.html"' in second
    assert 'href="messages-0001.html#m1001-7"' in second
    assert 'href="#m1001-7">in reply to' in (out / "messages-0001.html").read_text()
    assert 'rel="next"' not in (out / "messages-0003.html").read_text()


def test_every_link_of_the_index_leads_to_a_place_that_exists(tmp_path: Path) -> None:
    archive = build(tmp_path / "archive", [make_message(9 * number) for number in range(1, 500)], covered=[(1, 5000)])
    export_as("html", archive, tmp_path / "out", zone="Asia/Baghdad")
    index = read_page(tmp_path / "out/index.html")
    targets = [link.attrib["href"] for link in index.iter("a")]
    assert len(targets) > 3
    for target in targets:
        page, _, place = target.partition("#")
        tree = read_page(tmp_path / "out" / page)
        assert not place or [one for one in tree.iter() if one.attrib.get("id") == place]


def test_days_are_those_of_the_zone(tmp_path: Path) -> None:
    archive = build(tmp_path / "archive", [make_message(21 * 60 + 30, "x")], covered=[(1, 2000)])
    export_as("html", archive, tmp_path / "out", zone="Asia/Baghdad")
    page = (tmp_path / "out/messages-0001.html").read_text()
    assert 'id="d2021-12-17"' in page
    assert 'datetime="2021-12-16T21:30:00Z" title="2021-12-16T21:30:00Z">00:30 +03:00' in page


def test_two_exports_are_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    build(archive, [make_message(number, "b", channel_id=1002) for number in range(1, 9)], channel=OTHER)
    for name in ("one", "two"):
        export_as("html", archive, tmp_path / name)
    names = sorted(one.name for one in (tmp_path / "one").iterdir())
    assert names == sorted(one.name for one in (tmp_path / "two").iterdir())
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    page = (tmp_path / "one/messages-0001.html").read_text()
    assert CHANNEL.title in page
    assert OTHER.title in page


def test_an_earlier_export_is_replaced_only_by_force_and_as_a_whole(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_as("html", archive, out)
    with pytest.raises(UsageError, match="earlier export"):
        export_as("html", archive, out, force=False)
    export_as("html", archive, out, force=True)
    assert [one.fault for one in check(out / "manifest.json")] == [None, None]
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def add_note(out: Path) -> None:
    (out / "notes.txt").write_text("mine")


def change_page(out: Path) -> None:
    (out / "messages-0001.html").write_text("mine")


def add_folder(out: Path) -> None:
    (out / "deep/er").mkdir(parents=True)
    (out / "deep/er/notes.txt").write_text("mine")


@pytest.mark.parametrize("change", [add_note, change_page, add_folder])
def test_a_directory_that_holds_anything_of_others_is_never_replaced(
    archive: Path, tmp_path: Path, change: Any
) -> None:
    out = tmp_path / "out"
    export_as("html", archive, out)
    change(out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="not an unchanged export"):
        export_as("html", archive, out, force=True)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_an_empty_directory_is_used_and_a_file_is_not(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert export_as("html", archive, tmp_path / "empty").made is None
    assert export_as("html", archive, tmp_path / "new").made == tmp_path / "new"
    assert (tmp_path / "empty/index.html").exists()
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        export_as("html", archive, tmp_path / "file")


def test_a_changed_page_is_found(archive: Path, tmp_path: Path) -> None:
    export_as("html", archive, tmp_path / "out")
    page = tmp_path / "out/messages-0001.html"
    page.write_bytes(page.read_bytes().replace(b"script", b"scrips", 1))
    assert "has a different SHA-256" in [one.fault for one in check(tmp_path / "out/manifest.json")]


def test_an_empty_export_has_an_index_that_says_so(tmp_path: Path) -> None:
    archive = build(tmp_path / "archive", [], covered=[(1, 1)])
    export_as("html", archive, tmp_path / "out")
    assert "No message is in the range." in (tmp_path / "out/index.html").read_text()
    assert re.findall("messages-", (tmp_path / "out/index.html").read_text()) == []


def test_what_a_killed_export_left_is_removed_by_the_next_one(archive: Path, tmp_path: Path) -> None:
    left = tmp_path / f".telekeep-{'0' * 32}.part"
    (left / "deep").mkdir(parents=True)
    (left / "deep/page.html").write_text("half")
    mine = tmp_path / ".telekeep-mine.part"
    mine.mkdir()
    export_as("html", archive, tmp_path / "out")
    assert not left.exists()
    assert mine.exists()


def test_an_error_leaves_nothing_behind(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise RuntimeError

    monkeypatch.setattr(html_folder, "to_article", fail)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(RuntimeError):
        export_as("html", archive, tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before


def test_names_in_a_heading_keep_their_order_whatever_their_direction(tmp_path: Path) -> None:
    first = replace(CHANNEL, title="\u062c\u0633\u0631")
    archive = build(tmp_path / "archive", [make_message(1)], channel=first, covered=[(1, 1)])
    build(archive, [make_message(1, channel_id=1002)], channel=OTHER, covered=[(1, 1)])
    export_as("html", archive, tmp_path / "out")
    for name in ("index.html", "messages-0001.html"):
        page = read_page(tmp_path / "out" / name)
        [heading] = page.iter("h1")
        assert [one.text for one in heading] == [first.title, OTHER.title]
        assert {one.tag for one in heading} == {"bdi"}


@pytest.mark.parametrize(("zone", "said"), [("UTC", "UTC"), ("Asia/Baghdad", "to see it in UTC")])
def test_the_index_says_only_of_another_zone_that_utc_can_be_seen(tmp_path: Path, zone: str, said: str) -> None:
    archive = build(tmp_path / "archive", [make_message(1)], covered=[(1, 1)])
    export_as("html", archive, tmp_path / "out", zone=zone)
    facts = read_page(tmp_path / "out/index.html").find("body/main/dl")
    told = {name.text: "".join(value.itertext()) for name, value in zip(facts[::2], facts[1::2], strict=True)}
    assert told["Times"].endswith(said)
    assert (";" in told["Times"]) == (zone != "UTC")
    assert told["Proof"].endswith("; check it with telekeep verify")


def test_facts_and_marks_above_a_text_are_parted_in_the_text_too(tmp_path: Path) -> None:
    gone = "UPDATE message SET missing_since = 1640000000, missing_how = 'audit', pinned = 1 WHERE message_id = 1"
    archive = build(tmp_path / "archive", [make_message(1, "gone")], covered=[(1, 1)], sql=[gone])
    export_as("html", archive, tmp_path / "out")
    [article] = articles(tmp_path / "out")
    head = article.find("header")
    assert "".join(head.itertext()).split(" · ")[1:] == [
        "t.me/NightBridge/1",
        "deleted or no longer visible, noticed 2021-12-20 11:33 UTC",
        "pinned",
    ]
    assert [one.attrib["class"] for one in head.iter("span")] == ["state gone", "state"]


def test_what_is_said_of_a_file_keeps_its_order_whatever_the_direction_of_its_name(tmp_path: Path) -> None:
    sound = photo(kind="audio", mime="audio/mpeg", file_name="01.mp3", title="لحن", size=9_000_000, duration=237.0)
    archive = build(tmp_path / "archive", [make_message(1, media=[replace(sound, width=None)])], covered=[(1, 1)])
    export_as("html", archive, tmp_path / "out")
    [note] = articles(tmp_path / "out")[0].iter("li")
    assert [one.text for one in note.iter("bdi")] == ["audio 01.mp3", '"لحن"', "3:57", "9.0 MB", "not downloaded"]
    assert "".join(note.itertext()) == 'audio 01.mp3, "لحن", 3:57, 9.0 MB, not downloaded'


def test_bounds_are_told_on_the_clocks_of_the_zone_and_in_utc() -> None:
    first_of_june = 1_717_189_200
    assert LocalClock("Europe/Kyiv").bound(first_of_june) == "2024-06-01 00:00 +03:00 (2024-05-31T21:00:00Z)"
    assert LocalClock("UTC").bound(first_of_june) == "2024-05-31T21:00:00Z"
    assert LocalClock("Europe/Kyiv").bound(None) is None
