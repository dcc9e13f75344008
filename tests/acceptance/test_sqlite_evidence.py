"""An export in SQLite is evidence: read like an archive, never changed, and true about what it has."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import signal
from pathlib import Path

import pytest

from archiver.mirror.rebuild_search import prepare_search
from archiver.store.database import Database
from tests.acceptance.desk import LIMIT, Desk
from tests.sample import OTHER, build, make_message, photo
from tests.stored_files import store_file

STORED = 2


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("evidence"))
    media = {at: dataclasses.replace(photo(), id=str(at)) for at in range(1, 4)}
    build(desk.archive, [make_message(at, f"post {at}", media=(media[at],)) for at in media], covered=[(1, 3)])
    others = [make_message(at, f"other {at}", channel_id=1002) for at in range(1, 4)]
    build(desk.archive, others, channel=OTHER, covered=[(1, 3)])
    asyncio.run(store(desk.archive))
    desk.do("export", "--format", "sqlite", "-o", "whole/")
    desk.do("export", str(OTHER.username), "--format", "sqlite", "-o", "one/")
    for name in ("whole", "one"):
        (desk.home / name).chmod(0o700)
        for path in (desk.home / name).iterdir():
            path.chmod(0o600)
    return desk


async def store(archive: Path) -> None:
    async with await Database.open(archive) as database:
        await prepare_search(database)
        for at in range(1, STORED + 1):
            await store_file(database, f"photo/{at}", f"picture {at}".encode())


@pytest.fixture
def there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setitem(desk.environment, "TELEKEEP_ARCHIVE__DIR", str(desk.home / "whole"))
    return desk


def look(desk: Desk) -> dict[str, tuple[bytes, int]]:
    return {one.name: (one.read_bytes(), one.stat().st_mode) for one in sorted((desk.home / "whole").iterdir())}


READING = (
    ("status",), ("channels",), ("verify",), ("verify", "--media"), ("verify", "--quick", "--media"),
    ("search", "post"), ("show", "NightBridge/1"), ("media", "status"), ("media", "plan"), ("query", "list"),
    ("gaps", "NightBridge"), ("changes",), ("history", "NightBridge/1"), ("export", "-o", "-"),
    ("export", "--format", "sqlite", "-o", "/dev/null"),    ("similar", "NightBridge/1"), ("accounts",),
)  # fmt: skip
WRITING = (
    ("media", "hash"), ("media", "fetch"), ("media", "prune", "--dry-run"),
    ("media", "offload"), ("media", "retry"), ("media", "policy", "NightBridge", "--download", "all"),
    ("query", "save", "one", "post"), ("repair", "search"), ("remove", "NightBridge"), ("sync",), ("run",),
    ("add", "another"), ("login", "--phone", "+9996612345"),
)  # fmt: skip


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_what_reads_leaves_every_byte_and_adds_no_file(there: Desk, words: tuple[str, ...]) -> None:
    before = look(there)
    done = there.run(*words)
    assert done.status in (0, 1), done
    assert look(there) == before


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_what_would_write_is_refused_in_one_line(there: Desk, words: tuple[str, ...]) -> None:
    before = look(there)
    done = there.run(*words)
    assert (done.status, done.out) == (2, "")
    [line] = done.err.splitlines()
    assert "is only read, never changed" in line
    assert look(there) == before


def test_a_page_of_it_leaves_no_note_with_its_token(there: Desk) -> None:
    before = look(there)
    process = there.start("serve", "--listen", "127.0.0.1:0")
    try:
        assert process.stdout is not None
        assert any(b"token=" in line for line in process.stdout)
        assert look(there) == before
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT)


def test_it_needs_no_account_or_service(there: Desk) -> None:
    [made] = {json.loads((there.home / "whole" / "manifest.json").read_bytes())["exported_at"]}
    status = there.do("status")
    assert f"export: this archive is an export (--format sqlite), made at {made}: it is only read" in status.err
    for word in ("logged in", "wait for", "service", "last sync"):
        assert word not in status.err
    assert json.loads(there.do("status", "--json").out)["problems"] == []
    health = there.run("health")
    assert (health.status, len(health.errors)) == (2, 1)
    assert f"is an export (--format sqlite), made at {made}" in health.errors[0]
    accounts = there.do("accounts", "--json")
    assert (json.loads(accounts.out), "accounts are not part of it" in accounts.err) == ([], True)


def test_an_export_of_one_channel_is_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(desk.environment, "TELEKEEP_ARCHIVE__DIR", str(desk.home / "one"))
    assert desk.do("verify").out.endswith("ok\n")


def test_its_rows_say_that_the_files_are_not_in_it(there: Desk) -> None:
    rows = [json.loads(line) for line in there.do("export", "NightBridge", "-o", "-").out.splitlines()]
    shown = [row["media"][0] for row in rows]
    assert [(slot["status"], slot["path"]) for slot in shown] == [("offloaded", None)] * STORED + [
        ("not downloaded", None)
    ]
    assert all(slot["sha256"] for slot in shown[:STORED])
    assert there.run("search", "media:offloaded", "-n", "9", "--jsonl").out.count("\n") == STORED
    done = there.do("export", "-o", "again/day.jsonl", "--media", "copy", "--force")
    assert "files not stored (each row has the status): not downloaded 1, offloaded 2" in done.err
    assert "no files were read" in there.do("verify", "--media").err
