"""`verify` of an export believes nothing: what a manifest claims, and where it points, is checked before it is used."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.compose.read_archive import choose_channels
from archiver.errors import NotFound
from archiver.export.claims import find_fault
from archiver.export.counting import RecordCounter, make_counter
from archiver.export.csv_writer import CsvWriter
from archiver.export.job import ExportJob
from archiver.export.jsonl import JsonlWriter
from archiver.export.manifest_fields import is_inner_path
from archiver.export.request import Request
from archiver.export.run import export_to_file
from archiver.export.verify import check, find_manifests, judge
from archiver.export.writer import Writer
from archiver.model.row import KEYS
from archiver.store.database import Database
from search.query.dates import Bounds
from tests.remarks import Heard
from tests.sample import OTHER, build, make_message

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPTIONAL = ("expanded_query", "partial", "reasons", "incomplete", "name_origin")
TEXTS = ("warnings", "reasons")
HARD = ['"', 'a "quoted" word', "two\r\nlines", "\r", "\n", ",", "", '"\r\n"', "=1+1"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("archive")
    messages = [make_message(number, HARD[number % len(HARD)]) for number in range(1, 31) if number != 10]
    gone = "UPDATE message SET missing_since = 1640000000, missing_how = 'update' WHERE message_id IN (20, 21)"
    built = build(directory / "a", messages, covered=[(1, 30)], top_id=40, sql=[gone])
    return build(built, [make_message(number, channel_id=1002) for number in (3, 4)], channel=OTHER, alias="jisr")


@pytest.fixture(params=["jsonl", "csv", "excel"])
def out(request: pytest.FixtureRequest, archive: Path, tmp_path: Path) -> Path:
    writer = JsonlWriter() if request.param == "jsonl" else CsvWriter(excel=request.param == "excel")
    return export_all(archive, writer, tmp_path / "out" / f"all.{writer.extension}")


def export_all(archive: Path, writer: Writer, path: Path) -> Path:
    async def run() -> None:
        async with await Database.open_readonly(archive) as database:
            asked = Request(channels=await choose_channels(database.connection, [], remarks=Heard()), bounds=Bounds())
            await export_to_file(
                database.connection, asked, writer, path, ExportJob(format_name=writer.extension, now=NOW)
            )

    asyncio.run(run())
    return path


def manifest_of(out: Path) -> Path:
    return out.with_name("manifest.json")


def read(out: Path) -> Any:
    return orjson.loads(manifest_of(out).read_bytes())


def write(out: Path, told: Any) -> None:
    manifest_of(out).write_text(json.dumps(told))


def faults(path: Path) -> list[str]:
    return [one.fault for found in find_manifests(path) for one in check(found) if one.fault]


def test_untouched_export_is_right_and_its_manifest_has_the_hash_that_was_said(out: Path) -> None:
    judged = judge(manifest_of(out))
    assert [one.fault for one in judged.files] == [None]
    assert judged.files[0].rows == 31
    assert judged.sha256 == hashlib.sha256(manifest_of(out).read_bytes()).hexdigest()


def _grown(out: Path) -> None:
    with out.open("ab") as file:
        file.write(b"{}\n")


def _exchanged(out: Path, make: Callable[[Path], Any]) -> None:
    out.unlink()
    make(out)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda out: out.unlink(), "does not exist"),
        (_grown, "bytes instead of"),
        (lambda out: out.write_bytes(out.read_bytes()[:-1] + b" "), "a different SHA-256"),
        (lambda out: _exchanged(out, os.mkfifo), "not a regular file"),
        (lambda out: _exchanged(out, os.mkdir), "not a regular file"),
        (lambda out: _exchanged(out, lambda path: path.symlink_to("/dev/zero")), "symbolic link"),
        (lambda out: (out.rename(out.with_name("x")), out.symlink_to("x")), "symbolic link"),
        (lambda out: os.truncate(out, 1 << 40), "bytes instead of"),  # sparse: nothing of it is read
        (lambda out: out.write_bytes(b""), "0 bytes instead of"),
    ],
)
def test_damage_of_the_data_is_found(out: Path, damage: Any, said: str) -> None:
    damage(out)
    for path in (out.parent, out, manifest_of(out)):
        [fault] = faults(path)
        assert said in fault


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-20]),
        lambda path: path.write_bytes(b"\xff" + path.read_bytes()),
        lambda path: path.write_bytes(b"[" * 100_000),
        lambda path: _exchanged(path, os.mkfifo),
        lambda path: _exchanged(path, lambda one: one.symlink_to("/dev/zero")),
        lambda path: (path.rename(path.with_name("x")), path.symlink_to("x")),
        lambda path: os.truncate(path, 1 << 40),
    ],
)
def test_damage_of_the_manifest_is_found(out: Path, damage: Any) -> None:
    damage(manifest_of(out))
    for path in (out.parent, out, manifest_of(out)):
        assert len(faults(path)) == 1


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON document, but what is free in it."""
    if way[:1] == ("options",) and len(way) > 1:
        return
    if way:
        yield way
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*way, key))


