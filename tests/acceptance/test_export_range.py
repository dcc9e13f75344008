"""Exports of date ranges, held against an independent count."""

from __future__ import annotations

import csv
import hashlib
import itertools
import random
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson

from archiver.model.row import FLAGS, KEYS, NESTED
from tests.acceptance.desk import Desk, Done, Telegram
from tests.acceptance.world import DAY_BEGINS, DAY_ENDS, STEADY

BAGHDAD = timezone(timedelta(hours=3))


def manifest(desk: Desk, name: str = "manifest.json") -> Any:
    return orjson.loads((desk.home / name).read_bytes())


def test_a_day_in_baghdad_is_counted_in_baghdad(filled: Desk, telegram: Telegram) -> None:
    truth = [row for row in telegram.truth(*STEADY) if "deleted" not in row]
    begins, ends = (int(datetime(2021, 12, day, tzinfo=BAGHDAD).timestamp()) for day in (16, 17))
    assert (begins, ends) == (DAY_BEGINS, DAY_ENDS)
    expected = {(row["channel_id"], row["id"]) for row in truth if begins <= row["date"] < ends}
    ways = (
        ["--on", "2021-12-16", "--tz", "Asia/Baghdad"],
        ["--since", "2021-12-16", "--until", "2021-12-16", "--tz", "Asia/Baghdad"],
        ["--since", "2021-12-16T00:00", "--until", "2021-12-17T00:00", "--tz", "Asia/Baghdad"],
        ["--since", "2021-12-15T21:00Z", "--until", f"@{ends}"],
    )
    for number, way in enumerate(ways):
        rows = filled.export(*STEADY, *way, name=f"{number}/day.jsonl")
        assert {(row["channel_id"], row["message_id"]) for row in rows} == expected, way
        assert manifest(filled, f"{number}/manifest.json")["bounds"]["since"] == "2021-12-15T21:00:00Z"
    assert len({(filled.home / f"{number}/day.jsonl").read_bytes() for number in range(len(ways))}) == 1
    edge = {row["date"] for row in rows if row["channel"] == "midnight_desk"}
    assert edge == {"2021-12-15T21:00:00Z", "2021-12-15T21:00:01Z", "2021-12-16T20:59:59Z"}


def test_manifest_counts_equal_an_independent_count(filled: Desk, telegram: Telegram) -> None:
    rows = filled.export(*STEADY, "--since", "2021-12-01", "--until", "2021-12-31", name="all/december.jsonl")
    told = manifest(filled, "all/manifest.json")
    data = (filled.home / "all/december.jsonl").read_bytes()
    assert told["rows"] == len(rows) == data.count(b"\n")
    [file] = told["files"]
    assert (file["path"], file["bytes"], file["rows"]) == ("december.jsonl", len(data), len(rows))
    assert file["sha256"] == hashlib.sha256(data).hexdigest()
    truth = telegram.truth(*STEADY)
    for part in told["channels"]:
        own = [row for row in rows if row["channel_id"] == part["channel_id"]]
        assert part["rows"] == len(own)
        if own:
            assert (part["first_id"], part["last_id"]) == (own[0]["message_id"], own[-1]["message_id"])
            assert (part["first_date"], part["last_date"]) == (own[0]["date"], own[-1]["date"])
        whole = part["completeness"]
        first, last = whole["ids"]
        kinds = ("held", "missing", "absent", "not_fetched", "outside_window")
        assert sum(whole[kind] for kind in kinds) == last - first + 1
        assert whole["held"] == len(own)
        absent = set(itertools.chain(*(range(lo, hi + 1) for lo, hi in whole["absent_ids"])))
        deleted = {row["id"] for row in truth if row["channel_id"] == part["channel_id"] and "deleted" in row}
        assert absent == {number for number in deleted if first <= number <= last}
    assert told["complete"]
    assert filled.do("verify", "all").out.endswith("\tok\n")


def test_repeated_export_is_the_same_to_the_byte(filled: Desk) -> None:
    for name in ("all.jsonl", "all.csv"):
        for place in ("one", "two"):
            filled.export(name=f"{place}/{name}")
        assert (filled.home / "one" / name).read_bytes() == (filled.home / "two" / name).read_bytes()
    first, second = manifest(filled, "one/manifest.json"), manifest(filled, "two/manifest.json")
    assert first.pop("exported_at") <= second.pop("exported_at")
    assert first == second


