from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from archiver.compose.read_archive import choose_channels
from archiver.export.csv_writer import CsvWriter
from archiver.export.job import ExportJob
from archiver.export.jsonl import JsonlWriter
from archiver.export.request import Request
from archiver.export.run import export_to_file
from archiver.export.verify import check, find_manifests
from archiver.model.iso_time import iso
from archiver.model.row import KEYS
from archiver.store.database import Database
from search.query.dates import Bounds
from tests.remarks import Heard
from tests.sample import NOW, OTHER, START, build, connect, make_message, photo

LATER = datetime(2026, 1, 1, tzinfo=UTC)


def minute(number: int) -> datetime:
    return datetime.fromtimestamp(START + 60 * number, UTC)


def export(
    archive: Path, out: Path, *, bounds: Bounds | None = None, now: datetime = LATER, csv: bool = False
) -> list[Any]:
    async def run() -> None:
        async with await Database.open_readonly(archive) as database:
            channels = await choose_channels(database.connection, [], remarks=Heard())
            request = Request(channels=channels, bounds=bounds or Bounds())
            writer = CsvWriter() if csv else JsonlWriter()
            await export_to_file(
                database.connection, request, writer, out, ExportJob(format_name=writer.extension, now=now)
            )

    asyncio.run(run())
    return [] if csv else [orjson.loads(line) for line in out.read_bytes().splitlines()]


def manifest(out: Path) -> Any:
    return orjson.loads(out.with_name("manifest.json").read_bytes())


def completeness(out: Path) -> Any:
    [channel] = manifest(out)["channels"]
    return channel["completeness"]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    messages = [
        make_message(number, f"text {number}", media=(photo(),) if number % 3 else ()) for number in range(1, 31)
    ]
    del messages[9]  # id 10 is absent
    gone = "UPDATE message SET missing_since = 1640000000, missing_how = 'update' WHERE message_id IN (20, 21)"
    return build(tmp_path / "archive", messages, covered=[(1, 30)], sql=[gone])


def test_every_message_is_there_oldest_first(archive: Path, tmp_path: Path) -> None:
    rows = export(archive, tmp_path / "out.jsonl")
    assert [row["message_id"] for row in rows] == [number for number in range(1, 31) if number != 10]
    assert all(tuple(row) == KEYS for row in rows)
    assert [row["message_id"] for row in rows if row["missing_since"]] == [20, 21]
    assert rows[0]["media"][0]["id"] == "5368324170671202286"


def test_bounds_are_half_open(archive: Path, tmp_path: Path) -> None:
    rows = export(archive, tmp_path / "out.jsonl", bounds=Bounds(minute(5), minute(8)))
    assert [row["message_id"] for row in rows] == [5, 6, 7]


@pytest.mark.parametrize("csv", [False, True])
def test_same_archive_and_request_give_the_same_bytes(archive: Path, tmp_path: Path, csv: bool) -> None:
    for name in ("one", "two"):
        export(archive, tmp_path / name / "out", csv=csv, now=LATER if name == "one" else datetime.now(UTC))
    first, second = tmp_path / "one", tmp_path / "two"
    assert (first / "out").read_bytes() == (second / "out").read_bytes()
    manifests = [manifest(first / "out"), manifest(second / "out")]
    assert manifests[0].pop("exported_at") != manifests[1].pop("exported_at")
    assert manifests[0] == manifests[1]


def test_channels_are_merged_by_time(archive: Path, tmp_path: Path) -> None:
    build(archive, [make_message(number, channel_id=1002) for number in range(5, 2000, 2)], channel=OTHER, alias="jisr")
    rows = export(archive, tmp_path / "out.jsonl")
    assert [(row["date"], row["channel_id"], row["message_id"]) for row in rows] == sorted(
        (row["date"], row["channel_id"], row["message_id"]) for row in rows
    )
    assert {row["channel"] for row in rows} == {"NightBridge", "jisr_news"}
    assert [(part["channel_id"], part["rows"]) for part in manifest(tmp_path / "out.jsonl")["channels"]] == [
        (1001, 29),
        (1002, 998),
    ]


