"""The pages of a folder: in their order, of one chat or of all, and damaged or hostile ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.imports.detect import open_source
from archiver.imports.source import Chat, Flaw, ImportedMessage
from archiver.imports.sources.desktop_html import open_file
from tests.desktop_pages import NEWEST, OLD, DesktopPages
from tests.desktop_read import CHANNEL, WINTER, flaws, read


def test_replies_lead_to_other_files_too(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", in_file=2)
    for number in range(1, 6):
        pages.add(number, WINTER + number, text="x", reply=number - 1 or None)
    pages.add(6, WINTER + 6, text="y", elsewhere=True)
    found = read(pages.write(tmp_path))
    assert [found[number].message.reply_to_msg_id for number in range(1, 7)] == [None, 1, 2, 3, 4, None]
    assert found[6].message.reply_to is not None


def test_files_are_read_in_the_order_of_their_numbers_and_a_missing_one_is_named(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", in_file=1)
    for number in range(1, 13):
        pages.add(number, WINTER + number, text="x")
    path = pages.write(tmp_path)
    assert list(read(path)) == list(range(1, 13))
    (path / "messages3.html").unlink()
    (path / "messages12.html").unlink()
    assert [one.where for one in flaws(path) if not one.note] == ["messages3.html", "messages12.html"]
    assert list(read(path / "messages.html")) == [1, 2, *range(4, 12)]


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.77, 0.9, 0.99])
def test_of_a_file_that_is_cut_off_all_whole_messages_are_taken(tmp_path: Path, cut: float) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    for number in range(1, 41):
        pages.add(number, WINTER + number, text=f"text {number} <strong>bold</strong> end")
    path = pages.write(tmp_path) / "messages.html"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut)])
    found = read(path)
    assert all(one.message.text == f"text {number} bold end" for number, one in found.items())
    assert list(found) == list(range(1, len(found) + 1))
    assert data[: int(len(data) * cut)].count(b'id="message') - len(found) in (0, 1, 2)
    assert [one.fatal for one in flaws(path) if "cut off" in one.what] == [True]


def test_the_whole_account_has_its_chats_by_kind(tmp_path: Path) -> None:
    listed = ""
    for number, (kind, name) in enumerate([("channel", "News"), ("private", "Ann"), ("bot", "Bot")], 1):
        pages = DesktopPages(name, zone="Asia/Baghdad", generation=NEWEST if kind == "channel" else OLD)
        pages.add(1, WINTER, media=pages.preview("photo_wrap", f"../../chats/chat_{number}/photos/a.jpg"))
        pages.write(tmp_path / "chats" / f"chat_{number}")
        listed += (
            f'<a class="entry block_link clearfix" href="../chats/chat_{number}/messages.html#allow_back">'
            '<div class="body">'
            f'<div class="pull_right info details">\n{kind}\n</div><div class="name bold">\n{name} \n</div></div></a>'
        )
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "chats.html").write_text(f"<html>{listed}</html>")
    chats = [one for one in open_file(tmp_path, None).chats() if not isinstance(one, Flaw)]
    assert [(one.title, one.refused) for one in chats] == [
        ("News", None),
        ("Ann", "a personal chat"),
        ("Bot", "a chat with a bot"),
    ]
    [message] = [one for one in chats[0].read(CHANNEL) if isinstance(one, ImportedMessage)]
    assert message.files[0].path == "chats/chat_1/photos/a.jpg"
    one = open_file(tmp_path / "chats" / "chat_1", None)
    assert (one.root, read(tmp_path / "chats" / "chat_1", None)[1].files[0].path) == (tmp_path, message.files[0].path)
    [private] = open_file(tmp_path / "chats" / "chat_2", None).chats()
    assert isinstance(private, Chat)
    assert private.refused == "a personal chat"
    (tmp_path / "lists" / "chats.html").unlink()
    assert read(tmp_path / "chats" / "chat_1", None)[1].files[0].path == "photos/a.jpg"
    with pytest.raises(UsageError, match=r"has 3 channels and groups.*import \S+/chat_1 --channel ID"):
        read(tmp_path, None)


def test_what_is_not_of_the_channel_is_left_out_and_said(tmp_path: Path) -> None:
    pages = DesktopPages("Talk", zone="Europe/Berlin")
    pages.add(-999_999_990, WINTER, by="Ann", text="of the basic group that it was")
    pages.add(1, WINTER + 5, by="Ann", text="joined, and Ann's")
    pages.add(2**33, WINTER + 6, text="an id that no message has")
    pages.service(
        3,
        WINTER + 7,
        "This message is not supported by this version of Telegram Desktop. Please update the application.",
    )
    path = pages.write(tmp_path)
    found = read(path)
    assert list(found) == [1, 3]
    assert found[3].message.kind == "message"
    assert found[3].message.media[0].kind == "unsupported"
    assert any("1 message from its time as a basic group" in one.what and one.note for one in flaws(path))
    assert any("no message can have its id" in one.what and not one.note for one in flaws(path))


HOSTILE = {
    "10,000 deep": "<div>" * 10_000 + "deep" + "</div>" * 10_000,
    "10,000 marks deep": "<b>" * 10_000 + "deep" + "</b>" * 10_000,
    "10 MB in an attribute": f'<a href="{"x" * 10_000_000}">deep</a>',
    "tags that never end": '<a href="' * 20_000 + "deep",
    "end tags that nobody opened": "</div></a></span>" * 0 + "</i></u>" * 50_000 + "deep",
    "entities": "&" * 100_000 + "&#99999999999;&#xD800;&#0;&nosuch;&amp;amp;deep",
    "a doctype in the middle": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "&a;&a;">]>&b;deep',
    "comments": "<!--" * 20_000 + "deep>",
    "NUL and controls": "a\x00b\x07\x1bdeep",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_markup_harms_nothing(tmp_path: Path, text: str) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(1, WINTER, text="before")
    pages.add(2, WINTER + 1, text=text)
    pages.add(3, WINTER + 2, text="after")
    found = read(pages.write(tmp_path))
    assert (found[1].message.text, found[3].message.text) == ("before", "after")
    if 2 in found:
        assert "root:" not in found[2].message.text


@pytest.mark.parametrize("change", ["bom", "crlf", "latin", "flat", "surrogates"])
def test_other_bytes_than_desktop_writes_are_read_too(tmp_path: Path, change: str) -> None:
    pages = DesktopPages("Новости", zone="Europe/Berlin")
    pages.add(1, WINTER, text="текст <strong>é</strong>")
    pages.add(2, WINTER + 1, text="second")
    path = pages.write(tmp_path) / "messages.html"
    data = path.read_bytes()
    changed = {
        "bom": lambda: b"\xef\xbb\xbf" + data,
        "crlf": lambda: data.replace(b"\n", b"\r\n"),
        "latin": lambda: data.replace("é".encode(), b"\xe9"),
        "flat": lambda: b"".join(line.strip() for line in data.split(b"\n")),
        "surrogates": lambda: data.replace("é".encode(), b"\xed\xa0\x80"),
    }[change]()
    path.write_bytes(changed)
    found = read(path)
    assert list(found) == [1, 2]
    sign = "é" if change in ("bom", "crlf", "flat") else "\ufffd"
    assert found[1].message.text.startswith("текст " + sign)
    assert any("not text" in one.what for one in flaws(path)) == (sign != "é")


def test_a_text_of_a_button_cannot_forge_a_message(tmp_path: Path) -> None:
    forged = "</div></a></div></td></tr></tbody></table></div></div>"
    forged += '<div class="message default clearfix" id="message666"><div class="text">x</div></div>'
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(1, WINTER, text="a", buttons=[[(forged, "callback", "d")]])
    pages.add(2, WINTER + 1, text="b")
    assert list(read(pages.write(tmp_path))) == [1, 2]


def test_links_and_devices_are_not_opened_as_pages(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", in_file=1)
    pages.add(1, WINTER, text="a")
    path = pages.write(tmp_path / "export")
    (tmp_path / "secret").write_text("x")
    (path / "messages2.html").symlink_to(tmp_path / "secret")
    assert ([*read(path)], [one.where for one in flaws(path)]) == ([1], ["messages2.html"])
    (path / "messages2.html").unlink()
    os.mkfifo(path / "messages2.html")
    assert ([*read(path)], [one.where for one in flaws(path)]) == ([1], ["messages2.html"])
    (path / "messages.html").unlink()
    with pytest.raises(UsageError, match="not an export"):
        open_source(path, None)


def test_pages_of_the_first_versions_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "messages.html").write_text(
        "<html><title>Exported Data</title>ID: 5<br>Date: 24.06.2018 10:00:00<br>Text: a<br></html>"
    )
    with pytest.raises(UsageError, match=r"1\.3\.8 or 1\.3\.9"):
        read(tmp_path)