def put(told: Any, way: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(told)
    at = changed
    for key in way[:-1]:
        at = at[key]
    if value is ...:
        del at[way[-1]]
    else:
        at[way[-1]] = value
    return changed


def test_every_field_is_checked_by_its_type_and_must_be_there(out: Path) -> None:
    told = read(out)
    assert find_fault(told) is None
    count = 0
    for way in places(told):
        wrong: list[Any] = [5.5, {"a": 1}, [{}], ["x"], -1, True, "\0", []]
        inside_list = isinstance(way[-1], int)
        for value in wrong if inside_list else [..., *wrong]:
            changed = put(told, way, value)
            before, now = _at(told, way), _at(changed, way)
            free = (way[-1] == "options" and isinstance(value, dict)) or (way[-1] in OPTIONAL and value is ...)
            if free or (type(before) is type(now) and not isinstance(now, list | dict | int)):
                continue
            if before == now or (before is None and isinstance(now, str)) or (way[-1] in TEXTS and now == ["x"]):
                continue
            if type(before) is bool and type(now) is bool:
                continue
            assert find_fault(changed) is not None, (way, value)
            count += 1
    assert count > 400


def _at(told: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        try:
            told = told[key]
        except (KeyError, IndexError):
            return ...
    return told


@pytest.mark.parametrize(
    ("way", "value", "said"),
    [
        (("files",), [], "names no file"),
        (("rows",), 30, "rows"),
        (("files", 0, "rows"), 30, "rows"),
        (("channels", 0, "rows"), 30, "rows"),
        (("manifest_version",), 2, "manifest_version"),
        (("row_schema_version",), True, "row_schema_version"),
        (("format",), "xlsx", "format"),
        (("complete",), True, "complete"),
        (("channels", 0, "completeness", "complete"), True, "contradicts its channels"),
        (("channels", 0, "completeness", "reasons"), [], "contradicts its channels"),
        (("incomplete",), [], "contradicts its channels"),
        (("channels", 0, "completeness", "held"), 26, "do not add up"),
        (("channels", 0, "completeness", "missing_ids"), [[20, 22]], "missing ids"),
        (("channels", 0, "completeness", "missing_ids"), [[50, 51]], "outside its range"),
        (("channels", 0, "completeness", "partial"), "1", "channels"),
        (("channels", 0, "first_id"), None, "ends"),
        (("files", 0, "sha256"), "A" * 64, "files"),
        (("files", 0, "path"), "../all.jsonl", "files"),
        (("files", 0, "bytes"), 2**70, "files"),
        (("exported_at",), "2026-19-39T29:59:69Z", "exported_at"),
        (("bounds", "tz"), "", "bounds"),
        (("expanded_query",), "x", "without a query"),
        (("norm_version",), 3, "without a query"),
        (("incomplete", 0, "channel"), "other", "names incomplete channels that differ"),
    ],
)
def test_manifest_that_contradicts_itself_is_found(out: Path, way: Any, value: Any, said: str) -> None:
    write(out, put(read(out), way, value))
    [fault] = faults(out.parent)
    assert said in fault


def test_file_that_is_named_twice_and_one_that_has_other_rows_are_found(out: Path) -> None:
    told = read(out)
    write(out, put(put(told, ("files",), told["files"] * 2), ("rows",), 62))
    assert "twice" in faults(out.parent)[0]
    # The same bytes, and a manifest that was changed throughout: only counting tells.
    told["rows"] = told["files"][0]["rows"] = 32
    told["channels"][1]["rows"] += 1
    write(out, told)
    assert faults(out.parent) == ["has 31 rows instead of 32"]


def rename(told: Any) -> None:
    told["channels"][0]["username"] = "other"
    told["incomplete"][0]["channel"] = "other"


def move_row(told: Any) -> None:
    told["channels"][0]["rows"] += 1
    told["channels"][1]["rows"] -= 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (move_row, "does not match the rows of channel"),
        (
            lambda told: told["channels"][0].update(first_id=told["channels"][0]["first_id"] + 1),
            "does not match the rows",
        ),
        (lambda told: told["channels"][0].update(last_date="2030-01-01T00:00:00Z"), "does not match the rows"),
        (lambda told: told["channels"][0].update(channel_id=77), "does not match the rows of channel 77"),
        (rename, "names channel"),
        (lambda told: told["bounds"].update(since="2030-01-01T00:00:00Z"), "older than its bounds"),
        (lambda told: told["bounds"].update(until="2000-01-01T00:00:00Z"), "newer than its bounds"),
        (lambda told: told["bounds"].update(since="2002-01-01T00:00:00Z", until="2001-01-01T00:00:00Z"), "end before"),
    ],
)
def test_manifest_that_contradicts_the_rows_is_found(out: Path, change: Callable[[Any], None], said: str) -> None:
    told = read(out)
    change(told)
    write(out, told)
    [fault] = faults(out.parent)
    assert said in fault


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda rows: [rows[1], rows[0], *rows[2:]], "is out of order, or repeated (number 2)"),
        (lambda rows: [rows[0], rows[0], *rows[2:]], "is out of order, or repeated (number 2)"),
        (lambda rows: [b"{}\n", *rows[1:]], "has an invalid row (number 1)"),
        (lambda rows: [b"[" * 5000 + b"\n", *rows[1:]], "has an invalid row (number 1)"),
        (lambda rows: [*rows[:-1], rows[-1].replace(b'"channel_id":', b'"channel_id":9')], "of channel"),
        (lambda rows: [*rows[:-1], b"\xff\xfe\n"], "has an invalid row (number 31)"),
    ],
)
def test_rows_that_no_export_has_are_found_though_every_hash_is_right(
    archive: Path, tmp_path: Path, damage: Callable[[list[bytes]], list[bytes]], said: str
) -> None:
    path = export_all(archive, JsonlWriter(), tmp_path / "all.jsonl")
    data = b"".join(damage(path.read_bytes().splitlines(keepends=True)))
    path.write_bytes(data)
    told = read(path)
    told["files"][0] |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    write(path, told)
    [fault] = faults(tmp_path)
    assert said in fault


