"""`telekeep verify` names every kind of damage, and calls nothing damaged that is not; `telekeep repair search`.

The archive of these tests saw edits, deletions, returns, counters, other titles and names, objects of a newer layer and
rich messages in part, all of it over the loopback server.
"""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from archiver.evidence import run
from archiver.evidence.run import verify
from archiver.lock import hold
from tests.acceptance.damaging import UNTOLD, damage, dump, flipped, is_damaged, tables_of, writing
from tests.acceptance.desk import ROOT, Desk, Telegram, clean_environment, desk_at, until
from tests.tiers import SOAK

run.FEW = 1_000  # a process of its own for each would take longer than the work
BLOCKS = [f"a long read of the harbour {number}" for number in range(4)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telegram]:
    with Telegram(tmp_path_factory.mktemp("server"), "--world", "mixed", "--world", "demo") as running:
        yield running


@pytest.fixture(scope="module")
def eventful(server: Telegram, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = desk_at(server, tmp_path_factory.mktemp("eventful") / "desk")
    desk.log_in()
    for name, limit in (("long_reads", 1), ("short_reads", 1)):
        server.order("make", title=name, username=name)
        server.order("set", channel=name, rich_limit=limit)
        server.post(name, "", blocks=BLOCKS)
    server.order("fault", spec="messages.getRichMessage:rpc(400,MESSAGE_ID_INVALID)x1")
    desk.do("add", "everything", "talking_desk", "newer_desk", "atlas_desk", "long_reads", "short_reads")
    desk.do("add", "quiet_a", "quiet_b", "nahrain_desk")
    desk.run("sync")
    for number in (3, 4, 5):
        server.order("edit", channel="quiet_a", id=number + 10, text=f"report {number} of the lighthouse")
        server.order("edit", channel="talking_desk", id=number, text=f"what was meant {number}")
    server.order("delete", channel="quiet_a", ids=[8, 9])
    server.order("title", channel="quiet_b", title="The loud harbour")
    _later(desk)
    for number in (3, 4):
        server.order("edit", channel="quiet_a", id=number + 10, text=f"report {number} of the lighthouse keeper")
    server.order("view", channel="quiet_a", id=10, views=9_000)
    server.order("react", channel="quiet_a", id=10, counts={"👍": 7})
    server.order("forget", channel="quiet_a")
    server.order("rename", channel="quiet_b", username="loud_b")
    server.post("loud_b", "a post by which the name is noticed")
    _later(desk)
    desk.do("query", "save", "Harbours", "harbour OR гавань")
    desk.do("add", "@others_desk", "--since", "2021-12-15")
    desk.run("sync")
    return desk


def _later(desk: Desk) -> None:
    time.sleep(1.1)  # the archive counts whole seconds
    desk.run("sync")


@pytest.fixture
def copied(eventful: Desk, server: Telegram, tmp_path: Path) -> Desk:
    desk = desk_at(server, tmp_path / "copied")
    shutil.copytree(eventful.archive, desk.archive)
    return desk


@pytest.mark.parametrize("options", [(), ("--deep",), ("--quick",)])
def test_an_eventful_archive_is_not_called_damaged(copied: Desk, options: tuple[str, ...]) -> None:
    done = copied.do("verify", *options)
    assert done.out.endswith(" payloads\tok\n")
    assert done.out.count("\n") == 1


def test_an_archive_of_all_message_kinds_is_not_called_damaged(filled: Desk) -> None:
    assert filled.do("verify", "--deep").out.endswith(" payloads\tok\n")


def test_an_archive_of_earlier_versions_is_not_called_damaged(copied: Desk) -> None:
    with writing(copied.archive) as conn:
        conn.execute("UPDATE message SET seen_pts = NULL, lang = NULL")
        conn.execute("UPDATE channel_revision SET participants = NULL")
    assert copied.do("verify", "--deep").out.endswith(" payloads\tok\n")


def test_reworded_ddl_comments_are_not_called_damage(copied: Desk) -> None:
    with writing(copied.archive) as conn:
        conn.execute("PRAGMA writable_schema = ON")
        conn.execute("UPDATE sqlite_master SET sql = replace(sql, '-- ', '-- as it is now: ') WHERE sql LIKE '%-- %'")
    copied.do("verify")
    with writing(copied.archive) as conn:
        conn.execute("PRAGMA writable_schema = ON")
        conn.execute("UPDATE sqlite_master SET sql = replace(sql, 'how         TEXT NOT NULL', 'how TEXT')")
    assert copied.run("verify").status == 6


def test_an_archive_being_written_is_not_called_damaged(copied: Desk) -> None:
    copied.environment["TELEKEEP_SERVICE__POLL_INTERVAL"] = "0.2"
    service = copied.start("run")
    try:
        for _ in range(3):
            assert copied.do("verify").out.endswith(" payloads\tok\n")
    finally:
        service.send_signal(signal.SIGTERM)
        service.communicate(timeout=120)
    copied.do("verify", "--deep")


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(20) if SOAK else (1,))  # 0 tries every column
def test_a_value_that_changes_and_a_row_that_vanishes_are_found(eventful: Desk, tmp_path: Path, seed: int) -> None:
    chance, unfound, tried = random.Random(seed), [], 0
    for table, columns, key in tables_of(eventful.archive / "archive.db"):
        names = [*columns, "row"]
        for column in names if table in ("message", "revision", "media") and not seed else chance.sample(names, 2):
            if column in UNTOLD.get(table, ()):
                continue
            path = tmp_path / "damaged.db"
            shutil.copy(eventful.archive / "archive.db", path)
            what = damage(path, table, column, key, chance)
            tried += 1
            if what and not verify(path, deep=True).faults:
                unfound.append((table, column, what))
    assert tried > 30
    assert unfound == []


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(20 if SOAK else 1))
def test_a_flipped_bit_is_found_unless_it_changes_nothing(eventful: Desk, tmp_path: Path, seed: int) -> None:
    chance, unfound, found = random.Random(seed), [], 0
    original = (eventful.archive / "archive.db").read_bytes()
    sound = dump(eventful.archive / "archive.db")
    for number in range(15):
        place, bit = chance.randrange(len(original)), chance.randrange(8)
        path = tmp_path / f"{number}.db"
        path.write_bytes(original[:place] + bytes([original[place] ^ 1 << bit]) + original[place + 1 :])
        if is_damaged(path):
            found += 1
        elif dump(path) != sound:
            unfound.append((place, bit))
        path.unlink()
    assert unfound == []
    assert found > 5


