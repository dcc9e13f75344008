"""Every command's JSON against its documented schema: what it really prints, alone, failing and interrupted."""

from __future__ import annotations

import json
import signal
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from tests.acceptance.desk import Desk, Done, Telegram
from tests.acceptance.test_index import Shop, shop
from tests.doubles.meilisearch.fixtures import meili

__all__ = ["meili", "shop"]

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
READING = (
    "search the -n 30",
    "search the -n 2 -C 2",
    "search the -n 5 --collapse",
    "search zyxwvut",
    "search the --count",
    "search the --facet channel,day,media,lang,fwd",
    "search report in:revisions",
    "show everything/1",
    "show everything/1 everything/2 --raw",
    "history everything/1 --diff --counters",
    "changes --counts",
    "gaps everything --all",
    "channels --all",
    "status",
    "accounts",
    "health",
    "query list",
    "media plan --download all",
    "media status",
    "media policy",
    "verify",
    "verify --quick",
)


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))


def expect_valid(command: str, document: Any, *, line: bool = False) -> None:
    words = command.split()
    name = "-".join(words[:2]) if words[0] in {"query", "index", "media"} else words[0]
    faults = list(validator(f"{name}{'.line' * line}").iter_errors(document))
    assert not faults, (
        command,
        faults[0].json_path,
        faults[0].message[:500],
        [one.message for one in faults[0].context or []][:5],
    )


def documents(done: Done) -> Any:
    return orjson.loads(done.out)


def both(desk: Desk, command: str) -> tuple[Any, list[Any]]:
    """What --json and --jsonl print, each held against its schema; their exit status is that without."""
    words = command.split()
    whole, lines = desk.run(*words, "--json"), desk.run(*words, "--jsonl")
    assert whole.status == lines.status == desk.run(*words).status
    expect_valid(command, documents(whole))
    for row in lines.rows:
        expect_valid(command, row, line=True)
    return documents(whole), lines.rows


def test_output_of_reading_commands_matches_the_docs(filled: Desk) -> None:
    filled.do("query", "save", "first", "bridge")
    for command in READING:
        whole, lines = both(filled, command)
        if isinstance(whole, list):
            assert len(whole) == len(lines), command


def test_json_and_jsonl_cannot_be_combined(filled: Desk) -> None:
    for command in ("status", "sync", "verify", "show everything/1", "history everything/1", "export -o x"):
        done = filled.run(*command.split(), "--json", "--jsonl")
        assert (done.status, len(done.errors)) == (2, 1), command
        assert "cannot be combined." in done.errors[0], command


def test_a_history_of_all_kinds_of_events_is_as_documented(desk: Desk, telegram: Telegram) -> None:
    telegram.order("make", title="Json", username="json_desk")
    first = telegram.post("json_desk", "one")
    desk.do("add", "@json_desk")
    desk.do("sync")
    telegram.order("edit", channel="json_desk", id=first, text="two")
    desk.do("sync")
    telegram.order("delete", channel="json_desk", ids=[first])
    desk.do("sync")
    _, events = both(desk, f"history json_desk/{first} --diff --counters")
    assert {"version", "missing"} <= {event["event"] for event in events}
    _, changes = both(desk, "changes")
    assert {"edited", "missing"} == {change["kind"] for change in changes}
    _, gaps = both(desk, "gaps json_desk")
    assert [gap["state"] for gap in gaps] == ["missing"]
    done = desk.run("remove", "json_desk", "--jsonl")
    expect_valid("remove", done.rows[0], line=True)
    _, channels = both(desk, "channels --all")
    assert channels[0]["state"] == "removed"


def test_add_has_an_object_for_each_channel_that_was_given(desk: Desk) -> None:
    words = ("add", "@atlas_desk", "@nobody_has_this", "t.me/+invite", "@quiet_a", "--json")
    planned = desk.run(*words, "--dry-run")
    expect_valid("add", documents(planned))
    assert {one["result"] for one in documents(planned)} == {"failed", "to look up"}
    done = desk.run(*words)
    expect_valid("add", documents(done))
    assert [(one["given"], one["result"], one["channel"]) for one in documents(done)] == [
        ("t.me/+invite", "failed", None),
        ("@atlas_desk", "added", "atlas_desk"),
        ("@nobody_has_this", "failed", None),
        ("@quiet_a", "added", "quiet_a"),
    ]
    assert done.status == 3
    again = desk.run("add", "@atlas_desk", "--alias", "atlas", "--jsonl").rows
    expect_valid("add", again[0], line=True)
    assert (again[0]["result"], again[0]["alias"]) == ("changed", "atlas")
    _, moved = both(desk, "move atlas --to default")
    assert [one["result"] for one in moved] == ["unchanged"]


def test_add_without_a_login_says_so_of_every_channel(desk: Desk) -> None:
    (desk.archive / "session").unlink()
    done = desk.run("add", "@atlas_desk", "--json")
    expect_valid("add", documents(done))
    assert (done.status, [one["exit_status"] for one in documents(done)]) == (4, [4])


def test_a_sync_has_an_object_for_each_channel_also_for_those_that_fail(desk: Desk, telegram: Telegram) -> None:
    telegram.order("make", title="Shut", username="shut_desk")
    telegram.post("shut_desk", "one")
    desk.do("add", "@shut_desk", "@atlas_desk")
    telegram.order("private", channel="shut_desk")
    done = desk.run("sync", "--json")
    expect_valid("sync", documents(done))
    assert {one["channel"]: one["result"] for one in documents(done)} == {
        "shut_desk": "failed",
        "atlas_desk": "complete",
    }
    assert done.status == 3
    lines = desk.run("sync", "atlas_desk", "--jsonl").rows
    assert [(one["result"], one["new"], one["exit_status"]) for one in lines] == [("complete", 0, 0)]
    _, channels = both(desk, "health")
    assert [one["channel"] for one in channels[0]["channels"]] == ["shut_desk"]


