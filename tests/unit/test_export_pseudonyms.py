"""`--pseudonymise users`: no name, id, address or number of a person is in any format, and offsets stay right."""

from __future__ import annotations

import asyncio
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest

from archiver.compose.pseudonyms import open_pseudonyms
from archiver.errors import UsageError
from archiver.export.pseudonyms.key import expect_apart, read_key
from archiver.export.pseudonyms.labels import Pseudonyms
from archiver.export.pseudonyms.rows import PseudonymousRows
from archiver.export.verify import check
from archiver.formatting.ranges import list_ranges
from archiver.store.database import Database
from tests.exporting import append_as, export_as
from tests.persons import KEPT, KEY, NAMES, SECRET, archive

__all__ = ["archive"]


def open_rows(archive: Path, key: Path, place: Path) -> PseudonymousRows:
    async def run() -> PseudonymousRows:
        async with await Database.open_readonly(archive) as database:
            return await open_pseudonyms(database.connection, key, place=place)

    return asyncio.run(run())


def written(out: Path) -> str:
    files = [path for path in out.rglob("*") if path.is_file()] if out.is_dir() else [out, *out.parent.glob("*.json")]
    return "".join(path.read_bytes().decode() for path in files)


@pytest.mark.parametrize("name", ["jsonl", "csv", "html", "desktop-json", "markdown", "atom"])
def test_no_format_has_anything_of_a_person(archive: Path, tmp_path: Path, name: str) -> None:
    persons = open_rows(archive, tmp_path / "apart.key", tmp_path / "out/all")
    out = tmp_path / "out" / "all"
    more = {"prepare": persons.row, "options": persons.options}
    export_as(name, archive, tmp_path / "plain" / "all", revisions=True)
    assert SECRET.search(written(tmp_path / "plain" / "all"))
    export_as(name, archive, out, revisions=True, job=more)
    said = written(out)
    assert SECRET.findall(said) == []
    assert not [word for word in KEPT if word.replace("_", "\\_") not in said and word not in said]
    manifest = (out if out.is_dir() else out.parent) / "manifest.json"
    assert not [one.fault for one in check(manifest) if one.fault]
    told = orjson.loads(manifest.read_bytes())["options"]["pseudonymised"]
    assert told == {
        "what": "users",
        "method": "HMAC-SHA256",
        "key_fingerprint": persons.names.fingerprint,
        "anonymous": False,
    }
    key = (tmp_path / "apart.key").read_text().strip()
    assert key not in said
    assert bytes.fromhex(key).hex() not in said


def rows_of(archive: Path, out: Path, key: bytes = KEY) -> list[dict[str, Any]]:
    persons = PseudonymousRows(Pseudonyms(key), ["NightBridge", "jisr_news"])
    export_as("jsonl", archive, out, job={"prepare": persons.row, "options": persons.options})
    rows = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    return [row for row in rows if row["channel_id"] == 1001]


def test_the_same_person_is_the_same_everywhere_and_in_every_export(archive: Path, tmp_path: Path) -> None:
    first, second, *_ = rows_of(archive, tmp_path / "one.jsonl")
    assert rows_of(archive, tmp_path / "two.jsonl")[0] == first
    sender = first["sender"]
    assert sender["type"] == "user"
    assert 2**52 <= sender["id"] < 2**53
    assert second["sender"] == sender
    assert second["action"]["users"][0] == second["action"]["inviter_id"] == sender["id"]
    assert first["fwd_from"]["from_id"]["id"] == first["media"][0]["extra"]["user_id"] == sender["id"]
    assert f"@{sender['username']}" in first["text"]
    assert sender["name"] in first["text"]
    assert sender["name"] in first["rich"]["text"]
    assert first["payload_sha256"] is None
    assert rows_of(archive, tmp_path / "three.jsonl", bytes(32))[0]["sender"]["id"] != sender["id"]


def test_channels_are_no_persons(archive: Path, tmp_path: Path) -> None:
    rows = rows_of(archive, tmp_path / "one.jsonl")
    third, fifth = rows[2], rows[4]
    assert third["text"] == "from a channel: @jisr_news and t.me/jisr_news"
    assert fifth["sender"] == {"type": "channel", "id": 1002, "name": "The Channel", "username": "jisr_news"}
    assert (fifth["fwd_from"]["from_id"], fifth["fwd_from"]["name"]) == ({"type": "channel", "id": 1002}, "The Channel")