@pytest.mark.parametrize("kind", ["empty", "cut", "first bytes", "text", "foreign", "no tables", "page size"])
def test_a_file_that_is_not_an_archive_is_one_line_of_damage(desk: Desk, filled_archive: Path, kind: str) -> None:
    desk.archive.mkdir(mode=0o700, exist_ok=True)
    path = desk.archive / "archive.db"
    whole = (filled_archive / "archive.db").read_bytes()
    contents = {
        "empty": b"", "cut": whole[: len(whole) // 2 + 100], "first bytes": whole[:50],
        "text": b"no database at all\n" * 99,
        "page size": whole[:16] + b"\0\7" + whole[18:],
    }  # fmt: skip
    if kind in contents:
        path.write_bytes(contents[kind])
    else:
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("CREATE TABLE other (a)" if kind == "foreign" else "PRAGMA user_version = 5")
            conn.execute("VACUUM")
    path.chmod(0o600)
    for options in ((), ("--quick",), ("--deep",)):
        done = desk.run("verify", *options)
        assert (done.status, done.out, len(done.errors)) == (6, "", 1), done
    assert "Restore it from a backup." in done.err


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE message SET text = CAST(x'ff80' AS TEXT) WHERE message_id = 3",
        "UPDATE message SET entities = '[', sender = '{}', fwd_from = '7', action = 'null' WHERE message_id = 5",
        "UPDATE revision SET media = 'x', first_seen = -5",
        "UPDATE media SET extra = CAST(x'fe' AS TEXT), duration = 9e999",
        "UPDATE channel SET usernames = '7', flags = ''",
        "UPDATE message SET date = 9223372036854775807 WHERE message_id = 4",
        "UPDATE message SET raw = x'', payload_sha256 = x'e3b0' WHERE message_id = 4",
        "UPDATE message SET message_id = -message_id WHERE message_id = 7",
        "UPDATE search_document SET flags = 'x', channel = x'ff' WHERE docid % 8 = 3",
        "DELETE FROM search_text_data",
        "DROP TABLE search_block",
        "DROP INDEX message_date",
        "DROP TABLE counter",
        "PRAGMA user_version = 3",
        "CREATE TRIGGER t AFTER INSERT ON message BEGIN DELETE FROM revision; END",
        "UPDATE coverage SET hi = hi - 1",
        "DELETE FROM capture WHERE capture_id = 4",
        "INSERT INTO outbox VALUES (77, 1, '', 5, 0)",
        "UPDATE message SET missing_since = 1700000000, missing_how = 'update' WHERE message_id = 3",
        "UPDATE channel SET added_at = added_at + 1",
        "UPDATE channel SET server_count_at = server_count_at - 1000",
        "UPDATE channel SET last_sync_at = -5",
        "UPDATE channel SET participants = 5",
        "UPDATE channel SET floor_id = 5 WHERE window_start IS NULL",
        "UPDATE account SET reason = 'x'",
        "UPDATE account SET clock_ahead = NULL, clock_at = NULL",
        "UPDATE capture SET count = 5000 WHERE capture_id = 4",
        "UPDATE capture SET clock_ahead = 9e99 WHERE capture_id = 4",
        "UPDATE capture SET import_id = 7 WHERE capture_id = 4",
        "UPDATE counter SET reactions = '7'",
        "UPDATE counter SET replies = -9",
        "UPDATE revision SET first_seen = replaced_at WHERE revision = 1",
        "UPDATE saved_query SET query = ''",
        "UPDATE outbox SET enqueued_at = -1 WHERE message_id = 3",
        "DELETE FROM outbox WHERE message_id = 3",
        "UPDATE indexing SET seq = seq + 1",
        "UPDATE search_document SET views = 'x' WHERE docid % 8 = 3",
        "UPDATE search_block SET views = 'x'",
        "INSERT INTO search_text_config VALUES ('secure-delete', 1)",
        (
            "INSERT INTO channel_revision SELECT channel_id, revision + 1, observed_at, username, usernames, title,"
            " about, restriction, flags, participants FROM channel_revision AS r"
            " WHERE revision = (SELECT max(revision) FROM channel_revision WHERE channel_id = r.channel_id)"
        ),
    ],
)
def test_impossible_values_are_named_in_our_own_words(copied: Desk, sql: str) -> None:
    with writing(copied.archive) as conn:
        conn.execute(sql)
    done = copied.run("verify")
    assert done.status == 6, done
    assert len(done.errors) == 1
    assert not any(word in done.out + done.err for word in ("Error", "Traceback", "sqlite3"))


