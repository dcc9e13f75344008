"""An export harms nothing: what stands in its way stays, or gives way whole, and pipes are written into."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest

from archiver.model.imported import IMPORTED
from tests.acceptance import warm
from tests.acceptance.desk import clean_environment
from tests.sample import build, make_message

Run: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    messages = [make_message(number) for number in range(1, 30)]
    messages.append(make_message(30, layer=IMPORTED))
    return build(tmp_path_factory.mktemp("archive") / "a", messages, covered=[(1, 30)])


@pytest.fixture
def run(archive: Path, tmp_path: Path) -> Run:
    def go(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        done = warm.run(
            *arguments, **{"cwd": tmp_path, "env": clean_environment(TELEKEEP_ARCHIVE__DIR=str(archive))} | more
        )
        assert "Traceback" not in done.stderr
        return done

    return go


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def one_line(done: subprocess.CompletedProcess[str], said: str) -> None:
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert said in line


def test_existing_file_is_replaced_only_with_force(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("my notes")
    one_line(run("export", "-o", "notes.csv"), "notes.csv already exists. Choose another name; --force replaces it.")
    assert (tmp_path / "notes.csv").read_text() == "my notes"
    assert run("export", "-o", "day.csv").returncode == 0
    before = (tmp_path / "day.csv").read_bytes()
    one_line(run("export", "--until", "2021-12-01", "-o", "day.csv"), "day.csv is an earlier export, of 20")
    assert (tmp_path / "day.csv").read_bytes() == before
    assert run("export", "--until", "2021-12-01", "-o", "day.csv", "--force").returncode == 0
    assert (tmp_path / "day.csv").read_bytes() != before
    assert run("verify", ".").returncode == 0
    assert run("export", "-o", "notes.csv", "--force").returncode == 0
    assert names(tmp_path) == ["day.csv", "day.csv.manifest.json", "manifest.json", "notes.csv"]
    assert run("verify", ".").returncode == 0


def test_manifest_of_other_files_is_left_alone_even_with_force(run: Run, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "an extension"}')
    done = run("export", "-o", "day.jsonl", "--force")
    assert done.returncode == 0
    assert "day.jsonl.manifest.json" in done.stderr
    assert (tmp_path / "manifest.json").read_text() == '{"name": "an extension"}'
    assert run("verify", "day.jsonl").returncode == 0


def test_export_and_verify_print_the_hash_of_the_manifest(run: Run, tmp_path: Path) -> None:
    said = run("export", "-o", "out/").stderr
    [line] = [line for line in said.splitlines() if line.startswith("SHA-256 of the manifest: ")]
    shown = run("verify", "out").stdout.splitlines()
    assert shown == [
        f"out/manifest.json\t30\tSHA-256 {line.rpartition(' ')[2]}",
        "out/messages.jsonl\t30\tok",
    ]


def test_a_spreadsheet_is_asked_for_as_csv(run: Run, tmp_path: Path) -> None:
    one_line(run("export", "-o", "out/day.xlsx"), "A spreadsheet opens CSV: --excel -o out/day.csv")
    assert run("export", "--excel", "-o", "out/day.csv").returncode == 0
    assert "but its name says xlsx" in run("export", "--format", "csv", "-o", "day.xlsx").stderr


@pytest.mark.parametrize("name", ["day.html", "day.json", "day.jsonl.gz"])
def test_unknown_file_extension_requires_a_format(run: Run, tmp_path: Path, name: str) -> None:
    one_line(run("export", "-o", name), "Use --format")
    assert names(tmp_path) == []
    assert run("export", "-o", name, "--format", "jsonl").returncode == 0
    assert run("verify", name).returncode == 0


def test_export_writes_into_a_pipe_without_replacing_it(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "link").symlink_to("pipe.jsonl")
    for name in ("pipe.jsonl", "link"):
        data: list[bytes] = []
        reader = threading.Thread(target=lambda held=data: held.append((tmp_path / "pipe.jsonl").read_bytes()))
        reader.start()
        done = run("export", "-o", name, "--force")
        reader.join(60)
        assert done.returncode == 0, done.stderr
        assert len(data[0].splitlines()) == 30
    assert (tmp_path / "pipe.jsonl").is_fifo()
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path) == ["link", "pipe.jsonl"]


def test_link_to_standard_output_is_standard_output(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/proc/self/fd/1")
    assert len(run("export", "-o", "out").stdout.splitlines()) == 30
    with (tmp_path / "file").open("w") as file:
        file.write("before\n")
        file.flush()
        assert run("export", "-o", "out", stdout=file).returncode == 0
    # Written behind what was there, as a shell's >> would have it.
    assert (tmp_path / "file").read_text().splitlines()[0] == "before"
    assert len((tmp_path / "file").read_text().splitlines()) == 31
    assert (tmp_path / "out").is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes device nodes")
def test_export_writes_into_a_device_without_replacing_it(run: Run, tmp_path: Path) -> None:
    for name, minor in (("null", 3), ("full", 7)):
        try:
            os.mknod(tmp_path / name, 0o600 | 0o020000, os.makedev(1, minor))
            (tmp_path / name).open("ab").close()
        except OSError:
            pytest.skip("no device nodes here")
    assert run("export", "-o", "null", "--force").returncode == 0
    one_line(run("export", "-o", "full", "--force"), "full cannot be written: No space left on device")
    assert all((tmp_path / name).is_char_device() for name in ("null", "full"))
    assert names(tmp_path) == ["full", "null"]


def test_file_name_that_no_manifest_can_contain_is_rejected(run: Run, tmp_path: Path) -> None:
    one_line(run("export", "-o", os.fsdecode(b"day-\xff.jsonl")), "not UTF-8")
    assert names(tmp_path) == []


def test_unavailable_device_fails_without_waiting(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "terminal"
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(5, 0))
    except PermissionError:
        pytest.skip("only root makes devices")
    done = run("export", "-o", str(path), start_new_session=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be written" in done.stderr
    assert path.is_char_device()


def test_symbolic_link_is_rejected_and_left_untouched(run: Run, tmp_path: Path) -> None:
    (tmp_path / "precious.csv").write_text("precious")
    (tmp_path / "link.csv").symlink_to("precious.csv")
    (tmp_path / "nowhere.csv").symlink_to("not-there.csv")
    one_line(run("export", "-o", "link.csv", "--force"), "is a symbolic link and is not replaced")
    one_line(run("export", "-o", "nowhere.csv", "--force"), "is a broken symbolic link")
    assert (tmp_path / "precious.csv").read_text() == "precious"
    assert names(tmp_path) == ["link.csv", "nowhere.csv", "precious.csv"]


def test_archive_is_never_the_target(run: Run, archive: Path) -> None:
    before = (archive / "archive.db").read_bytes()
    for name in ("archive.db", "archive.db-wal", "session"):
        done = run("export", "-o", str(archive / name), "--force", "--format", "csv")
        assert done.returncode == 2
        assert "archive" in done.stderr
    assert (archive / "archive.db").read_bytes() == before


@pytest.fixture
def opened(archive: Path) -> Iterator[None]:
    """Another program has the archive open, so that SQLite's own files are there before there is no room for them."""
    with closing(sqlite3.connect(archive / "archive.db")) as conn:
        conn.execute("SELECT count(*) FROM message").fetchall()
        yield