def test_a_sync_that_needs_a_login_says_so_of_every_channel(desk: Desk) -> None:
    desk.do("add", "@atlas_desk")
    desk.do("sync")
    (desk.archive / "session").unlink()
    done = desk.run("sync", "--json")
    assert done.status == 4
    expect_valid("sync", documents(done))
    assert [(one["result"], one["exit_status"]) for one in documents(done)] == [("failed", 4)]


def test_an_export_and_its_verification_are_as_documented(filled: Desk, tmp_path: Path) -> None:
    done = filled.run("export", "everything", "-o", "made/all.jsonl", "--json")
    expect_valid("export", documents(done))
    assert documents(done)["made_directory"] == "made"
    assert "created the directory made" in done.err
    beside = filled.run("export", "everything", "--query", "the", "--format", "csv", "-o", "made/some.jsonl", "--jsonl")
    expect_valid("export", beside.rows[0], line=True)
    assert beside.rows[0]["renamed_manifest"] == "made/all.jsonl.manifest.json"
    assert "renamed the manifest of the other file there to made/all.jsonl.manifest.json" in beside.err
    assert "made/some.jsonl is written as csv (--format), but its name says jsonl" in beside.err
    same = documents(filled.run("export", "everything", "-o", "made/all.jsonl", "--append", "--json"))
    expect_valid("export", same)
    assert (same["unchanged"], same["files"], same["append"]) == (True, [], None)
    more = documents(filled.run("export", "-o", "made/all.jsonl", "--append", "--json"))
    expect_valid("export", more)
    assert more["append"]["new"] == more["rows"] > 0
    network = documents(filled.run("export", "--edges", "links", "-o", "net/links.graphml", "--json"))
    expect_valid("export", network)
    assert network["edges"] >= network["rows"] > 0
    whole, lines = both(filled, "verify made")
    assert whole["ok"]
    assert len(lines) == 3
    path = filled.home / "made" / "all.jsonl"
    path.write_bytes(path.read_bytes()[:-2])
    failed = filled.run("verify", "made", "--json")
    assert (failed.status, documents(failed)["ok"]) == (6, False)
    expect_valid("verify", documents(failed))
    refused = filled.run("export", "-o", "-", "--json")
    assert (refused.status, "cannot both go to standard output" in refused.err) == (2, True)


def test_an_incomplete_export_says_so_when_it_is_verified(desk: Desk) -> None:
    desk.do("add", "@big")
    desk.run("export", "-o", "few/")
    done = desk.run("verify", "few")
    assert done.status == 0
    assert "few/manifest.json: as it was exported, but not known to be complete: big (never fetched)" in done.err
    assert documents(desk.run("verify", "few", "--json"))["manifests"][0]["complete"] is False


def test_faults_of_an_archive_are_as_documented(filled: Desk) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(filled.archive / "archive.db")) as conn, conn:
        conn.execute("UPDATE message SET payload_sha256 = zeroblob(32) WHERE message_id = 1")
    whole, lines = both(filled, "verify --quick")
    assert whole["faults"]
    assert [one["what"] for one in lines] == ["fault"] * len(whole["faults"]) + ["archive"]


def test_output_of_index_commands_matches_the_docs(shop: Shop) -> None:
    both(shop.desk, "index status")
    shop.desk.do("index", "rebuild", "--progress", "json")
    both(shop.desk, "index status")
    _, compared = both(shop.desk, "index verify")
    assert compared
    both(shop.desk, "status")


@pytest.mark.parametrize(
    "command", ["sync", "export -o all.jsonl", "verify", "verify --quick", "repair search"], ids=lambda one: one
)
def test_progress_as_json_is_as_documented_also_with_quiet(filled: Desk, command: str) -> None:
    words = ["sync", "atlas_desk"] if command == "sync" else command.split()
    done = filled.run("-q", *words, "--progress", "json")
    said = [orjson.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    assert said, "even a short job has a last line"
    for one in said:
        expect_valid("progress", one, line=True)
    assert said[-1]["done"] == said[-1]["total"]


def test_progress_of_an_import_is_in_bytes_of_its_file(filled: Desk) -> None:
    filled.do("export", "atlas_desk", "-o", "all.jsonl")
    done = filled.run("-q", "import", "all.jsonl", "--progress", "json")
    said = [orjson.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    expect_valid("progress", said[-1], line=True)
    size = (filled.home / "all.jsonl").stat().st_size
    assert (said[-1]["done"], said[-1]["total"], said[-1]["unit"]) == (size, size, "bytes")
    assert said[-1]["messages"] > 0


def test_an_interrupted_sync_prints_a_whole_document(desk: Desk, telegram: Telegram) -> None:
    telegram.order("net", rtt=0.05)
    desk.do("add", "@big")
    process = desk.start("sync", "--json", "--progress", "json")
    assert process.stderr is not None
    while b'"what"' not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    done = desk.end(process)
    assert (done.status, documents(done)) == (130, [])


def test_changes_are_a_table_of_the_keys_asked_for(filled: Desk) -> None:
    import csv

    whole = documents(filled.do("changes", "-n", "0", "--json"))
    table = list(csv.DictReader(filled.do("changes", "-n", "0", "--csv").out.splitlines()))
    assert len(table) == len(whole)
    assert set(table[0]) == set(whole[0])
    some = filled.do("changes", "--jsonl", "--fields", "at,permalink").rows
    assert some == [{"at": one["at"], "permalink": one["permalink"]} for one in whole[: len(some)]]
    wrong = filled.run("changes", "--json", "--fields", "permalnk")
    assert (wrong.status, "permalink" in wrong.err) == (2, True)
