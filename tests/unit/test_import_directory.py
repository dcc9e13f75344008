"""A directory that is no export itself: what is in it is named, with the command that imports it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.imports.detect import open_source
from archiver.imports.look_below import list_unread
from tests.exporting import append_as, export_as
from tests.importing import chat, entry
from tests.sample import build, connect, make_message

EXPORT = json.dumps(chat([entry(1, "a")]))


def made(directory: Path, *names: str) -> Path:
    """A directory with these files, each an export."""
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(EXPORT)
    return directory


CASES = [
    (("a/result.json", "b/messages.html"), "not an export, but contains 2 (a, b)", "Import each separately", "a"),
    (("x/Chat 1/result.json",), "not an export, but contains one (x/Chat 1)", "Import that", "x/Chat 1"),
    (("ChatExport.tar.gz",), "a directory without the files of an export", "Give the file", "ChatExport.tar.gz"),
    (("night.json", "photos/a.jpg"), "a directory without the files of an export", "Give the file", "night.json"),
]


@pytest.mark.parametrize(("names", "what", "hint", "best"), CASES)
def test_it_is_said_what_a_directory_contains_and_how_to_import_it(
    tmp_path: Path, names: tuple[str, ...], what: str, hint: str, best: str
) -> None:
    path = made(tmp_path / "d", *names)
    with pytest.raises(UsageError) as caught:
        open_source(path, None)
    assert str(caught.value).startswith(f"{path} is {what}")
    assert (caught.value.hint or "").startswith(hint)
    assert str(path / best) in (caught.value.hint or "")
    assert open_source(path / best, None).format == "desktop-json" if best.endswith(("json", "1", "a")) else True


def test_links_are_not_followed_and_an_empty_directory_is_called_empty(tmp_path: Path) -> None:
    inside = tmp_path / "d"
    inside.mkdir()
    with pytest.raises(UsageError, match="is an empty directory"):
        open_source(inside, None)
    made(tmp_path / "outside", "result.json")
    (inside / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(UsageError, match="is not an export that telekeep can read"):
        open_source(inside, None)


@pytest.mark.parametrize("text", ["\n".join(json.dumps(entry(at, "a")) for at in (1, 2)), json.dumps([entry(1, "a")])])
def test_messages_without_their_chat_are_called_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "messages.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="is messages of Telegram Desktop without their chat"):
        open_source(path, None)


@pytest.mark.parametrize(
    ("path", "is_address"), [("https://t.me/x", True), ("t.me/x", True), ("@x", True), ("x", False)]
)
def test_the_address_of_a_channel_is_no_file_but_says_how_to_mirror_it(path: str, *, is_address: bool) -> None:
    with pytest.raises(UsageError, match="does not exist") as caught:
        open_source(Path(path), None)
    assert ("`telekeep add`" in (caught.value.hint or "")) == is_address


@pytest.mark.parametrize(
    ("beside", "unread"),
    [
        (("messages.html", "files/notes.csv", "manifest.json", "chats/chat_01/result.json"), []),
        (("result (1).json", "all.jsonl", "all.jsonl.manifest.json"), ["all.jsonl", "result (1).json"]),
        (("ChatExport_2024-01-02 (1)/result.json", "old/messages.html"), ["ChatExport_2024-01-02 (1)", "old"]),
    ],
)
def test_what_else_in_the_directory_of_an_export_may_be_one_is_listed(
    tmp_path: Path, beside: tuple[str, ...], unread: list[str]
) -> None:
    path = made(tmp_path / "d", "result.json", *beside)
    assert list_unread(path, open_source(path, None).parts) == unread


def test_files_of_a_series_are_no_other_exports(tmp_path: Path) -> None:
    archive, path = build(tmp_path / "archive", [make_message(1, "a")]), tmp_path / "rows"
    export_as("jsonl", archive, path / "all.jsonl")
    with closing(connect(archive)) as conn:
        conn.execute("UPDATE message SET views = 5")
    append_as("jsonl", archive, path / "all.jsonl")
    (path / "other.csv").write_text("channel_id,message_id\n")
    read = open_source(path, None).parts
    assert [one.name for one in read] == ["all_0002.jsonl", "all.jsonl"]
    assert list_unread(path, read) == ["other.csv"]
    link = tmp_path / "link"
    link.symlink_to(path)
    assert list_unread(link, read) == ["other.csv"]


def test_a_web_page_called_result_json_is_no_export(tmp_path: Path) -> None:
    path = made(tmp_path / "d", "result.json")
    (path / "result.json").write_text("<!DOCTYPE html><title>Sign in</title>")
    with pytest.raises(UsageError, match=r"a directory whose result\.json is a web page"):
        open_source(path, None)