def test_append_adds_what_a_sync_brought_and_nothing_without_news(filled: Desk, telegram: Telegram) -> None:
    def append() -> Done:
        return filled.do("export", *STEADY, "-o", "series/all.jsonl", "--append")

    append()
    filled.do("sync")
    before = {path.name: path.read_bytes() for path in (filled.home / "series").iterdir()}
    assert "nothing is new or changed since series/manifest.json; no file was changed" in append().err
    assert {path.name: path.read_bytes() for path in (filled.home / "series").iterdir()} == before
    numbers = [telegram.post(STEADY[0], "a new one") for _ in range(2)]
    telegram.order("edit", channel=STEADY[0], id=numbers[0], text="edited at once")
    filled.do("sync")
    tried = filled.do("export", *STEADY, "-o", "series/all.jsonl", "--append", "--dry-run")
    assert tried.err.startswith("2 rows as jsonl: ")
    assert "2 new, 0 changed; continues all.jsonl as number 2" in append().err
    telegram.order("delete", channel=STEADY[0], ids=numbers[:1])
    telegram.order("edit", channel=STEADY[0], id=numbers[1], text="edited later")
    filled.do("sync")
    assert "0 new, 2 changed; continues all_0002.jsonl as number 3" in append().err
    lines = b"".join((filled.home / "series" / f"all{part}.jsonl").read_bytes() for part in ("", "_0002", "_0003"))
    rows = [orjson.loads(line) | {"last_seen": None} for line in lines.splitlines()]
    together = {(row["channel_id"], row["message_id"]): row for row in rows}
    whole = [row | {"last_seen": None} for row in filled.export(*STEADY, name="whole/all.jsonl")]
    assert together == {(row["channel_id"], row["message_id"]): row for row in whole}
    checked = filled.do("verify", "series/all_0002.jsonl")
    assert f"a series of 3 files, {len(together) + 2:,} rows, {len(together):,} messages together" in checked.err
    refused = filled.run("export", "-o", "series/all.jsonl", "--force")
    assert (refused.status, "continued by 2 more" in refused.err) == (2, True)


def test_pseudonyms_are_of_a_key_that_stays_in_the_archive(filled: Desk) -> None:
    query = ("--query", "from:alice OR -xyzzy", "--pseudonymise", "users")
    done = filled.do("export", "talking_desk", *query, "-o", "p/all.jsonl")
    key = filled.archive / "pseudonym.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert "pseudonymised, not anonymous" in done.err
    assert f"made the key of the pseudonyms, {key}: " in done.err
    data, said = ((filled.home / "p" / name).read_bytes() for name in ("all.jsonl", "manifest.json"))
    persons = {orjson.dumps(row["sender"]) for row in filled.export("talking_desk") if row["sender"]}
    assert persons
    for person in map(orjson.loads, persons):
        if person["type"] == "user":
            assert f'"id":{person["id"]},'.encode() not in data
    assert key.read_bytes().strip() not in data + said + done.err.encode()
    assert b"alice" not in said
    assert filled.do("verify", "p").out.endswith("\tok\n")
    again = filled.do("export", "talking_desk", *query, "-o", "again/all.jsonl")
    assert "made the key" not in again.err
    beside = filled.run("export", "--pseudonymise", "users", "--pseudonym-key", "q/key", "-o", "q/all.jsonl")
    assert (beside.status, "would lie in the directory of the export" in beside.err) == (2, True)


def test_csv_and_spreadsheet_csv_match_the_jsonl(filled: Desk) -> None:
    rows = filled.export(name="plain/all.jsonl")
    table = filled.export("--format", "csv", name="plain/all.csv")
    assert list(table[0]) == list(KEYS)
    assert [_read_back(record) for record in table] == rows
    filled.export("--excel", name="excel/all.csv")
    raw = (filled.home / "excel/all.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    with (filled.home / "excel/all.csv").open(encoding="utf-8-sig", newline="") as file:
        guarded = list(csv.DictReader(file))
    assert not [cell for record in guarded for cell in record.values() if cell[:1] in set("=+-@\t\r\n＝＋－＠") - {""}]
    assert any(record["text"].startswith("'=SUM(") for record in guarded)
    assert all(int(record["channel_id"]) > 0 < int(record["message_id"]) for record in guarded)
    assert [_read_back({key: cell.removeprefix("'") for key, cell in record.items()}) for record in guarded] == rows


def _read_back(record: dict[str, str]) -> dict[str, Any]:
    """A record of the CSV as the JSON row that it came from."""
    numbers = {"channel_id", "message_id", "views", "forwards", "replies", "revisions", "boosts"}
    return {
        key: cell
        if key == "text"
        else None
        if cell == ""
        else orjson.loads(cell)
        if key in (*NESTED, *FLAGS)
        else int(cell)
        if key in numbers
        else cell
        for key, cell in record.items()
    }


def test_killed_export_leaves_no_half_file_under_the_final_name(filled: Desk) -> None:
    whole = filled.export(name="whole/all.jsonl")
    chance = random.Random(6)
    (filled.home / "out").mkdir()
    for _ in range(6):
        process = filled.start("export", "-o", "out/all.jsonl")
        time.sleep(chance.uniform(0.2, 0.55))
        filled.kill(process)
        final = filled.home / "out/all.jsonl"
        if final.exists():
            assert final.read_bytes() == (filled.home / "whole/all.jsonl").read_bytes()
            final.unlink()
        (filled.home / "out/manifest.json").unlink(missing_ok=True)
    assert filled.export(name="out/all.jsonl") == whole
    assert sorted(path.name for path in (filled.home / "out").iterdir()) == ["all.jsonl", "manifest.json"]


def test_verify_finds_what_was_changed_after_the_export(filled: Desk) -> None:
    filled.export("midnight_desk", name="out/all.jsonl")
    data = bytearray((filled.home / "out/all.jsonl").read_bytes())
    data[100] ^= 1
    (filled.home / "out/all.jsonl").write_bytes(data)
    done = filled.run("verify", "out")
    assert (done.status, len(done.errors)) == (6, 1)


def test_range_without_messages_writes_an_empty_file(filled: Desk) -> None:
    assert filled.export("--on", "1999-01-01", name="none.jsonl") == []
    assert manifest(filled)["rows"] == 0
    assert filled.export("--on", "1999-01-01", name="none/none.csv") == []
