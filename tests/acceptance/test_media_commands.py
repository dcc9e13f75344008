"""`telekeep media` and `add --media` as people use them, with stored files, and fetching from the loopback server."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import sqlite3
from pathlib import Path

import orjson
import pytest

from archiver.cli.view.grid import visible_width
from archiver.media.blob_store import BlobStore
from archiver.model.media_file import FileKey
from archiver.store.media import file as files
from tests.acceptance.desk import Desk, Telegram, desk_at, until
from tests.acceptance.test_json import expect_valid
from tests.sample import OTHER, build, index, make_message, photo


def picture(message_id: int, *, channel_id: int = 1001) -> str:
    return f"{channel_id}{message_id}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Five pictures in each of two channels; of the first one, two are stored and one failed."""
    desk = Desk(tmp_path / "desk")
    for channel in (1001, 1002):
        messages = [
            make_message(
                n, f"{n}", channel_id=channel, media=(photo(id=picture(n, channel_id=channel), size=1000 * n),)
            )
            for n in range(1, 6)
        ]
        build(desk.archive, messages, **({"channel": OTHER} if channel == 1002 else {"alias": "night"}))
        index(desk.archive, messages)
    store = BlobStore(desk.archive)
    store.prepare()
    with sqlite3.connect(desk.archive / "archive.db", isolation_level=None) as conn:
        for n in (1, 2):
            data = b"x" * n
            sha256 = hashlib.sha256(data).hexdigest()
            handle = store.open_partial("new.data")
            os.write(handle, data)
            os.close(handle)
            store.adopt("new.data", sha256=sha256, size=n)
            files.settle_downloaded(conn, FileKey(f"photo/{picture(n)}"), sha256=sha256, size=n, now=9)
        files.settle_failed(
            conn, FileKey(f"photo/{picture(3)}"), status="failed", reason="no answer", now=9, retry_at=99
        )
    conn.close()
    return desk


def blobs(desk: Desk) -> int:
    return len(list(BlobStore(desk.archive).list_blobs()))


def test_a_plan_is_lines_in_a_pipe_and_a_table_with_what_follows_on_a_terminal(desk: Desk) -> None:
    done = desk.run("media", "plan", "night", "--download", "photos", "--max-size", "4kB")
    assert done.status == 0
    assert [line.split("\t") for line in done.out.splitlines()] == [
        ["NightBridge", "photo", "fetch", "2", "7000", "0", "Night Bridge"],
        ["NightBridge", "photo", "stored", "2", "3", "0", "Night Bridge"],
        ["NightBridge", "photo", "too big", "1", "5000", "0", "Night Bridge"],
        ["NightBridge", "thumbnail", "fetch", "1", "", "1", "Night Bridge"],  # of the picture that is too big
    ]
    nothing = desk.run("media", "plan")
    assert (nothing.status, "fetch" in nothing.out) == (1, False)
    screen = desk.on_terminal("media", "plan", "--download", "all")
    assert "To fetch: 8 files, 27.0 kB." in screen
    assert "Time: unknown, because no download rate has been measured yet." in screen


def test_a_policy_changes_one_thing_at_a_time_and_is_forgotten_with_inherit(desk: Desk) -> None:
    done = desk.do("media", "policy", "night", "--download", "all", "--cap", "video=200MB", "--cap", "sticker=0")
    assert done.out.rstrip("\n").split("\t") == [
        "NightBridge",
        "all,max_size=20MB,video=200MB,sticker=0,thumbnails=yes,protected=no",
        "all,video=200MB,sticker=0",
        "Night Bridge",
    ]
    done = desk.do("media", "policy", "night", "--quota", "1.5GB", "--no-thumbnails", "--jsonl")
    expect_valid("media policy", done.rows[0], line=True)
    assert done.rows[0]["own"] == "all,video=200MB,sticker=0,quota=1500MB,thumbnails=no"
    assert desk.do("media", "policy", "night", "--inherit").out.endswith("\tinherit\tNight Bridge\n")
    for wrong, said in (
        (("--cap", "clip=1MB"), '"clip=1MB" is not a valid --cap'),
        (("--max-size", "1,5GB"), '"1,5GB" is not a size'),
        (("--quota", "lots"), '"lots" is not a size'),
    ):
        refused = desk.run("media", "policy", "night", *wrong)
        assert (refused.status, len(refused.errors)) == (2, 1)
        assert said in refused.errors[0]
    assert "no channel was given" in desk.run("media", "policy", "--download", "all").errors[0]