def test_an_archive_of_a_newer_version_is_not_called_damaged_where_its_tables_are_the_same(copied: Desk) -> None:
    with writing(copied.archive) as conn:
        conn.execute("PRAGMA user_version = 99")
    done = copied.run("verify")
    assert (done.status, len(done.errors)) == (2, 1), done
    assert "was written by a newer telekeep (schema 99" in done.err


def test_a_damaged_log_of_sqlite_is_damage_and_one_cut_short_is_not(copied: Desk) -> None:
    path = copied.archive / "archive.db"
    with writing(copied.archive) as conn:
        conn.execute("PRAGMA wal_autocheckpoint = 0")
        for seconds in (1, 2, 3):
            conn.execute("UPDATE channel SET last_sync_at = last_sync_at + ?", (seconds,))
        log, content = path.with_name("archive.db-wal").read_bytes(), path.read_bytes()

    def verified(damaged: bytes) -> list[str]:
        path.write_bytes(content)
        path.with_name("archive.db-shm").unlink(missing_ok=True)
        path.with_name("archive.db-wal").write_bytes(damaged)
        quick, whole = copied.run("verify", "--quick"), copied.run("verify")
        assert quick.status == whole.status
        assert (quick.status == 6) is ("log (-wal) is damaged" in quick.out or "log (-wal) is damaged" in whole.err)
        return quick.out.splitlines()

    assert len(verified(log)) == 1
    assert len(verified(log[:-2000])) == 1  # as a program that was killed leaves it
    assert "2 transactions are lost" in verified(flipped(log, 32 + 4120 + 900))[0]
    assert "what was committed to it is lost" in verified(flipped(log, 17))[0]


def test_search_tables_are_repaired_from_the_messages(copied: Desk) -> None:
    before = copied.do("search", "harbour", "--json").out
    with writing(copied.archive) as conn:
        conn.execute("DELETE FROM search_text_config")
        conn.execute("UPDATE search_document SET flags = 5 WHERE docid % 8 = 0")
    done = copied.run("verify")
    assert done.status == 6
    assert "telekeep repair search" in done.err
    with hold(copied.archive, command="sync"):
        assert copied.run("repair", "search").status == 2
    assert "from 98" in copied.do("repair", "search").err
    copied.do("verify", "--deep")
    assert copied.do("search", "harbour", "--json").out == before


