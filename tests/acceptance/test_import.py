"""An export before there is an account: searched, then mirrored, then proven; and what each exit status says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.acceptance.desk import Desk, Telegram
from tests.importing import chat, entry, write_json

NAME = "quiet_b"


def exported(telegram: Telegram, path: Path) -> list[dict[str, Any]]:
    """A colleague's export of a channel: one post of it has since been edited, and one was deleted."""
    truth = [row for row in telegram.truth(NAME) if row.get("kind") == "message"]
    number = telegram.channel_id(NAME)
    listed = [_as_desktop(row, number) for row in truth]
    listed[0] = entry(listed[0]["id"], "the words before the edit") | {"date_unixtime": listed[0]["date_unixtime"]}
    write_json(path, chat(listed, id=number, name="Quiet"))
    return listed


def _as_desktop(row: dict[str, Any], number: int) -> dict[str, Any]:
    return entry(row["id"], row["text"] or "", date_unixtime=str(row["date"]), from_id=f"channel{number}")


def test_a_colleagues_export_is_searched_at_once_and_mirrored_later(
    desk: Desk, telegram: Telegram, tmp_path: Path
) -> None:
    folder = tmp_path / "ChatExport_2026-01-31"
    folder.mkdir()
    listed = exported(telegram, folder / "result.json")
    count, post = len(listed), f"{NAME}/{listed[0]['id']}"

    tried = desk.do("import", str(folder), "--dry-run", "--json")
    assert (json.loads(tried.out)["new"], json.loads(tried.out)["dry_run"]) == (count, True)
    assert not (desk.archive / "archive.db").exists()

    done = desk.do("import", str(folder), "--channel", f"@{NAME}", "--json")
    assert (json.loads(done.out)["new"], json.loads(done.out)["exit_status"]) == (count, 0)
    [channel] = desk.do("channels", "--jsonl").rows
    assert (channel["state"], channel["username"]) == ("imported", NAME)
    found = desk.run("search", "words before the edit", "--jsonl")
    assert [row["message_id"] for row in found.rows] == [listed[0]["id"]]
    assert "known only from imports" in found.err
    shown = desk.do("show", post, "--jsonl").rows[0]
    assert [one["file"] for one in shown["imports"]] == ["result.json"]
    assert "not seen on Telegram by telekeep" in desk.on_terminal("show", post)
    exports = desk.run("export", "-o", "all.jsonl", "--json")
    assert "known only from imports" in json.loads(exports.out)["channels"][0]["reasons"][0]
    desk.do("verify")

    assert f"known only from imports; `telekeep add @{NAME}` mirrors it" in desk.run("channels").err
    unmirrored = desk.run("sync", NAME)
    assert f"not mirrored. `telekeep add @{NAME}` mirrors it." in unmirrored.err
    assert "in the archive, from imports" in desk.on_terminal("gaps", NAME)
    assert "window" not in desk.on_terminal("status", NAME)
    assert "no channels yet" not in desk.run("remove", "nobody_here").err
    for said in (desk.do("status").err, desk.run("health").err):
        assert "no channel is mirrored" in said
        assert "telekeep run" not in said
    added = desk.do("add", f"@{NAME}").err
    assert "added; what was imported is kept; the import has the title Quiet." in added
    [begun] = json.loads(desk.do("status", "--json").out)["channels"]
    assert (begun["held"], begun["imported_alone"], begun["coverage"], begun["outside"]) == (count, count, None, 0)
    desk.run("sync")
    moved = [row["description"] for row in desk.do("changes", "--jsonl").rows if row["kind"] == "state"]
    assert moved == ["imported -> active"]
    [channel] = desk.do("channels", "--jsonl").rows
    assert channel["state"] == "active"
    assert "other content in the import of result.json" in desk.on_terminal("search", "in:revisions words before")
    history = desk.do("history", post, "--json").rows[0]
    first, last = history["versions"]
    assert (first["text"], first["import"]["file"], last["import"]) == (
        "the words before the edit",
        "result.json",
        None,
    )
    assert desk.query("SELECT count(*) FROM message WHERE layer = 0 AND missing_since IS NULL") == [(0,)]
    again = desk.do("import", str(folder), "--json")
    assert (json.loads(again.out)["new"], json.loads(again.out)["differing"]) == (0, 0)
    desk.do("verify")


def test_each_exit_status_says_what_became_of_the_file(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    path = write_json(tmp_path / "result.json", chat([entry(1, "one"), entry(2, "two")]))
    path.write_bytes(path.read_bytes()[:-100])
    done = desk.run("import", str(path))
    assert done.status == 3
    assert "the file ends too early" in done.err
    assert desk.query("SELECT text FROM message") == [("one",)]
    assert desk.run("import", str(write_json(tmp_path / "empty.json", chat([])))).status == 1
    mine = write_json(tmp_path / "mine.json", chat([entry(1, "private")], type="personal_chat"))
    done = desk.run("import", str(mine))
    assert (done.status, "a personal chat" in done.err, "private" in done.err) == (2, True, False)
    (tmp_path / "foreign").write_text("no export")
    for wrong in ("foreign", "nowhere"):
        assert desk.run("import", str(tmp_path / wrong)).status == 2


def test_before_a_large_file_is_looked_through_a_line_says_so(desk: Desk, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(101_000_000)
    done = desk.run("import", str(large), "--dry-run")
    assert done.status == 2
    assert done.err.startswith(f"reading {large} (101 MB) once to the end")


def test_a_colleagues_archive_is_merged_with_what_it_proves_and_mirrored_from_there(desk: Desk, tmp_path: Path) -> None:
    theirs, extract = tmp_path / "theirs", tmp_path / "extract.db"
    desk.do("add", f"@{NAME}")
    desk.run("sync")
    desk.do("export", NAME, "--format", "sqlite", "-o", str(extract))
    [(count,)] = desk.query("SELECT count(*) FROM message")
    session = (desk.archive / "session").read_bytes()
    desk.archive.rename(theirs)

    tried = json.loads(desk.do("import", str(theirs), "--dry-run", "--json").out)
    assert (tried["format"], tried["new"], tried["dry_run"]) == ("telekeep", count, True)
    assert not desk.archive.exists()
    done = json.loads(desk.do("import", str(theirs), "--json").out)
    assert (done["new"], done["channels"][0]["merged"]["whole"], done["archive"]["accounts"]) == (
        count,
        True,
        ["default"],
    )
    [channel] = desk.do("channels", "--jsonl").rows
    assert channel["state"] == "imported"
    exported = json.loads(desk.do("export", "-o", "all.jsonl", "--json").out)
    assert exported["channels"][0]["complete"]
    shown = desk.do("show", f"{NAME}/1", "--jsonl").rows[0]
    assert [one["format"] for one in shown["imports"]] == ["telekeep"]
    for path in (theirs, extract):
        again = json.loads(desk.do("import", str(path), "--json").out)
        assert (again["new"], again["same"]) == (0, count)
    itself = desk.run("import", str(desk.archive))
    assert (itself.status, "this archive itself" in itself.err) == (2, True)
    none = desk.run("import", str(theirs), "--channel", "@nobody_here")
    assert (none.status, "It has: " in none.err) == (2, True)
    desk.do("verify")

    (desk.archive / "session").write_bytes(session)
    desk.do("add", f"@{NAME}")
    desk.run("sync")
    [channel] = desk.do("channels", "--jsonl").rows
    assert channel["state"] == "active"
    assert desk.query("SELECT count(*) FROM message WHERE import_id IS NULL") == [(0,)]
    desk.do("verify")