def test_pruning_says_what_it_would_do_and_asks_or_wants_yes(desk: Desk) -> None:
    looked = desk.do("media", "prune", "--dry-run", "--json")
    expect_valid("media prune", looked.rows[0])
    assert len(looked.rows[0]["files"]) == 2
    unasked = desk.run("media", "prune")
    assert (unasked.status, len(unasked.errors), blobs(desk)) == (2, 1, 2)
    assert "Add --yes" in unasked.errors[0]
    refused = desk.on_terminal("media", "prune", typed=[("[y/N]", "n")])
    assert "nothing was removed" in refused
    assert "Files of NightBridge/2, NightBridge/1." in refused
    stopped = desk.on_terminal("media", "prune", typed=[("[y/N]", "\x03")])
    assert re.search(r"\n[^\n]*stopped; nothing was removed", stopped)
    assert blobs(desk) == 2
    done = desk.do("media", "prune", "--yes", "--jsonl")
    for row in done.rows:
        expect_valid("media prune", row, line=True)
    assert blobs(desk) == 0
    assert desk.query("SELECT status, path, sha256 IS NULL FROM media WHERE message_id = 1 AND channel_id = 1001") == [
        ("offloaded", None, 0)
    ]


def test_files_moved_to_another_disk_are_recorded_and_brought_back(desk: Desk) -> None:
    media = desk.archive / "media"
    media.rename(desk.home / "disk")
    assert "Is its disk mounted" in desk.run("media", "offload", "--yes").errors[0]
    media.mkdir(mode=0o700)
    looked = desk.do("media", "offload", "--dry-run", "--jsonl")
    for row in looked.rows:
        expect_valid("media offload", row, line=True)
    assert "2 files, 3 bytes: offloaded" in desk.do("media", "offload", "--yes").err
    assert desk.run("media", "offload", "--yes").status == 1
    states = [line.split("\t")[1:3] for line in desk.do("media", "status", "night").out.splitlines()]
    assert states == [["failed", "1"], ["not downloaded", "2"], ["offloaded", "2"]]
    media.rmdir()
    media.symlink_to(desk.home / "disk")
    spoilt = next(one for one in media.glob("??/*") if one.stat().st_size == 1)
    intact = spoilt.read_bytes()
    spoilt.write_bytes(b"?")
    for _ in range(2):  # also when no other file was brought back
        done = desk.run("media", "offload", "--returned", "--yes")
        assert done.status == 6
        assert f"media/{spoilt.parent.name}/{spoilt.name} was brought back damaged" in done.err
    assert "no intact file was brought back" in done.err
    spoilt.write_bytes(intact)
    assert "1 file, 1 byte: stored again" in desk.do("media", "offload", "--returned", "--yes").err
    assert "downloaded\t2" in desk.do("media", "status", "night").out


def test_a_link_in_the_place_of_a_file_is_named_and_concerns_no_other(desk: Desk, tmp_path: Path) -> None:
    media, elsewhere = desk.archive / "media", tmp_path / "elsewhere"
    elsewhere.mkdir()
    linked, other = sorted(media.glob("??/*"))
    kept = linked.read_bytes()
    linked.rename(elsewhere / "file")
    linked.symlink_to(elsewhere / "file")
    said = f"media/{linked.parent.name}/{linked.name} is a link"
    for command in (("prune", "--dry-run"), ("prune", "--yes")):
        done = desk.run("media", *command)
        assert (done.status, said in done.err, done.err.count("removed") <= 1) == (3, True, True), done
    assert (linked.is_symlink(), other.exists(), (elsewhere / "file").read_bytes()) == (True, False, kept)
    assert desk.query("SELECT state, count(*) FROM blob GROUP BY state ORDER BY state") == [
        ("offloaded", 1),
        ("present", 1),
    ]
    again = desk.run("media", "prune", "--yes")
    assert (again.status, said in again.err) == (3, True)
    other.parent.mkdir(exist_ok=True)
    other.symlink_to(elsewhere / "file")
    for command in ((), ("--returned",)):
        done = desk.run("media", "offload", "--yes", *command)
        assert (done.status, "is a link" in done.err) == (3, True), done
    assert [path.name for path in elsewhere.iterdir()] == ["file"]