def test_pages_in_each_others_place_are_damage_for_the_quick_check_too(copied: Desk) -> None:
    with writing(copied.archive) as conn:
        conn.execute("PRAGMA writable_schema = ON")
        conn.execute("UPDATE sqlite_master SET sql = replace(sql, 'BLOB', 'ANY') WHERE name = 'message'")
    with writing(copied.archive) as conn:
        conn.execute("UPDATE message SET raw = 5, payload_sha256 = 'x' WHERE message_id = 3")
    done = copied.run("verify", "--quick")
    assert (done.status, len(done.errors)) == (6, 1), done
    assert "different SHA-256" in done.out


def test_each_damage_is_a_line_of_its_own(copied: Desk) -> None:
    with writing(copied.archive) as conn:
        conn.execute("UPDATE message SET views = 123456 WHERE views IS NOT NULL")
        (count,) = conn.execute("SELECT count(*) FROM message WHERE views = 123456").fetchone()
    lines = copied.run("verify").out.splitlines()
    assert len([line for line in lines if line.endswith("\tviews does not match its payload")]) == count
    quick = copied.run("verify", "--quick")
    assert quick.status == 0
    assert "only the file and the payloads were checked" in quick.err


_KILLED = """
import multiprocessing, os, pathlib, signal, sys
from archiver.evidence.processes import running
with running() as processes:
    for _ in range(3):
        processes.start(pathlib.Path(sys.argv[1]))
    print(*(one.pid for one in multiprocessing.active_children()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_of_a_verification_that_was_killed_end_too(eventful: Desk) -> None:
    arguments = [sys.executable, "-c", _KILLED, str(eventful.archive / "archive.db")]
    killed = subprocess.run(arguments, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False)
    processes = killed.stdout.split()
    assert len(processes) == 3, killed
    until(lambda: not any(is_running(one) for one in processes), what="the end of its processes")


_KILLED_EARLY = """
import contextlib, os, pathlib, signal, sys
os.sched_getaffinity = lambda _: {0, 1, 2}
from archiver.evidence.processes import early_processes
from archiver.evidence.task_result import VerifyTask
with early_processes() as early:
    for pipe in early.use_early(pathlib.Path(sys.argv[1])):
        pipe.send(VerifyTask("file"))
        pipe.recv()
    parents = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            parents[path.parent.name] = path.read_text().rpartition(")")[2].split()[1]
    (first,) = (one for one, parent in parents.items() if parent == str(os.getpid()))
    print(first, *(one for one, parent in parents.items() if parent == first), flush=True)
    if sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    raise ValueError("something went wrong")
"""


@pytest.mark.parametrize("how", ["killed", "failed"])
def test_copies_that_began_before_the_rest_of_the_command_end_with_it(eventful: Desk, how: str) -> None:
    arguments = [sys.executable, "-c", _KILLED_EARLY, str(eventful.archive / "archive.db"), how]
    ended = subprocess.run(arguments, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False)
    processes = ended.stdout.split()
    assert len(processes) == 4, ended
    until(lambda: not any(is_running(one) for one in processes), what="the end of its processes")


def test_a_command_whose_processes_begin_early_finds_the_same(copied: Desk) -> None:
    """The other tests run in a process that has imported everything, where that gains nothing."""
    with writing(copied.archive) as conn:
        conn.execute("UPDATE message SET views = 123456 WHERE views IS NOT NULL")
        conn.execute("UPDATE search_block SET high = 0")
    command = [sys.executable, "-m", "archiver", "verify", "--jsonl"]
    environment = clean_environment(HOME=str(copied.home))
    cold = subprocess.run(command, cwd=copied.home, env=environment, capture_output=True, text=True, check=False)
    warm = copied.run("verify", "--jsonl")
    assert (cold.returncode, cold.stdout) == (warm.status, warm.out)
    assert warm.status == 6


def is_running(process: str) -> bool:
    try:
        return Path("/proc", process, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_incompatible_options_are_rejected(copied: Desk) -> None:
    assert copied.run("verify", "--quick", "--deep").status == 2
    assert copied.run("verify", "out", "--deep").status == 2