def test_manifest_tells_bounds_counts_and_hash(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    export(archive, out, bounds=Bounds(minute(5), minute(8)))
    told = manifest(out)
    assert told["bounds"]["since"] == "2021-12-16T00:05:00Z"
    assert told["bounds"]["until"] == "2021-12-16T00:08:00Z"
    [file] = told["files"]
    assert file == {
        "path": "out.jsonl",
        "bytes": out.stat().st_size,
        "rows": 3,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
    }
    [channel] = told["channels"]
    assert (channel["rows"], channel["first_id"], channel["last_id"]) == (3, 5, 7)
    assert channel["first_date"] == "2021-12-16T00:05:00Z"


def test_completeness_names_missing_and_absent_ids(archive: Path, tmp_path: Path) -> None:
    export(archive, tmp_path / "out.jsonl")
    told = completeness(tmp_path / "out.jsonl")
    assert told["complete"] is True
    assert (told["held"], told["missing"], told["absent"], told["not_fetched"]) == (27, 2, 1, 0)
    assert told["missing_ids"] == [[20, 21]]
    assert told["absent_ids"] == [[10, 10]]
    assert told["ids"] == [1, 30]


def test_ids_beside_the_bounds_that_may_belong_to_them_are_counted(archive: Path, tmp_path: Path) -> None:
    export(archive, tmp_path / "out.jsonl", bounds=Bounds(minute(11), minute(15)))
    assert completeness(tmp_path / "out.jsonl")["ids"] == [10, 14]
    export(archive, tmp_path / "out.jsonl", bounds=Bounds(minute(10), minute(11)))
    told = completeness(tmp_path / "out.jsonl")
    assert (told["ids"], told["held"], told["absent_ids"]) == ([10, 10], 0, [[10, 10]])
    export(archive, tmp_path / "out.jsonl", bounds=Bounds(minute(5), minute(6)))
    assert completeness(tmp_path / "out.jsonl")["ids"] == [5, 5]


def ids(*ranges: range) -> Iterable[Any]:
    return [make_message(number) for numbers in ranges for number in numbers]


def test_what_was_not_fetched_makes_it_incomplete_only_where_it_may_belong(tmp_path: Path) -> None:
    archive = build(tmp_path / "a", ids(range(50, 61), range(80, 101)), covered=[(50, 60), (80, 100)], top_id=120)
    out = tmp_path / "out.jsonl"
    export(archive, out, bounds=Bounds(minute(85), minute(90)))
    assert completeness(out)["complete"] is True
    export(archive, out, bounds=Bounds(minute(70), minute(90)))
    assert completeness(out)["not_fetched_ids"] == [[61, 79]]
    export(archive, out, bounds=Bounds(minute(85)))
    assert completeness(out)["not_fetched_ids"] == [[101, 120]]
    export(archive, out, bounds=Bounds(None, minute(55)))
    assert completeness(out)["not_fetched_ids"] == [[1, 49]]
    assert manifest(out)["complete"] is False


def test_a_channel_that_was_read_but_never_caught_up_is_complete_as_of_its_first_answer(tmp_path: Path) -> None:
    """As one that is removed while the service fetches its history."""
    never = "UPDATE channel SET last_sync_at = NULL, state = 'removed'"
    archive = build(tmp_path / "a", ids(range(1, 11)), covered=[(1, 10)], sql=[never])
    out = tmp_path / "out.jsonl"
    export(archive, out)
    assert (completeness(out)["complete"], completeness(out)["as_of"]) == (True, iso(NOW))
    export(archive, out, bounds=Bounds(None, datetime.fromtimestamp(NOW + 60, UTC)))
    assert completeness(out)["complete"] is False


def dated(dates: dict[int, int], *ranges: range) -> Iterable[Any]:
    """Messages of a minute each, but for those of another minute."""
    return [make_message(number, date=minute(dates.get(number, number))) for numbers in ranges for number in numbers]


def test_one_old_dated_message_does_not_prove_that_what_lies_below_is_older(tmp_path: Path) -> None:
    messages = dated({80: 3}, range(80, 101))  # a walk that was interrupted at 80
    archive = build(tmp_path / "a", messages, covered=[(80, 100)], top_id=100)
    out = tmp_path / "out.jsonl"
    export(archive, out, bounds=Bounds(minute(81)))
    assert (completeness(out)["complete"], completeness(out)["not_fetched_ids"]) == (False, [[1, 79]])
    export(archive, out, bounds=Bounds(minute(95)))
    assert completeness(out)["complete"] is True


def test_ids_between_are_outside_only_when_several_on_both_sides_are(tmp_path: Path) -> None:
    messages = dated({49: 200, 60: 5}, range(1, 50), range(60, 101))
    archive = build(tmp_path / "a", messages, covered=[(1, 49), (60, 100)], top_id=100)
    out = tmp_path / "out.jsonl"
    for since, until in ((minute(61), None), (minute(63), None), (None, minute(49))):
        export(archive, out, bounds=Bounds(since, until))
        assert completeness(out)["not_fetched_ids"] == [[50, 59]], (since, until)
    export(archive, out, bounds=Bounds(minute(70), minute(190)))
    assert completeness(out)["not_fetched_ids"] == [[50, 59]]  # 49 is newer: what is above it may be of any date
    archive = build(tmp_path / "b", dated({}, range(1, 50), range(60, 101)), covered=[(1, 49), (60, 100)], top_id=100)
    export(archive, out, bounds=Bounds(minute(70), minute(90)))
    assert completeness(out)["complete"] is True


def test_window_counts_only_where_it_cuts_the_bounds(tmp_path: Path) -> None:
    archive = build(tmp_path / "a", ids(range(50, 61)), covered=[(50, 60)], window=(START + 60 * 50, 49))
    out = tmp_path / "out.jsonl"
    export(archive, out, bounds=Bounds(minute(50), minute(70)))
    assert (completeness(out)["complete"], completeness(out)["ids"]) == (True, [50, 60])
    export(archive, out)
    told = completeness(out)
    assert (told["complete"], told["outside_window_ids"], told["not_fetched"]) == (False, [[1, 49]], 0)


def test_range_without_messages_gives_an_empty_file_and_a_manifest(archive: Path, tmp_path: Path) -> None:
    assert export(archive, tmp_path / "out.jsonl", bounds=Bounds(minute(5000))) == []
    told = manifest(tmp_path / "out.jsonl")
    assert told["rows"] == 0
    assert told["channels"][0]["first_id"] is None


def test_export_is_one_snapshot_while_a_writer_writes(archive: Path, tmp_path: Path) -> None:
    async def run() -> int:
        async with await Database.open_readonly(archive) as database:
            channels = await choose_channels(database.connection, [], remarks=Heard())
            writing = connect(archive)

            class Disturbed(JsonlWriter):
                def encode(self, row: dict[str, Any]) -> bytes:
                    writing.execute("UPDATE message SET text = 'changed' WHERE message_id = 30")
                    return super().encode(row)

            request = Request(channels=channels, bounds=Bounds())
            result = await export_to_file(
                database.connection,
                request,
                Disturbed(),
                tmp_path / "out.jsonl",
                ExportJob(format_name="jsonl", now=LATER),
            )
            writing.close()
            return result.rows

    assert asyncio.run(run()) == 29
    assert b"changed" not in (tmp_path / "out.jsonl").read_bytes()


def test_failure_leaves_no_file(archive: Path, tmp_path: Path) -> None:
    class Failing(JsonlWriter):
        def encode(self, row: dict[str, Any]) -> bytes:
            raise OSError(28, "No space left on device")

    async def run() -> None:
        async with await Database.open_readonly(archive) as database:
            request = Request(channels=await choose_channels(database.connection, [], remarks=Heard()), bounds=Bounds())
            out = tmp_path / "out" / "out.jsonl"
            await export_to_file(
                database.connection, request, Failing(), out, ExportJob(format_name="jsonl", now=LATER)
            )

    with pytest.raises(OSError, match="No space"):
        asyncio.run(run())
    assert not (tmp_path / "out").exists()


def test_manifest_of_another_file_is_kept(archive: Path, tmp_path: Path) -> None:
    export(archive, tmp_path / "out" / "one.jsonl")
    export(archive, tmp_path / "out" / "two.csv", csv=True)
    export(archive, tmp_path / "out" / "two.csv", csv=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "manifest.json",
        "one.jsonl",
        "one.jsonl.manifest.json",
        "two.csv",
    ]
    for path in (tmp_path / "out", tmp_path / "out" / "one.jsonl", tmp_path / "out" / "two.csv"):
        assert [one.fault for found in find_manifests(path) for one in check(found)] in ([None], [None, None])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda path: path.unlink(), "does not exist"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\n"), "bytes instead of"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"text 1", b"text 7", 1)), "a different SHA-256"),
    ],
)
def test_verify_notices_every_change(archive: Path, tmp_path: Path, change: Any, fault: str) -> None:
    out = tmp_path / "out" / "one.jsonl"
    export(archive, out)
    change(out)
    [one] = [one for found in find_manifests(tmp_path / "out") for one in check(found)]
    assert one.fault is not None
    assert fault in one.fault


@pytest.mark.parametrize(
    "told",
    [b"", b"[]", b"{}", b'{"files": [5]}', b'{"files": [{"path": "../x"}]}', b'{"files": [{"path": "/etc/passwd"}]}'],
)
def test_verify_reads_no_file_that_a_wrong_manifest_points_to(tmp_path: Path, told: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(told)
    assert all(one.fault for one in check(tmp_path / "manifest.json"))