def test_a_retry_names_what_it_asks_for(desk: Desk) -> None:
    done = desk.do("media", "retry", "night")
    assert done.out == f"photo/{picture(3)}\tfailed\tno answer\n"
    again = desk.run("media", "retry", "night", "--json")
    expect_valid("media retry", again.rows[0] if again.rows else [])
    assert again.status == 1
    assert "cannot be combined" in desk.run("media", "retry", "night", "night/1").errors[0]
    assert "is not archived" in desk.run("media", "retry", "night/999").errors[0]


def stored(desk: Desk) -> list[str]:
    """The files stored; their bytes are what their names say."""
    store = BlobStore(desk.archive)
    found = list(store.list_blobs())
    assert all(store.rehash(sha256) for sha256 in found)
    return found


def test_a_selection_is_fetched_whatever_the_policy_says_and_nothing_twice(fetching: Desk, telegram: Telegram) -> None:
    assert "files wanted: none" in fetching.do("add", "@media_desk", "--media", "none").err
    wrong = fetching.run("add", "@media_desk", "--media", "everything")
    assert (wrong.status, len(wrong.errors)) == (2, 1)
    assert '"everything" is not part of a media policy' in wrong.errors[0]
    fetching.do("sync")
    assert fetching.run("media", "fetch").status == 1
    done = fetching.do("media", "fetch", "media_desk", "--query", "bridge", "--jsonl")
    expect_valid("media fetch", done.rows[0], line=True)
    assert (done.rows[0]["files"], done.rows[0]["complete"]) == (3, True)
    assert len(stored(fetching)) == 3
    assert fetching.do("media", "fetch", "media_desk/6").status == 0
    assert "asked for or imported: 4 files" in fetching.do("media", "prune", "--yes").err
    assert len(stored(fetching)) == 4
    fetching.do("media", "prune", "--yes", "--asked")
    assert "add --again" in fetching.run("media", "fetch", "media_desk", "--query", "bridge").err
    assert "4 files are offloaded; `telekeep media fetch CHANNEL --again`" in fetching.run("media", "retry").err
    fetching.do("media", "fetch", "media_desk", "--query", "bridge OR id:6", "--again")
    assert len(stored(fetching)) == 4
    before = telegram.calls("upload.getFile")
    assert fetching.run("media", "fetch", "media_desk", "--query", "bridge").status == 1
    assert telegram.calls("upload.getFile") == before
    found = fetching.do("search", "has:file", "--jsonl").rows
    assert len(found) == 4
    assert all((fetching.archive / row["media"][0]["path"]).is_file() for row in found)
    planned = orjson.loads(fetching.run("media", "plan", "media_desk", "--download", "all", "--json").out)
    assert planned["seconds"] is not None


@pytest.mark.soak(only="test_media_files.py prunes, and test_file_walk.py leaves offloaded files alone")
def test_what_was_pruned_is_fetched_again_only_when_asked_for(fetching: Desk, telegram: Telegram) -> None:
    fetching.do("add", "@media_desk", "--media", "photos,thumbnails=no")
    fetching.do("sync", "--media")
    whole = len(stored(fetching))
    assert whole == 6
    fetching.do("media", "policy", "media_desk", "--download", "none")
    fetching.do("media", "prune", "--yes")
    assert stored(fetching) == []
    fetching.do("media", "policy", "media_desk", "--download", "photos")
    fetching.do("sync", "--media")
    assert fetching.run("media", "fetch", "media_desk").status == 1
    assert stored(fetching) == []
    fetching.do("media", "fetch", "media_desk/2")
    assert len(stored(fetching)) == 1


