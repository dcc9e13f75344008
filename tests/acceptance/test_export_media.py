"""`export --media`: files beside the data, or in words why not; nothing replaced that is not ours; verified by PATH."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archiver.mirror.rebuild_search import prepare_search
from archiver.model.media_file import FileKey, blob_path
from archiver.store.database import Database
from archiver.store.media import file as files
from tests.acceptance.desk import Desk, until
from tests.sample import build, make_message, photo
from tests.stored_files import store_file

STORED = 5
HOSTILE = "..\\..\\<a>|con.exe\x00\x1b[31m/../x"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Posts 1 to 5 have stored pictures, 6 shows that of 5 again, 7 one that is too big, 8 one that is not wanted."""
    archive = tmp_path_factory.mktemp("stored") / "archive"
    media = {at: picture(at) for at in range(1, 9)} | {6: picture(5)}
    media[2] = dataclasses.replace(media[2], kind="document", mime="text/html", file_name=HOSTILE)
    posts = [make_message(at, f"post {at}", media=(media[at],)) for at in media]
    raw = posts[1].raw + HOSTILE.encode()  # a name with a zero character is believed if the payload has it
    posts[1] = dataclasses.replace(posts[1], raw=raw, payload_sha256=hashlib.sha256(raw).digest())
    build(archive, posts, covered=[(1, 8)])
    asyncio.run(store(archive))
    return archive


def picture(number: int) -> Any:
    return dataclasses.replace(photo(), id=str(number))


def content(number: int) -> bytes:
    return f"picture {number}".encode() * 1000


async def store(archive: Path) -> None:
    async with await Database.open(archive) as database:
        await prepare_search(database)
        for at in range(1, STORED + 1):
            await store_file(database, f"{'document' if at == 2 else 'photo'}/{at}", content(at))
        await database.write(files.settle_failed, FileKey("photo/7"), status="too big", reason="31 MB", now=1)


@pytest.fixture
def desk(stored: Path, tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "desk")
    shutil.copytree(stored, desk.archive)
    return desk


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def slots(path: Path) -> list[dict[str, Any]]:
    return [row["media"][0] for row in rows(path)]


def listed(path: Path) -> list[str]:
    return sorted(one.name for one in path.iterdir())


def tree(path: Path) -> dict[str, bytes]:
    return {str(one.relative_to(path)): one.read_bytes() for one in sorted(path.rglob("*")) if one.is_file()}


def expected() -> dict[str, bytes]:
    names = {at: f"{at}-0-{hashlib.sha256(content(at)).hexdigest()[:16]}" for at in range(1, STORED + 1)}
    return {f"1001/{name}.{'bin' if at == 2 else 'jpg'}": content(at) for at, name in names.items()}


