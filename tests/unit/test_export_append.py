"""`export --append`: the files of a series together are what a full export would be, whatever happened in between."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.cli.view.exported import report
from archiver.errors import UsageError
from archiver.export.append.check import check_series, find_all_manifests
from archiver.export.append.cut_off import expect_not_lost, finish_cut_off
from archiver.export.append.names import list_numbers, part_name, read_part
from archiver.export.append.series import expect_no_parts, find_series
from archiver.export.verify import judge
from archiver.store.temporary.row_digests import RowDigests
from search.query.dates import Bounds
from tests.exporting import append_as, export_as
from tests.sample import OTHER, START, _insert, build, connect, make_message, photo
from tests.tiers import SOAK

Key = tuple[int, int]


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file, by readers that know nothing of a series."""
    if path.suffix == ".jsonl":
        return [orjson.loads(line) for line in path.read_bytes().splitlines()]
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))
    import pyarrow.parquet as pq

    return list(pq.ParquetFile(path).read().to_pylist())


def add_up(first: Path) -> dict[Key, dict[str, Any]]:
    """What docs/export.md says: of each message the last row, without those that a later manifest withdraws."""
    found: dict[Key, dict[str, Any]] = {}
    files = sorted(path for path in first.parent.glob(f"{first.stem}*{first.suffix}"))
    assert files[0] == first
    for path in files:
        manifest = path.with_name(f"{path.name}.manifest.json")
        for one in orjson.loads(manifest.read_bytes())["append"]["withdrawn"] if manifest.exists() else ():
            for lo, hi in one["ids"]:
                for number in range(lo, hi + 1):
                    del found[one["channel_id"], number]
        rows = read_rows(path)
        keys = [(int(row["channel_id"]), int(row["message_id"])) for row in rows]
        assert len(set(keys)) == len(keys)
        found |= zip(keys, rows, strict=True)
    return found


def assert_whole(format_name: str, archive: Path, first: Path, **more: Any) -> None:
    """The series equals a full export of now, and `verify` finds nothing wrong with it."""
    with tempfile.TemporaryDirectory() as directory:
        whole = Path(directory) / first.name
        export_as(format_name, archive, whole, by_channel=format_name == "parquet", **more)
        rows = read_rows(whole)
    together = add_up(first)
    for row in (*together.values(), *rows):
        del row["last_seen"]
    assert sorted(map(str, together.values())) == sorted(map(str, rows))
    judged = [judge(one) for one in find_all_manifests(first)]
    series = check_series(judged)
    assert not [file.fault for one in (*judged, *series) for file in one.files if file.fault]
    if len(judged) > 1:
        assert [(one.parts, one.messages) for one in series] == [(len(judged), len(rows))]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    messages = [make_message(number, f"text {number}") for number in range(11, 21)]
    return build(tmp_path / "archive", messages, covered=[(1, 30)], top_id=30)


def change(archive: Path, *statements: str) -> None:
    with closing(connect(archive)) as conn:
        for one in statements:
            conn.execute(one)


def insert(archive: Path, *messages: Any) -> None:
    with closing(connect(archive)) as conn:
        for one in messages:
            _insert(conn, one)