@pytest.fixture
def fetching(telegram: Telegram, session: Path, tmp_path: Path) -> Desk:
    """A desk, logged in, and a channel of six pictures of its own, three of them of a bridge."""
    if not any(one["username"] == "media_desk" for one in telegram.order("channels")["channels"]):
        telegram.order("make", title="Media", username="media_desk")
        for text in ("bridge", "a harbour"):
            telegram.order("post_files", channel="media_desk", count=3, text=text, media="photo", size=40_000)
    return desk_at(telegram, tmp_path / "fetching", session)


def test_the_running_service_is_asked_and_fetches_what_no_policy_wants(fetching: Desk, telegram: Telegram) -> None:
    fetching.do("add", "@media_desk", "--media", "none")
    fetching.do("sync")
    fetching.do("media", "fetch", "media_desk", "--query", "bridge")
    fetching.do("media", "prune", "--asked", "--yes")
    assert stored(fetching) == []
    service = fetching.start("run")
    try:
        until(lambda: fetching.query("SELECT 1 FROM service WHERE stopped_at IS NULL"), what="the service")
        assert "--again needs channels" in fetching.run("media", "fetch", "--again").errors[0]
        done = fetching.do("media", "fetch", "media_desk", "--query", "bridge", "--again", "--json")
        asked = orjson.loads(done.out)
        expect_valid("media fetch", asked)
        assert [one["requested"] for one in asked] == [True]
        assert "asked the running service for the files of 3 messages" in done.err
        until(lambda: len(list(BlobStore(fetching.archive).list_blobs())) == 3, what="their files")
        assert fetching.run("media", "prune", "--yes").status == 2
    finally:
        service.terminate()
        fetching.end(service)
    assert len(stored(fetching)) == 3


def test_files_that_wait_for_another_try_are_never_called_done(fetching: Desk, telegram: Telegram) -> None:
    fetching.do("add", "@media_desk", "--media", "photos,thumbnails=no")
    fetching.do("sync")
    name = next(row["media"][0]["id"] for row in fetching.do("show", "media_desk/3", "--jsonl").rows)
    telegram.order("file_fault", action="rpc(500,INTERNAL)", file=f"photo/{name}")
    first = fetching.run("media", "fetch")
    assert (first.status, "1 failed and will be retried" in first.err) == (3, True)
    second = fetching.run("media", "fetch", "--jsonl")
    expect_valid("media fetch", second.rows[0], line=True)
    assert (second.status, second.rows[0]["waiting"], second.rows[0]["complete"]) == (3, 1, False)
    assert "1 file that failed earlier waits to be retried (the next in " in second.err
    assert "nothing to fetch" not in second.err
    assert fetching.run("sync", "--media").status == 3
    telegram.calm()
    fetching.do("media", "retry")
    assert fetching.do("media", "fetch", "--jsonl").rows[0]["files"] == 1


def test_a_lost_copy_is_never_called_stored_and_comes_back_when_asked_for(fetching: Desk, telegram: Telegram) -> None:
    fetching.do("add", "@media_desk", "--media", "photos,thumbnails=no")
    fetching.do("sync", "--media")
    lost = fetching.do("show", "media_desk/2", "--jsonl").rows[0]["media"][0]["path"]
    (fetching.archive / lost).unlink()
    named = fetching.do("media", "fetch", "media_desk/2")
    assert "1 stored copy is missing or damaged, and will be fetched again" in named.err
    assert len(stored(fetching)) == 6
    assert "the file is stored" in fetching.run("media", "fetch", "media_desk/2").err
    (fetching.archive / lost).unlink()
    fetching.run("verify", "--media")
    for command in (("media", "fetch"), ("media", "fetch", "media_desk", "--jsonl"), ("sync", "--media")):
        done = fetching.run(*command)
        assert done.status == 3
        assert "1 file whose stored copy is missing is fetched again only if you ask" in done.err
        assert "nothing to fetch" not in done.err
        if "--jsonl" in command:
            expect_valid("media fetch", done.rows[0], line=True)
            assert (done.rows[0]["lost"], done.rows[0]["complete"]) == (1, False)
    fetching.do("media", "retry", "media_desk")
    fetching.do("media", "fetch")
    assert len(stored(fetching)) == 6


