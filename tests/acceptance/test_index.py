"""`telekeep index`, and what `status` says of an index: the command as a process, on the double of Meilisearch or on a
real server (MEILI_URL).
"""

from __future__ import annotations

import stat
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from archiver.lock import hold
from tests.acceptance.desk import LIMIT, Desk
from tests.doubles.meilisearch.fixtures import Meili, meili
from tests.integration.index_rig import every_document
from tests.sample import OTHER, build, connect, index, make_message

__all__ = ["meili"]


class Shop:
    """An archive with two channels, and the command over it."""

    def __init__(self, meili: Meili, folder: Path, texts: Sequence[str] | None = None) -> None:
        """`texts`: of the first channel's messages."""
        self.meili = meili
        self.name = meili.fresh()
        self.desk = Desk(folder)
        self.desk.environment |= {
            "TELEKEEP_MEILISEARCH__URL": meili.url,
            "TELEKEEP_MEILISEARCH__INDEX": self.name,
            "TELEKEEP_MEILISEARCH__API_KEY": meili.master_key or "none",
        }
        self.desk.secrets.append(meili.master_key or "none")
        texts = texts or [f"bridge {one}" for one in range(1, 41)]
        ours = [make_message(one, text) for one, text in enumerate(texts, 1)]
        theirs = [make_message(one, f"мост {one}", channel_id=1002) for one in range(1, 6)]
        build(self.desk.archive, ours)
        build(self.desk.archive, theirs, channel=OTHER)
        index(self.desk.archive, [*ours, *theirs])

    def write(self, sql: str) -> None:
        conn = connect(self.desk.archive)
        conn.execute(sql)
        conn.close()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.desk.do("index", "status", "--json").out)
        return found

    def ids(self, index: str | None = None) -> set[str]:
        return set(every_document(self.meili, index or self.name))


ALL = {f"c1001_{one}" for one in range(1, 41)} | {f"c1002_{one}" for one in range(1, 6)}


@pytest.fixture
def shop(meili: Meili, tmp_path: Path) -> Shop:
    return Shop(meili, tmp_path / "home")


def test_rebuild_fills_an_index_from_the_archive(shop: Shop) -> None:
    done = shop.desk.do("index", "rebuild")
    assert "rebuilt, 45 documents" in done.err
    assert shop.ids() == ALL
    assert shop.ids(f"{shop.name}_next") == set()
    found = shop.status()
    assert (found["state"], found["documents"], found["waiting"], found["rebuild"]) == ("following", 45, 0, None)
    assert found["rebuild_needed"] is False
    assert found["last_success_at"].endswith("Z")
    shop.desk.do("index", "rebuild")
    assert shop.ids() == ALL


def test_rebuild_continues_after_a_kill(shop: Shop) -> None:
    for seconds in (0.1, 0.3, 0.6, 1.0):
        process = shop.desk.start("index", "rebuild")
        try:
            process.wait(seconds)
        except Exception:  # noqa: BLE001 - it still runs
            shop.desk.kill(process)
        shop.desk.end(process)
    shop.desk.do("index", "rebuild")
    assert shop.ids() == ALL
    assert shop.ids(f"{shop.name}_next") == set()


def test_rebuild_leaves_the_work_to_a_restarted_service(shop: Shop) -> None:
    with hold(shop.desk.archive, command="run"):
        process = shop.desk.start("index", "rebuild")
        assert process.stderr is not None
        assert b"is running and rebuilds it" in process.stderr.readline()
    time.sleep(4)  # it looks every two seconds whether the service is there
    with hold(shop.desk.archive, command="run"):
        assert process.poll() is None
        shop.desk.kill(process)


def test_rebuild_never_loses_documents_of_another_archive(shop: Shop, meili: Meili) -> None:
    shop.desk.do("index", "rebuild")
    meili.wait(meili.client().index(shop.name).add_documents([{"id": "c77_1", "channel_id": 77, "message_id": 1}]))
    done = shop.desk.run("index", "rebuild")
    assert done.status == 2
    assert "1 document of channels that are not in this archive" in done.errors[0]
    assert "c77_1" in shop.ids()
    shop.desk.do("index", "rebuild", "--force")
    assert shop.ids() == ALL