@pytest.mark.parametrize("how", ["copy", "link"])
def test_each_stored_content_is_there_once_and_what_is_not_stored_is_said(desk: Desk, how: str) -> None:
    done = desk.do("export", "-o", "out/day.jsonl", "--media", how, "--json")
    out = desk.home / "out"
    assert tree(out / "day.jsonl.media") == expected()
    for path in (out / "day.jsonl.media").rglob("*.*"):
        assert path.stat().st_nlink == (2 if how == "link" else 1)
    shown = slots(out / "day.jsonl")
    assert [(out / str(slot["path"])).read_bytes() for slot in shown[:6]] == [*map(content, range(1, 6)), content(5)]
    assert [(slot["path"], slot["status"], slot["reason"]) for slot in shown[6:]] == [
        (None, "too big", "31 MB"), (None, "not downloaded", None)
    ]  # fmt: skip
    media = json.loads((out / "manifest.json").read_text())["media"]
    assert (media["mode"], media["directory"]) == (how, "day.jsonl.media")
    assert media["not_stored"] == {"not downloaded": 1, "too big": 1}
    for file in media["files"]:
        data = (out / file["path"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert "files not stored (each row has the status): not downloaded 1, too big 1" in done.err
    assert json.loads(done.out)["media"]["files"] == STORED
    verified = desk.do("verify", "out")
    assert "day.jsonl.media\t0\tok\n" in verified.out
    assert "5 files" in verified.err


def test_without_media_the_manifest_and_the_directory_know_nothing_of_files(desk: Desk) -> None:
    desk.do("export", "-o", "out/day.jsonl")
    assert listed(desk.home / "out") == ["day.jsonl", "manifest.json"]
    assert "media" not in json.loads((desk.home / "out/manifest.json").read_text())
    assert slots(desk.home / "out/day.jsonl")[0]["path"] == blob_path(hashlib.sha256(content(1)).hexdigest())


@pytest.mark.parametrize(("name", "shown"), [("html", "src="), ("markdown", "]("), ("desktop-json", '"photo":')])
def test_other_formats_lead_to_the_files(desk: Desk, name: str, shown: str) -> None:
    out = desk.home / "out"
    desk.do("export", "--format", name, "-o", "out/" if name != "html" else "out", "--media", "copy")
    directory = next(one for one in out.iterdir() if one.is_dir())
    assert tree(directory) == expected()
    texts = "".join(one.read_text() for one in out.iterdir() if one.suffix in {".html", ".md", ".json"})
    assert f"{directory.name}/1001/1-0-" in texts
    assert shown in texts
    desk.do("verify", "out")


def test_the_same_command_gives_the_same_bytes(desk: Desk) -> None:
    desk.do("export", "-o", "one/day.jsonl", "--media", "copy")
    desk.do("export", "-o", "two/day.jsonl", "--media", "copy")
    one, two = tree(desk.home / "one"), tree(desk.home / "two")
    for found in (one, two):
        manifest = json.loads(found.pop("manifest.json"))
        found["manifest"] = json.dumps({**manifest, "exported_at": ""}).encode()
    assert one == two


def test_a_lost_and_a_damaged_file_are_left_out_and_said(desk: Desk) -> None:
    lost, damaged = (desk.archive / blob_path(hashlib.sha256(content(at)).hexdigest()) for at in (1, 3))
    lost.unlink()
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    for how in ("copy", "link"):
        done = desk.run("export", "-o", "out/day.jsonl", "--media", how, "--force")
        assert done.status == 0
        named = [
            f"{path.relative_to(desk.archive)} (shown by NightBridge/{at})" for path, at in ((lost, 1), (damaged, 3))
        ]
        assert f"2 files that should be stored are missing or damaged, and left out: {', '.join(named)}." in done.err
        assert "`telekeep verify --media` checks all" in done.err
        shown = slots(desk.home / "out/day.jsonl")
        assert [(slot["path"], slot["status"], slot["reason"]) for slot in (shown[0], shown[2])] == [
            (None, "failed", "the stored copy is missing"), (None, "failed", "the stored copy is damaged")
        ]  # fmt: skip
        assert len(tree(desk.home / "out/day.jsonl.media")) == STORED - 2
        assert json.loads((desk.home / "out/manifest.json").read_text())["media"]["not_stored"]["failed"] == 2
        desk.do("verify", "out")


def test_verify_finds_a_file_that_changed_or_vanished(desk: Desk) -> None:
    desk.do("export", "-o", "out/day.jsonl", "--media", "copy")
    first, second, *_ = sorted((desk.home / "out/day.jsonl.media").rglob("*.*"))
    first.write_bytes(b"x" * first.stat().st_size)
    second.unlink()
    done = desk.run("verify", "out")
    assert done.status == 6
    assert f"{first.name}\t0\thas a different SHA-256" in done.out
    assert f"{second.name}\t0\tdoes not exist" in done.out
    assert "(2 of 6 files failed)" in done.err
    assert f"day.jsonl.media: {STORED - 2} of {STORED} files are as they were exported" in done.err


def test_an_earlier_export_is_replaced_with_its_files_and_nothing_else_is(desk: Desk) -> None:
    out = desk.home / "out"
    desk.do("export", "-o", "out/day.jsonl", "--media", "copy")
    refused = desk.run("export", "-o", "out/day.jsonl", "--media", "copy")
    assert (refused.status, "--force replaces it" in refused.err) == (2, True)
    desk.do("export", "-o", "out/day.jsonl", "--media", "copy", "--query", "id:1..2", "--force")
    assert len(tree(out / "day.jsonl.media")) == 2
    (out / "day.jsonl.media/notes.txt").write_text("ours")
    before = tree(out)
    refused = desk.run("export", "-o", "out/day.jsonl", "--media", "copy", "--force")
    assert refused.status == 2
    assert "holds files that are not of an earlier export, such as notes.txt; they are not replaced." in refused.err
    assert tree(out) == before
    (out / "day.jsonl.media/notes.txt").unlink()
    desk.do("export", "-o", "out/day.jsonl", "--force")
    assert listed(out) == ["day.jsonl", "manifest.json"]


def test_files_of_an_export_that_a_kill_left_without_its_manifest_can_be_replaced(desk: Desk) -> None:
    out = desk.home / "out"
    desk.do("export", "-o", "out/day.jsonl", "--media", "copy")
    (out / "manifest.json").unlink()
    (out / "day.jsonl").unlink()
    refused = desk.run("export", "-o", "out/day.jsonl", "--media", "copy")
    assert (refused.status, "day.jsonl.media already exists" in refused.err) == (2, True)
    desk.do("export", "-o", "out/day.jsonl", "--media", "copy", "--force")
    first = min((out / "day.jsonl.media").rglob("*.jpg"))
    (out / "manifest.json").unlink()
    first.write_bytes(b"edited by somebody")
    refused = desk.run("export", "-o", "out/day.jsonl", "--media", "copy", "--force")
    assert (refused.status, first.name in refused.err) == (2, True)
    assert first.read_bytes() == b"edited by somebody"


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_directory_is_not_replaced(desk: Desk, kind: str) -> None:
    out = desk.home / "out"
    out.mkdir()
    if kind == "file":
        (out / "day.jsonl.media").write_text("ours")
    else:
        (out / "day.jsonl.media").symlink_to(desk.archive / "media")
    refused = desk.run("export", "-o", "out/day.jsonl", "--media", "copy", "--force")
    assert (refused.status, "is not a directory and is not replaced" in refused.err) == (2, True)
    assert listed(out) == ["day.jsonl.media"]


def test_links_to_another_file_system_are_copies_and_a_line_says_so(desk: Desk) -> None:
    places = [Path("/dev/shm"), Path("/tmp")]  # noqa: S108 another file system, where there is one
    here = desk.archive.stat().st_dev
    other = [place for place in places if os.access(place, os.W_OK) and place.stat().st_dev != here]
    if not other:
        pytest.skip("there is no other file system")
    out = other[0] / f"telekeep-test-{os.getpid()}"
    try:
        done = desk.do("export", "-o", str(out / "day.jsonl"), "--media", "link")
        assert "files are copied instead of linked: hard links are possible only on the disk that has" in done.err
        assert "5 files copied" in done.err
        assert tree(out / "day.jsonl.media") == expected()
    finally:
        shutil.rmtree(out, ignore_errors=True)


@pytest.mark.parametrize("out", ["-", "/dev/stdout", "/dev/null"])
def test_a_stream_has_no_place_for_files(desk: Desk, out: str) -> None:
    done = desk.run("export", "-o", out, "--media", "copy")
    assert (done.status, done.out) == (2, "")
    assert "--media copy needs a data file, since the files go beside it. Use -o FILE." in done.err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupt_or_a_kill_leaves_everything_as_it_was(desk: Desk, how: signal.Signals) -> None:
    out = desk.home / "out"
    desk.do("export", "-o", "out/day.jsonl", "--media", "copy")
    before = tree(out)
    huge = "ff" * 32
    place = desk.archive / blob_path(huge)
    place.parent.mkdir(exist_ok=True)
    with place.open("wb") as file:
        file.truncate(200 << 30)  # without a block on disk: it takes minutes to read
    change(
        desk, "UPDATE media SET path = ?, sha256 = ?, status = 'downloaded' WHERE message_id = 8", blob_path(huge), huge
    )
    running = desk.start("export", "-o", "out/day.jsonl", "--media", "link", "--force")
    until(lambda: any(name.startswith("8-") for name in names(out)))
    running.send_signal(how)
    assert desk.end(running).status == (130 if how == signal.SIGINT else -signal.SIGKILL)
    left = [name for name in listed(out) if name.startswith(".telekeep-")]
    assert bool(left) == (how == signal.SIGKILL)
    assert {name: (out / name).read_bytes() for name in before} == before
    assert listed(out) == [*left, "day.jsonl", "day.jsonl.media", "manifest.json"]
    place.unlink()
    done = desk.run("export", "-o", "out/day.jsonl", "--media", "copy", "--force")
    assert (done.status, "1 file that should be stored is missing or damaged" in done.err) == (0, True)
    assert listed(out) == ["day.jsonl", "day.jsonl.media", "manifest.json"]
    desk.do("verify", "out")


def change(desk: Desk, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(desk.archive / "archive.db")) as conn, conn:
        conn.execute(sql, values)


def names(out: Path) -> Sequence[str]:
    return [name for _, _, found in os.walk(out) for name in found]