def test_having_nothing_to_fetch_is_said_of_which_files_and_why(fetching: Desk, telegram: Telegram) -> None:
    telegram.order("post", channel="media_desk", text="no file")
    fetching.do("add", "@media_desk", "--media", "photos,thumbnails=no")
    fetching.do("sync")
    plain = next(row["message_id"] for row in fetching.do("search", "file", "--jsonl").rows)
    for words, said in (
        ((f"media_desk/{plain}",), "the message shows no file"),
        (("media_desk", "--max-size", "0"), "of 6 files, all are larger than --max-size"),
        (("media_desk/2", "--max-size", "1kB"), "the file is larger than --max-size"),
    ):
        done = fetching.run("media", "fetch", *words)
        assert (done.status, f"nothing to fetch: {said}" in done.err) == (1, True), done.err
    fetching.do("media", "policy", "media_desk", "--quota", "90kB")
    done = fetching.do("media", "fetch", "media_desk", "--jsonl")
    assert (done.rows[0]["files"], done.rows[0]["over_quota"]) == (2, 4)
    assert "4 files left out: the channel's quota has no room" in done.err
    assert "2 are stored" in fetching.run("media", "fetch", "media_desk").err


def test_a_disk_that_is_too_full_for_files_is_said_wherever_files_are_told_of(desk: Desk) -> None:
    desk.environment["TELEKEEP_MEDIA__MIN_FREE"] = "900TB"
    desk.do("media", "policy", "night", "--download", "photos")
    problems = orjson.loads(desk.run("status", "--json").out)["problems"]
    assert any("no files are fetched" in one["what"] for one in problems)
    assert orjson.loads(desk.run("media", "plan", "--json").out)["fits"] is False
    assert orjson.loads(desk.run("media", "status", "--json").out)["has_room"] is False
    assert "no files are fetched; mirroring continues" in desk.on_terminal("media", "status")


@pytest.mark.soak(only="tests/integration/test_media_fetch.py stops fetches in the middle")
def test_an_interrupted_fetch_keeps_what_arrived_and_says_so(fetching: Desk, telegram: Telegram) -> None:
    fetching.do("add", "@media_desk", "--media", "photos,thumbnails=no")
    fetching.do("sync")
    slow = next(row["media"][0]["id"] for row in fetching.do("show", "media_desk/2", "--jsonl").rows)
    telegram.order("file_fault", action="hang()", file=f"photo/{slow}")
    running = fetching.start("media", "fetch")
    until(lambda: len(list(BlobStore(fetching.archive).list_blobs())) == 5, what="the other files")
    running.send_signal(signal.SIGINT)
    done = fetching.end(running)
    assert done.status == 130
    assert "everything that arrived is kept" in done.err
    telegram.calm()
    assert fetching.do("media", "fetch", "--jsonl").rows[0]["files"] == 1
    assert len(stored(fetching)) == 6


def test_a_narrow_terminal_breaks_no_word_and_is_told_which_columns_it_has_no_room_for(desk: Desk) -> None:
    for command, hidden in (
        (("media", "status"), ["size", "others"]),
        (("media", "plan", "--download", "photos", "--max-size", "2kB"), ["stored", "left out"]),
    ):
        wide = desk.on_terminal(*command, COLUMNS="200")
        assert "no room for" not in wide
        narrow = desk.on_terminal(*command, COLUMNS="40")
        lines = narrow.replace("\r", "").splitlines()
        assert max(map(visible_width, lines)) <= 40, narrow
        together = " ".join(narrow.split())
        assert f"(no room for: {', '.join(hidden)}; --json has them.)" in together
        for sentence in [line for line in wide.replace("\r", "").splitlines() if line.startswith("Free: ")]:
            assert re.sub(r"Free: [0-9.]+ .B", "", sentence) in together