@pytest.mark.usefixtures("opened")
def test_full_disk_leaves_the_old_file(run: Run, tmp_path: Path) -> None:
    run("export", "--until", "2021-12-16", "-o", "out/day.csv")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    # A limit on a file's size fails as a full disk does: at the bytes that do not fit.
    for limit in (0, 1, 700, 3_000):  # the manifest alone would fit into the last
        done = run("export", "-o", "out/day.csv", "--force", preexec_fn=lambda most=limit: _limit(most))
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), (limit, done.stderr)
        assert (
            "out/day.csv cannot be written: it would exceed the file size limit; the export left nothing" in done.stderr
        )
        assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert run("verify", "out").returncode == 0


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("name", ["csv", "html", "sqlite"])
def test_a_full_disk_leaves_no_new_directory(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "small").mkdir()
    done = run("export", "--format", name, "-o", "small/a/b/", preexec_fn=lambda: _limit(10))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert {"csv": "a/b/messages.csv", "html": "a/b", "sqlite": "a/b/archive.db"}[name] + " cannot be" in done.stderr
    assert names(tmp_path / "small") == []


def _limit(most: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def test_export_of_a_damaged_archive_leaves_out_unreadable_messages(run: Run, tmp_path: Path) -> None:
    messages = [make_message(1, "".join(f"{number:06}" for number in range(2000))), make_message(2, "short")]
    path = build(tmp_path / "archive", messages, covered=[(1, 2)]) / "archive.db"
    data = bytearray(path.read_bytes())
    at = data.index(b"001500001501") // 4096 * 4096
    data[at : at + 4096] = bytes(4096)
    path.write_bytes(data)
    environment = clean_environment(TELEKEEP_ARCHIVE__DIR=str(path.parent))
    done = run("export", "-o", "out/", env=environment)
    assert (done.returncode, done.stdout) == (3, "")
    assert "the archive's file is damaged: 1 message could not be read and is not in the export" in done.stderr
    assert "complete for" not in done.stderr
    [row] = (tmp_path / "out/messages.jsonl").read_bytes().splitlines()
    assert orjson.loads(row)["text"] == "short"
    done = run("export", "-o", "all.jsonl", "--append", env=environment)
    assert (done.returncode, names(tmp_path)) == (6, ["archive", "out"])


def test_concurrent_exports_into_one_directory_succeed(run: Run, tmp_path: Path) -> None:
    def together(words: Iterable[str], *more: str) -> None:
        threads = [threading.Thread(target=run, args=("export", "-o", f"out/{word}", *more)) for word in words]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)

    together(["one.jsonl", "two.csv", "three.jsonl", "four.csv"])
    assert run("verify", "out").returncode == 0
    assert len(names(tmp_path / "out")) == 8
    together(["one.jsonl"] * 3, "--force")
    assert run("verify", "out").returncode == 0
    assert len(names(tmp_path / "out")) == 8


