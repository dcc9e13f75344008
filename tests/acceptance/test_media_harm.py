"""What a server or a disk does wrong while files are fetched: no wrong byte is kept, and everything else arrives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.acceptance.desk import PHONE, until
from tests.acceptance.filed import (
    FileServer,
    expect_all_there,
    expect_no_part_twice,
    expect_no_wrong_byte,
    server,
    stored,
)

__all__ = ["server"]

MIB = 1 << 20


def test_expired_references_wrong_data_centres_and_floods_in_the_middle_cost_no_byte_twice(
    server: FileServer, tmp_path: Path
) -> None:
    keys = server.post("alpha", media="photo", count=150, size=100_000)
    keys += server.post("alpha", count=3, size=5 * MIB + 77, dc=4)
    desk = server.desk(tmp_path / "desk", "@alpha")
    order = server.telegram.order
    order("expire_references")
    order("file_move", file=keys[-1], dc=5)
    order("file_move", file=keys[0], dc=4)
    order("fault", spec="upload.getFile:premium_flood(1)+9x1;upload.getFile:flood(1)+60x1")
    order("fault", spec="upload.getFile:rpc(500,INTERNAL)+40x1")
    order("net", rtt=0.01)
    process = desk.start("media", "fetch")
    for parts in (20, 120):
        until(lambda parts=parts: order("traffic")["parts"] >= parts or process.poll() is not None)
        order("expire_references")
    done = desk.end(process)
    assert done.status == 0, done
    expect_all_there(desk, server, keys)
    assert expect_no_part_twice(server) == 0
    assert server.telegram.order("calls")["violations"] == []


@pytest.mark.parametrize("at_once", [None, 1])
def test_every_data_centre_is_entered_by_one_authorization_or_a_few(
    at_once: int | None, server: FileServer, tmp_path: Path
) -> None:
    keys = [key for dc in (1, 3, 4, 5) for key in server.post("alpha", media="photo", count=15, size=100_000, dc=dc)]
    keys += [key for dc in (1, 3, 4, 5) for key in server.post("alpha", size=9 * MIB, dc=dc)]
    server.telegram.order("exports", account=PHONE, at_once=at_once)
    server.telegram.order("net", rtt=0.02)
    desk = server.desk(tmp_path / "desk", "@alpha")
    done = desk.run("media", "fetch")
    assert done.status == 0, done
    expect_all_there(desk, server, keys)
    assert expect_no_part_twice(server) == 0
    told = server.telegram.order("traffic")
    exports = sum(count for _, _, count in told["exports"])
    assert exports == 4 if at_once is None else exports <= 16
    assert max(told["connections"].values()) <= 2
    sys.stderr.write(f"\n{exports} authorizations exported\n")


@pytest.mark.timeout(600)
@pytest.mark.soak(only="minutes long")
@pytest.mark.parametrize("photos", [90, 900])
def test_limits_of_calls_and_bytes_are_kept_though_references_expire_and_lines_break(
    photos: int, server: FileServer, tmp_path: Path
) -> None:
    order, documents = server.telegram.order, photos // 30
    keys = [key for dc in (2, 4) for key in server.post("alpha", media="photo", count=photos // 2, size=90_000, dc=dc)]
    keys += [key for dc in (2, 5) for key in server.post("alpha", count=documents // 2, size=6 * MIB + 5, dc=dc)]
    desk = server.desk(tmp_path / "desk", "@alpha")
    order("references", lifetime=4)
    order("traffic", small=[40, 2], large=[24 * MIB, 2])
    order("net", rtt=0.02, jitter=0.02)
    process = desk.start("media", "fetch")
    end = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < end:
        time.sleep(1.5)  # so often a line breaks
        server.broke()
        order("drop")
        server.broke()
    done = desk.end(process)
    order("references", lifetime=0)
    for _ in range(10):
        if done.status != 3:
            break
        desk.run("media", "retry")
        done = desk.run("media", "fetch")
    assert done.status in (0, 1), done
    expect_all_there(desk, server, keys)
    again, told = expect_no_part_twice(server), order("traffic")
    assert order("calls")["violations"] == []
    assert (told["closed"], told["cdn_asked"]) == (0, 0)
    sys.stderr.write(f"\n{len(keys)} files, {told['parts']} parts, {again} again, {told['errors']}\n")


def test_bytes_whose_hashes_come_too_late_are_not_fetched_again(server: FileServer, tmp_path: Path) -> None:
    keys = server.post("alpha", count=2, size=9 * MIB) + server.post("alpha", media="photo", count=5, size=90_000)
    desk = server.desk(tmp_path / "desk", "@alpha")
    server.telegram.order("fault", spec="upload.getFileHashes:rpc(400,FILE_REFERENCE_EXPIRED)x3")
    desk.run("media", "fetch")
    desk.run("media", "retry")
    assert desk.run("media", "fetch").status in (0, 1)
    expect_all_there(desk, server, keys)
    assert expect_no_part_twice(server) == 0


WRONG = ["short(5000)", "hollow()", "long(100)", "shift(1048576)", "swap()", "flip(77)", "half(3000)", "gzip(on)"]


def test_a_part_that_is_wrong_in_any_way_never_becomes_part_of_a_file(server: FileServer, tmp_path: Path) -> None:
    keys = server.post("alpha", count=len(WRONG), size=3 * MIB + 5)
    keys += server.post("alpha", media="photo", count=len(WRONG), size=100_000)
    desk = server.desk(tmp_path / "desk", "@alpha")
    for number, fault in enumerate(WRONG):
        server.telegram.order("file_fault", action=f"{fault}x1", file=keys[number], part=number % 3)
        server.telegram.order("file_fault", action=f"{fault}x1", file=keys[len(WRONG) + number])
    done = desk.run("media", "fetch")
    expect_no_wrong_byte(desk)
    assert done.status in (0, 3), done
    server.telegram.order("fault", clear=True)
    desk.run("media", "retry")
    done = desk.run("media", "fetch")
    assert done.status in (0, 1), done
    expect_all_there(desk, server, keys)


def test_files_that_are_to_be_tried_again_are_not_called_fetched(server: FileServer, tmp_path: Path) -> None:
    (bad, good) = server.post("alpha", count=2, size=MIB)
    desk = server.desk(tmp_path / "desk", "@alpha")
    server.telegram.order("file_fault", action="rpc(500,INTERNAL)", file=bad)
    for command in (("media", "fetch"), ("media", "fetch"), ("sync", "--media")):
        done = desk.run(*command)
        assert done.status == 3, done
        assert "retried" in done.err, done
    server.telegram.order("fault", clear=True)
    desk.run("media", "retry")
    assert desk.run("media", "fetch").status == 0
    expect_all_there(desk, server, [bad, good])


def test_a_file_that_hangs_blocks_no_other(server: FileServer, tmp_path: Path) -> None:
    keys = server.post("alpha", count=4, size=2 * MIB) + server.post("alpha", media="photo", count=40, size=90_000)
    desk = server.desk(tmp_path / "desk", "@alpha")
    server.telegram.order("file_fault", action="hang", file=keys[1])
    server.telegram.order("file_fault", action="hang", file=keys[10])
    process = desk.start("media", "fetch")
    try:
        end = time.monotonic() + 60
        while len(stored(desk)) < len(keys) - 2:
            assert time.monotonic() < end, f"{len(stored(desk))} of {len(keys)}"
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
    finally:
        server.broke()
        desk.kill(process)
    server.telegram.order("fault", clear=True)
    assert desk.run("media", "fetch").status == 0
    expect_all_there(desk, server, keys)


def test_what_cannot_be_had_is_said_with_its_reason_and_asked_for_once(server: FileServer, tmp_path: Path) -> None:
    good = server.post("alpha", media="photo", count=3, size=60_000)
    (gone,) = server.post("alpha", size=MIB)
    (burning,) = server.post("alpha", media="photo", ttl=30)
    desk = server.desk(tmp_path / "desk", "@alpha")
    server.telegram.order("file_gone", file=gone, name="LOCATION_INVALID")
    for _ in range(3):
        desk.run("media", "fetch")
    expect_all_there(desk, server, good)
    states = dict(desk.query("SELECT file_key, status FROM file"))
    assert states[gone] in ("gone", "refused")
    assert states.get(burning, "self-destructing") == "self-destructing"
    assert burning not in {part["key"] for part in server.parts()}
    assert server.telegram.order("traffic")["errors"]["LOCATION_INVALID"] <= 2


@contextmanager
def small_disk(path: Path, size: int) -> Iterator[None]:
    path.mkdir(parents=True, exist_ok=True)
    options = f"size={size},mode=0700"
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=True)


@pytest.mark.parametrize("what", ["media", "archive"])
def test_a_full_disk_leaves_no_wrong_byte_and_what_is_there_is_not_fetched_again(
    what: str, server: FileServer, tmp_path: Path
) -> None:
    keys = server.post("alpha", count=8, size=3 * MIB + 1) + server.post("alpha", media="photo", count=20, size=100_000)
    place = tmp_path / "desk" / "archive"
    with small_disk(place if what == "archive" else place / "media", 14 * MIB):
        place.chmod(0o700)
        desk = server.desk(tmp_path / "desk")
        desk.do("add", "@alpha")
        desk.do("sync")
        done = desk.run("media", "fetch")
        server.broke()
        expect_said(done.status, done.err)
        expect_no_wrong_byte(desk)
        assert desk.do("verify").status == 0
        disk = place if what == "archive" else place / "media"
        subprocess.run(["mount", "-o", f"remount,size={200 * MIB}", disk], check=True)
        done = desk.run("media", "fetch")
        assert done.status == 0, done
        expect_all_there(desk, server, keys)
        expect_no_part_twice(server)


@pytest.mark.parametrize("what", ["media", "archive"])
def test_a_disk_that_fills_up_in_the_middle_costs_no_byte_that_was_there(
    what: str, server: FileServer, tmp_path: Path
) -> None:
    keys = server.post("alpha", count=6, size=4 * MIB + 1) + server.post("alpha", media="photo", count=30, size=100_000)
    place = tmp_path / "desk" / "archive"
    disk = place if what == "archive" else place / "media"
    with small_disk(disk, 100 * MIB):
        place.chmod(0o700)
        desk = server.desk(tmp_path / "desk")
        desk.do("add", "@alpha")
        desk.do("sync")
        server.telegram.order("traffic", account_rate=12 * MIB)
        process = desk.start("media", "fetch")
        until(lambda: server.telegram.order("traffic")["parts"] > 8, what="the first parts")
        filler = disk / "something else"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(1 << 16)):
                pass
        server.broke()
        done = desk.end(process)
        server.broke()
        expect_said(done.status, done.err)
        filler.unlink()
        expect_no_wrong_byte(desk)
        assert desk.do("verify").status == 0
        desk.run("media", "retry")
        done = desk.run("media", "fetch")
        assert done.status == 0, done
        expect_all_there(desk, server, keys)
        expect_no_part_twice(server)


def test_an_archive_that_cannot_grow_is_said_once_and_what_arrived_is_kept(server: FileServer, tmp_path: Path) -> None:
    keys = server.post("alpha", media="photo", count=120, size=60_000)
    place = tmp_path / "desk" / "archive"
    with small_disk(place, 200 * MIB):
        place.chmod(0o700)
        desk = server.desk(tmp_path / "desk", "@alpha")
        used = sum(path.stat().st_blocks * 512 for path in place.rglob("*"))
        subprocess.run(["mount", "-o", f"remount,size={used + 4 * MIB}", place], check=True)
        done = desk.run("media", "fetch", "--json")
        expect_said(done.status, done.err)
        [told] = json.loads(done.out)
        assert (told["exit_status"], told["complete"]) == (done.status, False)
        assert told["error"] or told["no_room"]
        expect_no_wrong_byte(desk)
        subprocess.run(["mount", "-o", f"remount,size={200 * MIB}", place], check=True)
        desk.run("media", "retry")
        assert desk.run("media", "fetch").status == 0
        expect_all_there(desk, server, keys)


def test_a_link_in_the_place_of_a_stored_file_or_directory_concerns_no_other(
    server: FileServer, tmp_path: Path
) -> None:
    keys = server.post("alpha", media="photo", count=12, size=60_000) + server.post("alpha", count=2, size=2 * MIB)
    truth = server.truth()
    desk = server.desk(tmp_path / "desk", "@alpha")
    media, elsewhere = desk.archive / "media", tmp_path / "elsewhere"
    media.mkdir(mode=0o700)
    elsewhere.mkdir()
    hashes = list(dict.fromkeys(truth[key]["sha256"] for key in keys))
    bucket, blob, large = hashes[0], next(one for one in hashes[1:] if one[:2] != hashes[0][:2]), hashes[-1]
    (media / bucket[:2]).symlink_to(elsewhere)
    for one in (blob, large):
        (media / one[:2]).mkdir(mode=0o700, exist_ok=True)
        (media / one[:2] / one[2:]).symlink_to(elsewhere / "file")
    blocked = [key for key in keys if truth[key]["sha256"] in (blob, large) or truth[key]["sha256"][:2] == bucket[:2]]
    for fetched in (len(keys) - len(blocked), 0):
        done = desk.run("media", "fetch")
        assert done.status == 3, done
        assert f"media/{blob[:2]}/{blob[2:]} is a link" in done.err
        assert f"media/{bucket[:2]} is a link" in done.err
        assert "asyncio" not in done.err
        assert f"{fetched} files fetched" in done.err
        assert f"{len(blocked)} failed" in done.err
        assert list(elsewhere.iterdir()) == []
        desk.run("media", "retry")
    (media / bucket[:2]).unlink()
    for one in (blob, large):
        (media / one[:2] / one[2:]).unlink()
    assert desk.run("media", "fetch").status == 0
    expect_all_there(desk, server, keys)
    path = media / blob[:2] / blob[2:]
    path.rename(elsewhere / "blob")
    path.symlink_to(elsewhere / "blob")
    checked = desk.run("verify", "--media")
    assert checked.status == 6, checked
    assert desk.run("media", "fetch", "alpha").status == 3
    done = desk.run("export", "alpha", "--media", "copy", "-o", str(tmp_path / "out.jsonl"))
    assert done.status != 2, done
    assert (tmp_path / "out.jsonl").is_file()


def expect_said(status: int, err: str) -> None:
    """A full disk is said in words of our own."""
    assert status in (2, 3), (status, err)
    assert "full" in err or "space" in err or "has no room" in err, err
    assert "Errno" not in err
    assert "Task exception" not in err


def test_free_space_that_is_to_stay_stops_downloads_and_not_mirroring(server: FileServer, tmp_path: Path) -> None:
    server.post("alpha", count=2, size=MIB)
    desk = server.desk(tmp_path / "desk", "@alpha", min_free="900TB")
    done = desk.run("media", "fetch")
    assert "free" in done.err, done
    assert done.status != 0
    server.telegram.post("alpha", "and on")
    done = desk.run("sync", "--media")
    assert "free" in done.err, done
    assert desk.query("SELECT count(*) FROM message WHERE text = 'and on'") == [(1,)]
    assert (stored(desk), server.parts()) == ({}, [])