def test_rebuild_never_replaces_a_foreign_index(shop: Shop, meili: Meili) -> None:
    meili.wait(
        meili.client().index(shop.name).add_documents([{"id": one, "title": "a film"} for one in range(5)], "id")
    )
    done = shop.desk.run("index", "rebuild")
    assert (done.status, "5 documents of channels that are not in this archive" in done.err) == (2, True), done
    assert len(shop.ids()) == 5
    shop.desk.do("index", "rebuild", "--force")
    assert shop.ids() == ALL


def test_verify_finds_and_repairs_what_differs(shop: Shop, meili: Meili) -> None:
    shop.desk.do("index", "rebuild")
    assert shop.desk.run("index", "verify", "--check").status == 0
    index = meili.client().index(shop.name)
    index.delete_documents(filter="channel_id = 1001 AND message_id 3 TO 5")
    surplus = [{"id": f"c1002_{one}", "channel_id": 1002, "message_id": one} for one in (9, 1_000_000)]
    meili.wait(index.add_documents(surplus))
    done = shop.desk.run("index", "verify", "--check", "--json")
    assert done.status == 1
    found = {row["channel"]: (row["lacking"], row["surplus"]) for row in orjson.loads(done.out)}
    assert found == {"NightBridge": (3, 0), "jisr_news": (0, 2)}
    assert shop.ids() != ALL
    shop.desk.do("index", "verify")
    assert shop.desk.run("index", "verify", "--check").status == 0
    assert shop.ids() == ALL


def test_status_includes_the_index(shop: Shop) -> None:
    shop.write("INSERT INTO outbox (channel_id, message_id, enqueued_at) VALUES (1001, 1, 1700000000)")
    done = shop.desk.do("status", "--json")
    found = orjson.loads(done.out)["index"]
    assert (found["name"], found["state"], found["waiting"]) == (shop.name, "unused", 1)
    assert found["oldest_waiting_at"] == "2023-11-14T22:13:20Z"
    assert found["oldest_age"] > 1e6
    assert f"index {shop.name}: not filled yet; 1 message waits, the oldest for " in shop.desk.do("status").err
    shop.desk.environment.pop("TELEKEEP_MEILISEARCH__URL")
    assert orjson.loads(shop.desk.do("status", "--json").out)["index"] is None


def test_index_commands_explain_errors(shop: Shop) -> None:
    shop.desk.environment["TELEKEEP_MEILISEARCH__URL"] = "http://127.0.0.1:9"
    found = shop.desk.run("index", "status", "--json")
    assert found.status == 0
    assert orjson.loads(found.out)["reached"] is False
    assert "did not answer" in found.err
    done = shop.desk.run("index", "verify")
    assert (done.status, len(done.errors)) == (2, 1)
    shop.desk.environment.pop("TELEKEEP_MEILISEARCH__URL")
    for command in ("status", "rebuild", "verify", "keys"):
        done = shop.desk.run("index", command)
        assert (done.status, len(done.errors)) == (2, 1)
        assert done.errors[0].startswith("telekeep: Meilisearch is not configured, so there is no index. Set url")


def test_keys_are_not_made_on_a_server_that_is_too_old(shop: Shop, meili: Meili) -> None:
    meili.double.instance.version["pkgVersion"] = "1.35.1"
    refused = shop.desk.run("index", "keys", stdin=f"{meili.master_key}\n")
    assert (refused.status, refused.out) == (2, "")
    assert "is 1.35.1; telekeep needs 1.36 or newer. Update the server." in refused.err