@pytest.mark.parametrize("within", [False, True])
def test_repeated_json_keys_are_rejected(out: Path, within: bool) -> None:
    text = manifest_of(out).read_text()
    part = '"bytes":' if within else '"rows":'
    manifest_of(out).write_text(text.replace(part, f"{part} 5, {part}", 1))
    [fault] = faults(out.parent)
    assert f"{part[:-1]}".replace('"', "'") in fault
    assert "twice" in fault


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("all.jsonl", True),
        ("media/1/a b.jpg", True),
        *((wrong, False) for wrong in ("", "/etc/passwd", "..", "a/../b", "./a", "a//b", "a\\b", "a\0b", 5, None, [])),
        ("a/" * 40 + "b", False),
        ("x" * 5000, False),
    ],
)
def test_only_paths_within_the_directory_are_read(path: Any, inside: bool) -> None:
    assert is_inner_path(path) is inside


def test_link_in_the_middle_of_a_path_is_not_followed(out: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / out.name).write_bytes(out.read_bytes())
    (out.parent / "media").symlink_to(tmp_path / "elsewhere")
    write(out, put(read(out), ("files", 0, "path"), f"media/{out.name}"))
    assert "cannot be read" in faults(manifest_of(out))[0]


def test_without_a_manifest_there_is_nothing_to_verify(out: Path) -> None:
    manifest_of(out).unlink()
    for path in (out.parent, out, out.parent / "none"):
        with pytest.raises(NotFound):
            find_manifests(path)


@given(st.lists(st.sampled_from(HARD)), st.booleans(), st.integers(1, 7))
def test_records_are_counted_however_the_bytes_are_cut(texts: list[str], excel: bool, size: int) -> None:
    writer = CsvWriter(excel=excel)
    data = writer.begin() + b"".join(writer.encode(dict.fromkeys(KEYS) | {"text": text}) for text in texts)
    counter = make_counter("csv")
    assert isinstance(counter, RecordCounter)
    for at in range(0, len(data), size):
        counter.feed(data[at : at + size])
    assert counter.rows == len(texts)