EDIT = "UPDATE message SET text = 'edited', revisions = revisions + 1 WHERE message_id = {}"
DELETE = "UPDATE message SET missing_since = 1640000000 WHERE message_id = {}"
RETURN = "UPDATE message SET missing_since = NULL WHERE message_id = {}"
COUNT = "UPDATE message SET views = coalesce(views, 0) + 7 WHERE message_id = {}"
FETCH = "UPDATE media SET status = 'downloaded', path = 'media/ab/c', sha256 = 'abc' WHERE message_id = {}"
REDATE = "UPDATE message SET date = date + 86400 WHERE message_id = {}"
SEE = "UPDATE message SET last_seen = last_seen + 60 WHERE message_id = {}"
RENAME = "UPDATE channel SET username = 'Renamed{}' WHERE channel_id = 1001"
STEPS = st.one_of(
    st.tuples(st.just("insert"), st.integers(1, 40)),
    st.tuples(st.sampled_from([EDIT, DELETE, RETURN, COUNT, FETCH, REDATE, SEE, RENAME]), st.integers(1, 40)),
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("begun")
    messages = [make_message(number, f'text, \r\n"{number}"', media=(photo(),)) for number in range(11, 21)]
    return build(directory / "archive", messages, covered=[(1, 30)], top_id=40)


@settings(max_examples=40 if SOAK else 10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rounds=st.lists(st.lists(STEPS, max_size=4), min_size=1, max_size=4), format_name=st.sampled_from(["jsonl", "csv"])
)
def test_the_files_together_equal_a_full_export(begun: Path, rounds: list[list[Any]], format_name: str) -> None:
    assert_whole_after_each_round(begun, rounds, format_name)


@pytest.mark.soak
@settings(max_examples=25 if SOAK else 4, deadline=None)
@given(rounds=st.lists(st.lists(STEPS, max_size=4), min_size=1, max_size=4))
def test_and_so_they_do_as_parquet(begun: Path, rounds: list[list[Any]]) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is an extra: '.[parquet]'")
    assert_whole_after_each_round(begun, rounds, "parquet")


def day(seconds: int) -> Bounds:
    return Bounds(datetime.fromtimestamp(START, UTC), datetime.fromtimestamp(START + seconds, UTC))


def assert_whole_after_each_round(begun: Path, rounds: list[list[Any]], format_name: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        archive, out = Path(made) / "archive", Path(made) / "out" / f"all.{format_name}"
        shutil.copytree(begun, archive)
        bounds = day(86400)
        append_as(format_name, archive, out, bounds=bounds)
        for steps in rounds:
            for what, number in steps:
                if what == "insert":
                    with_id = make_message(number, f"new {number}", media=(photo(),))
                    try:
                        insert(archive, with_id)
                    except sqlite3.IntegrityError:
                        continue
                else:
                    change(archive, what.format(number))
            append_as(format_name, archive, out, bounds=bounds)
            assert_whole(format_name, archive, out, bounds=bounds)


def test_only_what_is_new_or_changed_is_written(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out/all.jsonl"
    append_as("jsonl", archive, out)
    insert(archive, make_message(3, "older than all"), make_message(25, "newer"))
    change(archive, EDIT.format(12), DELETE.format(13), COUNT.format(14))
    result = append_as("jsonl", archive, out)
    assert [row["message_id"] for row in read_rows(out.with_name("all_0002.jsonl"))] == [3, 12, 13, 14, 25]
    assert result.manifest is not None
    assert result.manifest.append is not None
    assert {name: result.manifest.append[name] for name in ("new", "changed", "withdrawn", "messages")} == {
        "new": 2,
        "changed": 3,
        "withdrawn": [],
        "messages": 12,
    }
    first = out.with_name("manifest.json").read_bytes()
    said = orjson.loads(out.with_name("all_0002.jsonl.manifest.json").read_bytes())["append"]
    assert said["previous"] == {"file": "all.jsonl", "manifest_sha256": hashlib.sha256(first).hexdigest()}
    change(archive, RETURN.format(13))
    append_as("jsonl", archive, out)
    assert [row["message_id"] for row in read_rows(out.with_name("all_0003.jsonl"))] == [13]
    assert_whole("jsonl", archive, out)


def test_without_anything_new_no_file_changes(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out/all.csv"
    append_as("csv", archive, out)
    change(archive, "UPDATE message SET last_seen = last_seen + 60")
    before = snapshot(out.parent)
    result = append_as("csv", archive, out)
    assert result.unchanged
    assert snapshot(out.parent) == before


def snapshot(directory: Path) -> dict[str, tuple[int, int, bytes]]:
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes()) for path in directory.iterdir()}


WAYS: list[tuple[str, dict[str, Any]]] = [
    ("csv", {"context": {"excel": True}}),
    ("jsonl", {"revisions": True}),
    ("csv", {"revisions": True}),
    ("jsonl", {"context": {"fields": ("text", "last_seen", "message_id", "channel_id")}}),
    ("csv", {"context": {"fields": ("message_id", "channel_id")}}),
]
FORMULA = "UPDATE message SET text = '=1+1', edit_date = 1640000000 WHERE message_id = {}"


@pytest.mark.parametrize(("name", "more"), WAYS)
def test_other_columns_are_compared_like_all(archive: Path, tmp_path: Path, name: str, more: dict[str, Any]) -> None:
    out = tmp_path / f"out/all.{name}"
    append_as(name, archive, out, **more)
    change(archive, "UPDATE message SET last_seen = last_seen + 60")
    assert append_as(name, archive, out, **more).unchanged
    change(archive, FORMULA.format(12))
    insert(archive, make_message(3, "-older"))
    append_as(name, archive, out, **more)
    data = out.with_name(f"all_0002.{name}").read_bytes().decode("utf-8-sig")
    rows = len(data.splitlines()) - (name == "csv")
    assert rows == (1 if more.get("context", {}).get("fields") == ("message_id", "channel_id") else 2)
    assert append_as(name, archive, out, **more).unchanged
    judged = [judge(one) for one in find_all_manifests(out)]
    assert not [file.fault for one in (*judged, *check_series(judged)) for file in one.files if file.fault]


def test_the_manifest_of_the_first_file_may_have_been_renamed(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out/all.jsonl"
    append_as("jsonl", archive, out)
    change(archive, EDIT.format(12))
    append_as("jsonl", archive, out)
    export_as("csv", archive, out.with_name("other.csv"))
    assert out.with_name("all.jsonl.manifest.json").exists()
    assert append_as("jsonl", archive, out).unchanged
    change(archive, EDIT.format(13))
    append_as("jsonl", archive, out)
    [series] = check_series([judge(one) for one in find_all_manifests(out.parent)])
    assert (series.parts, series.rows, series.messages, series.files) == (3, 12, 10, ())


def test_messages_that_no_longer_match_are_withdrawn_and_counted(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out/all.jsonl"
    bounds = day(20 * 60)
    append_as("jsonl", archive, out, bounds=bounds)
    change(archive, REDATE.format(15), REDATE.format(16), REDATE.format(18))
    report(append_as("jsonl", archive, out, bounds=bounds))
    assert "3 messages of the earlier files no longer count" in capsys.readouterr().err
    manifest = orjson.loads(out.with_name("all_0002.jsonl.manifest.json").read_bytes())
    assert manifest["append"]["withdrawn"] == [{"channel_id": 1001, "ids": [[15, 16], [18, 18]]}]
    assert manifest["rows"] == 0
    assert_whole("jsonl", archive, out, bounds=bounds)


@pytest.fixture
def series(archive: Path, tmp_path: Path) -> Path:
    out = tmp_path / "out/all.jsonl"
    for number in (None, 12, 13, 14):
        if number:
            change(archive, EDIT.format(number))
        append_as("jsonl", archive, out)
    return out


def _swap(out: Path) -> None:
    for name in ("all_0002.jsonl", "all_0002.jsonl.manifest.json"):
        out.with_name(name).unlink()


def _foreign(out: Path) -> None:
    said = orjson.loads(out.with_name("all_0003.jsonl.manifest.json").read_bytes())
    del said["append"]
    out.with_name("all_0003.jsonl.manifest.json").write_bytes(orjson.dumps(said))


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file between is gone": (_swap, "all_0002.jsonl is missing"),
    "a manifest between is gone": (
        lambda out: out.with_name("all_0002.jsonl.manifest.json").unlink(),
        "all_0002.jsonl.manifest.json is missing",
    ),
    "data between is gone": (lambda out: out.with_name("all_0002.jsonl").unlink(), "all_0002.jsonl is missing"),
    "the last data is gone": (lambda out: out.with_name("all_0004.jsonl").unlink(), "all_0004.jsonl is missing"),
    "the first file is gone": (lambda out: out.unlink(), "all.jsonl is missing"),
    "the first manifest is gone": (lambda out: out.with_name("manifest.json").unlink(), "no manifest beside it"),
    "the first manifest was written again": (
        lambda out: out.with_name("manifest.json").write_bytes(out.with_name("manifest.json").read_bytes() + b"\n"),
        "another state of all.jsonl",
    ),
    "a row was changed": (
        lambda out: out.with_name("all_0002.jsonl").write_bytes(
            out.with_name("all_0002.jsonl").read_bytes().replace(b"edited", b"forged")
        ),
        "was changed",
    ),
    "a manifest is of another export": (_foreign, "of an export of its own"),
    "a manifest is no manifest": (
        lambda out: out.with_name("all_0003.jsonl.manifest.json").write_bytes(b"{}"),
        "is not a manifest of telekeep",
    ),
}


@pytest.mark.parametrize("how", list(BROKEN))
def test_a_broken_chain_is_refused_with_what_to_do_and_verify_sees_it(archive: Path, series: Path, how: str) -> None:
    damage, said = BROKEN[how]
    damage(series)
    change(archive, EDIT.format(19))
    before = snapshot(series.parent)
    with pytest.raises(UsageError) as refused:
        append_as("jsonl", archive, series)
    assert said in str(refused.value)
    assert "\n" not in f"{refused.value} {refused.value.hint}"
    assert refused.value.hint
    assert snapshot(series.parent) == before
    judged = [judge(one) for one in find_all_manifests(series.parent)]
    assert [file.fault for one in (*judged, *check_series(judged)) for file in one.files if file.fault]


def test_verify_of_any_file_checks_all_of_its_series(series: Path) -> None:
    names = ["all_0002.jsonl", "all_0003.jsonl.manifest.json", "all.jsonl", "manifest.json"]
    found = [find_all_manifests(series.with_name(name)) for name in names]
    assert [len(one) for one in found[:3]] == [4, 4, 4]
    assert found[0] == found[1] == found[2]
    [checked] = check_series([judge(one) for one in found[0]])
    assert (checked.parts, checked.rows, checked.messages, checked.files) == (4, 13, 10, ())


def test_verify_of_a_series_counts_what_its_manifests_claim(series: Path) -> None:
    last = series.with_name("all_0004.jsonl.manifest.json")
    said = orjson.loads(last.read_bytes())
    said["append"] |= {"new": 1, "changed": 0}
    last.write_bytes(orjson.dumps(said))
    [checked] = check_series([judge(one) for one in find_all_manifests(series)])
    assert [str(file.fault) for file in checked.files] == [
        "names another number of new rows, or of messages, than its files have"
    ]


@pytest.mark.parametrize("more", [{"revisions": True}, {"query": "x"}])
def test_a_series_is_continued_with_the_same_options_only(archive: Path, series: Path, more: Any) -> None:
    with pytest.raises(UsageError, match="with other options"):
        append_as("jsonl", archive, series, **more)


def test_another_channel_may_join_but_none_may_leave(archive: Path, series: Path) -> None:
    build(archive, [make_message(1, "joins", channel_id=1002)], channel=OTHER)
    append_as("jsonl", archive, series)
    assert_whole("jsonl", archive, series)
    names = append_as("jsonl", archive, series).manifest
    assert names is not None
    only = tuple(one for one in names.request.channels if one.channel_id == 1002)
    with pytest.raises(UsageError, match="also has messages of NightBridge"):
        append_as("jsonl", archive, series, channels=only)


def test_what_others_continue_is_not_replaced(series: Path) -> None:
    with pytest.raises(UsageError, match=r"continued by 3 more, up to all_0004.jsonl"):
        expect_no_parts(series)


KILLING = ("link", "rename", "unlink", "fsync")


def test_a_kill_at_any_step_loses_nothing_and_lists_nothing_twice(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out/all.jsonl"
    append_as("jsonl", archive, out)
    statuses: list[int] = []
    for step in range(1, 40):
        change(archive, EDIT.format(11 + step % 10), COUNT.format(11 + step % 10))
        statuses.append(append_and_die(archive, out, step))
        assert set(add_up(out)) == {(1001, number) for number in range(11, 21)}
        if step % 3:
            append_as("jsonl", archive, out)
            assert_whole("jsonl", archive, out)
        if statuses[-1] == 0:
            break
    assert statuses[-1] == 0
    assert len(statuses) > 5
    append_as("jsonl", archive, out)
    assert_whole("jsonl", archive, out)
    assert not [path.name for path in out.parent.iterdir() if path.name.startswith(".")]


def test_a_run_between_its_two_renames_is_not_taken_for_one_that_lost_its_file(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out/all.jsonl"
    append_as("jsonl", archive, out)
    change(archive, EDIT.format(11))
    step = iter(range(1, 40))
    while (seen := find_series(out)) is None or seen.cut_off is None:
        assert append_and_die(archive, out, next(step)) != 0
    append_as("jsonl", archive, out)  # as it, or another run, goes on
    for look in (expect_not_lost, finish_cut_off):
        asyncio.run(look(seen))
    assert_whole("jsonl", archive, out)


def append_and_die(archive: Path, out: Path, step: int) -> int:
    """Continue the series in a process that ends at this call of those that change a directory; 0: it came through."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        counted = iter(range(1, 1000))
        for name in KILLING:
            setattr(os, name, _dying(getattr(os, name), counted, step))
        append_as("jsonl", archive, out)
        os._exit(0)
    finally:
        os._exit(1)


def _dying(call: Callable[..., Any], counted: Iterator[int], step: int) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if next(counted) == step:
            os._exit(9)
        return call(*args, **kwargs)

    return wrapped


def test_data_without_its_manifest_is_taken_over_if_it_is_what_would_be_written(archive: Path, series: Path) -> None:
    lost = series.with_name("all_0004.jsonl.manifest.json")
    before = lost.read_bytes()
    lost.unlink()
    append_as("jsonl", archive, series)
    assert lost.read_bytes() == before
    lost.unlink()
    change(archive, EDIT.format(20))
    with pytest.raises(UsageError, match=r"all_0004.jsonl is there, but no manifest lists it"):
        append_as("jsonl", archive, series)
    assert not lost.exists()


@given(st.text(min_size=1).filter(lambda name: "/" not in name and "\0" not in name), st.integers(2, 10**8))
def test_names_of_a_series_are_read_back(name: str, number: int) -> None:
    if name in (".", ".."):
        return
    made = part_name(name, number)
    assert read_part(made) == (name, number)
    assert list_numbers(name, [made, name, f"x{made}"]) == [number]


def test_no_room_for_temporary_files_is_reported_for_their_directory_not_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    with RowDigests() as held:
        held._conn.execute("PRAGMA max_page_count = 8")
        with pytest.raises(UsageError, match=f"temporary files cannot be written to {re.escape(str(tmp_path))}: its"):
            held.put((1, number, bytes(100)) for number in range(10_000))