def test_entities_mark_the_same_words_as_before(archive: Path, tmp_path: Path) -> None:
    row = rows_of(archive, tmp_path / "one.jsonl")[0]
    marked = {one.kind: row["text"][one.start : one.end] for one in list_ranges(row["text"], row["entities"])}
    person, username = row["sender"]["name"], row["sender"]["username"]
    assert marked["bold"] == f"wrote to {person}"
    assert (marked["mention_name"], marked["mention"]) == (person, f"@{username}")
    assert (marked["text_url"], marked["italic"]) == ("secretly", "see")
    assert marked["url"] == f"pseudonym:{username}"
    assert marked["email"].endswith("@pseudonym.invalid")
    assert marked["phone"].startswith("phone-")


def test_a_series_goes_on_with_the_same_key_only(archive: Path, tmp_path: Path) -> None:
    def job(key: bytes) -> dict[str, Any]:
        persons = PseudonymousRows(Pseudonyms(key), ["jisr_news"])
        return {"prepare": persons.row, "options": persons.options}

    out = tmp_path / "series/all.jsonl"
    append_as("jsonl", archive, out, job=job(KEY))
    assert append_as("jsonl", archive, out, job=job(KEY)).unchanged
    for other in (job(bytes(32)), {}):
        with pytest.raises(UsageError, match=r"other options \(pseudonymised"):
            append_as("jsonl", archive, out, job=other)


def test_the_key_is_private_and_made_once(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    before = os.umask(0)
    try:
        made = read_key(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (read_key(path), len(made)) == (made, 32)
    path.chmod(0o640)
    with pytest.raises(UsageError, match="can be read by others") as refused:
        read_key(path)
    assert made.hex() not in f"{refused.value} {refused.value.hint}"
    path.chmod(0o600)
    path.write_text("something else")
    with pytest.raises(UsageError, match="is not a key file"):
        read_key(path)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(UsageError, match="cannot be used"):
        read_key(tmp_path / "link")
    with pytest.raises(UsageError, match="cannot be used"):
        read_key(tmp_path / "nowhere" / "key")


def test_exports_that_make_the_key_at_the_same_time_have_the_same_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as exports:
        for number in range(50):
            path = tmp_path / f"{number}.key"
            assert len(set(exports.map(read_key, [path] * 4))) == 1
            assert path.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob(".*"))


def test_the_key_never_lies_in_the_directory_of_the_export(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for key, export in (("out/k", "out/all.jsonl"), ("out/deep/k", "out/all.jsonl"), ("out/k", "out")):
        with pytest.raises(UsageError, match="would lie in the directory of the export"):
            expect_apart(tmp_path / key, tmp_path / export)
    expect_apart(tmp_path / "k", tmp_path / "out/all.jsonl")


def test_a_query_that_names_a_person_is_not_in_the_manifest() -> None:
    persons = PseudonymousRows(NAMES, [])
    assert persons.query("from:jane") == persons.query("from:jane") != persons.query("from:joan")
    assert "jane" not in persons.query("from:jane")


@pytest.mark.parametrize("name", ["html", "markdown", "atom", "jsonl", "csv"])
def test_nor_is_it_in_the_files(archive: Path, tmp_path: Path, name: str) -> None:
    persons = PseudonymousRows(NAMES, [])
    query = 'from:"Secret Person"'
    more = {"query": query, "query_instead": persons.query(query)}
    export_as(name, archive, tmp_path / "out" / "all", job={"prepare": persons.row}, **more)
    said = written(tmp_path / "out" / "all")
    assert SECRET.search(said) is None
    assert persons.query(query) in said


def test_sqlite_has_raw_payloads_and_is_refused() -> None:
    from archiver.cli.export_plan import plan_export

    with pytest.raises(UsageError, match="cannot be used with sqlite"):
        plan_export(
            out="x.db", format_name=None, fields=None, ids_only=False, partition=None, revisions=False, excel=False,
            force=False, pseudonymise=True, dry_run=False, shape="people",
        )  # fmt: skip