def test_damage_detected_by_a_manifest_exits_6(run: Run, tmp_path: Path) -> None:
    run("export", "-o", "out/")
    manifest = tmp_path / "out" / "manifest.json"
    whole = orjson.loads(manifest.read_bytes())
    for change in ({"files": []}, {"rows": "30"}, {"channels": None}, {"manifest_version": 7}, {"rows": 29}):
        manifest.write_bytes(orjson.dumps(whole | change))
        done = run("verify", "out")
        assert (done.returncode, len(done.stderr.splitlines())) == (6, 1), change
    manifest.unlink()
    os.mkfifo(manifest)
    assert run("verify", "out").returncode == 6


def test_an_export_of_some_fields_is_written_and_verified(run: Run, tmp_path: Path) -> None:
    assert run("export", "-o", "some.jsonl", "--fields", "text,permalink").returncode == 0
    rows = [orjson.loads(line) for line in (tmp_path / "some.jsonl").read_bytes().splitlines()]
    assert {tuple(row) for row in rows} == {("text", "permalink")}
    assert run("export", "-o", "ids.csv", "--ids-only").returncode == 0
    lines = (tmp_path / "ids.csv").read_text().splitlines()
    assert (lines[0], len(lines)) == ("channel_id,message_id", len(rows) + 1)
    assert run("verify", ".").returncode == 0
    (tmp_path / "ids.csv").write_text("\r\n".join([*lines[:-1], "1,1", ""]))
    assert run("verify", "ids.csv").returncode == 6
    one_line(run("export", "-o", "x.jsonl", "--fields", "txt"), 'there is no field "txt". Did you mean text')
    one_line(run("export", "-o", "x.md", "--fields", "text"), "markdown has no fields to choose from")
    one_line(run("export", "-o", "x.csv", "--fields", "text,versions"), "versions needs --revisions")
    one_line(run("export", "-o", "x.csv", "--fields", "text", "--revisions"), "versions, which --fields leaves out")
    one_line(run("export", "-o", "x.csv", "--ids-only", "--revisions"), "versions, which --ids-only leaves out")
    one_line(run("export", "-o", "x.db", "--media", "copy"), "--media and sqlite cannot be combined")
    one_line(run("export", "-o", "x.csv", "--ids-only", "--media", "copy"), "--ids-only and --media copy cannot be")
    one_line(run("export", "-o", "x.csv", "--partition", "channel-month"), "--partition needs Parquet")


@pytest.mark.parametrize("name", ["jsonl", "csv", "html", "desktop-json", "markdown", "atom", "sqlite"])
def test_a_dry_run_writes_nothing_and_is_right_about_a_small_export(run: Run, tmp_path: Path, name: str) -> None:
    done = run("export", "--format", name, "-o", "new/out", "--dry-run", "--json")
    assert (done.returncode, names(tmp_path)) == (0, [])
    told = orjson.loads(done.stdout)
    assert (told["rows"], told["exact"], told["format"]) == (30, True, name)
    assert run("export", "--format", name, "-o", "new/out").returncode == 0
    out = tmp_path / "new/out"
    files = [path for path in out.iterdir() if path.name != "manifest.json"] if out.is_dir() else [out]
    assert told["bytes"] == sum(path.stat().st_size for path in files)


def test_a_directory_of_pages_replaces_only_pages(run: Run, archive: Path, tmp_path: Path) -> None:
    assert run("export", "--format", "html", "-o", "pages/").returncode == 0
    assert run("verify", "pages").returncode == 0
    one_line(run("export", "--format", "html", "-o", "pages"), "pages is an earlier export, of 20")
    assert run("export", "--format", "html", "-o", "pages", "--force").returncode == 0
    (tmp_path / "pages/notes.txt").write_text("mine")
    one_line(run("export", "--format", "html", "-o", "pages", "--force"), "such as notes.txt")
    assert (tmp_path / "pages/notes.txt").read_text() == "mine"
    one_line(run("export", "--format", "html", "-o", "-"), "html is a directory of files and cannot go to a stream")
    one_line(run("export", "--format", "html", "-o", "day.html"), "Use -o day/")
    one_line(run("export", "--format", "html", "-o", str(archive / "pages")), "among the archive's own files")
    one_line(run("export", "--format", "html", "-o", str(archive)), "among the archive's own files")
    assert names(tmp_path) == ["pages"]


@pytest.mark.parametrize("name", ["csv", "desktop-json", "markdown", "atom", "sqlite"])
def test_a_format_of_one_file_is_the_same_bytes_in_a_pipe(run: Run, tmp_path: Path, name: str) -> None:
    assert run("export", "--format", name, "-o", "out").returncode == 0
    with (tmp_path / "piped").open("wb") as file:
        assert run("export", "--format", name, "-o", "/dev/stdout", stdout=file).returncode == 0
    assert (tmp_path / "piped").read_bytes() == (tmp_path / "out").read_bytes()