def test_an_invalid_master_key_is_reported_as_such(shop: Shop) -> None:
    for wrong in ("wrong", "ключ мастера"):
        done = shop.desk.run("index", "keys", stdin=f"{wrong}\n")
        assert (done.status, done.out, len(done.errors)) == (2, "", 1)
        assert "rejects the master key. Use the key the server was started with" in done.errors[0]
        assert wrong not in done.err
    shop.desk.environment["TELEKEEP_MEILISEARCH__API_KEY"] = "ключ"
    assert "contains invalid characters" in shop.desk.run("index", "verify").err


def test_keys_do_not_wait_for_a_pipe_when_the_environment_has_the_master_key(shop: Shop, meili: Meili) -> None:
    shop.desk.environment["MEILI_MASTER_KEY"] = meili.master_key or "none"
    process = shop.desk.start("index", "keys", stdin=subprocess.PIPE)
    try:
        process.wait(LIMIT)
    finally:
        done = shop.desk.end(process)
    assert (done.status, "api_key = " in done.out) == (0, True), done


def test_keys_are_made_from_nothing_and_again_with_the_lines_that_were_printed(shop: Shop, meili: Meili) -> None:
    if meili.master_key is None:
        pytest.skip("the server has no master key")
    for name in ("URL", "API_KEY"):
        shop.desk.environment.pop(f"TELEKEEP_MEILISEARCH__{name}", None)
    make = ("index", "keys", "--into", "keys")
    lines = shop.desk.do(*make, "--url", meili.url, stdin=f"{meili.master_key}\n").out
    assert [line.split(" ")[0] for line in lines.splitlines() if "index = " not in line] == [
        "[meilisearch]", "url", "api_key_file", "search_key_file",
    ]  # fmt: skip
    for file in (shop.desk.home / "keys").iterdir():
        file.unlink()  # the lines come first, or the keys were lost
    file = shop.desk.home / "lines.toml"
    file.write_text(lines, encoding="utf-8")
    shop.desk.environment["TELEKEEP_CONFIG"] = str(file)
    assert shop.desk.do(*make, stdin=f"{meili.master_key}\n").out == lines
    assert len(list((shop.desk.home / "keys").iterdir())) == 2
    wrong = shop.desk.run(*make, "--url", "me:secret@host", stdin="x\n")
    assert (wrong.status, len(wrong.errors), "secret" in wrong.err) == (2, 1, False)


def test_keys_may_do_what_they_need_and_no_more(shop: Shop, meili: Meili) -> None:
    if meili.master_key is None:
        pytest.skip("the server has no master key")
    done = shop.desk.run("index", "keys", "--into", "keys", stdin=f"{meili.master_key}\n")
    assert done.status == 0
    write, search = shop.desk.home / "keys/meili-write.key", shop.desk.home / "keys/meili-search.key"
    assert stat.S_IMODE(write.stat().st_mode) == 0o600
    assert write.read_text(encoding="utf-8").strip() not in done.out + done.err
    again = shop.desk.run("index", "keys", stdin=f"{meili.master_key}\n")
    assert write.read_text(encoding="utf-8").strip() in again.out
    assert meili.master_key not in again.out + again.err
    shop.desk.environment |= {
        "TELEKEEP_MEILISEARCH__API_KEY": "",
        "TELEKEEP_MEILISEARCH__API_KEY_FILE": str(write),
        "TELEKEEP_MEILISEARCH__SEARCH_KEY_FILE": str(search),
    }
    shop.desk.do("index", "rebuild")
    shop.desk.do("index", "verify")
    found = shop.desk.do("search", "bridge", "--engine", "meilisearch", "--count")
    assert found.out.strip() == "40"
    assert shop.ids() == ALL
    for key in meili.client().get_keys({"limit": 100}).results:
        if key.name and key.name.endswith(shop.name):
            meili.client().delete_key(key.uid)
    assert shop.desk.run("index", "verify").status == 2
    shop.desk.run("index", "keys", stdin=f"{meili.master_key}\n")  # the same again
    shop.desk.do("index", "verify")
    for key in meili.client().get_keys({"limit": 100}).results:
        if key.name and key.name.endswith(shop.name):
            meili.client().delete_key(key.uid)
