"""The double as a program: its first line, being killed and started again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import meilisearch
import pytest
import requests

ROOT = Path(__file__).parents[3]
KEY = "a-master-key-of-tests"
Start = Callable[..., "Program"]


class Program:
    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "tests.doubles.meilisearch", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, stderr=-1, text=True)
        line = self._line()
        assert line.startswith("listening on 127.0.0.1:"), line
        self.url = f"http://{line.split()[-1]}"
        self.client = meilisearch.Client(self.url, KEY, timeout=10)

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> int:
        self.process.terminate()
        code = self.process.wait(15)
        self.close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(15)
        self.close()

    def close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Program] = []

    def begin(*arguments: str) -> Program:
        started.append(Program("--master-key", KEY, *arguments))
        return started[-1]

    yield begin
    for program in started:
        if program.process.poll() is None:
            program.kill()


def test_it_serves_and_ends_when_it_is_told_to(start: Start) -> None:
    program = start()
    index = program.client.index("messages")
    done = program.client.wait_for_task(index.add_documents([{"id": 1, "text": "night"}], "id").task_uid)
    assert done.status == "succeeded"
    assert index.search("night")["hits"] == [{"id": 1, "text": "night"}]
    assert program.end() == 0


def test_a_killed_server_keeps_what_it_had_answered(start: Start, tmp_path: Path) -> None:
    db = str(tmp_path / "db")
    program = start("--db", db, "--slow", "1")
    key = program.client.create_key({"actions": ["*"], "indexes": ["*"], "expiresAt": None})
    index = program.client.index("messages")
    program.client.wait_for_task(index.add_documents([{"id": "a"}], "id").task_uid)
    waiting = index.add_documents([{"id": "b"}])
    port = program.url.rpartition(":")[2]
    program.kill()
    again = start("--db", db, "--port", port)
    assert again.url == program.url
    assert again.client.wait_for_task(waiting.task_uid).status == "succeeded"
    assert {one.id for one in again.client.index("messages").get_documents().results} == {"a", "b"}
    assert [one.uid for one in meilisearch.Client(again.url, key.key).get_indexes()["results"]] == ["messages"]


def test_slow_and_failing_from_the_start(start: Start) -> None:
    program = start("--slow", "0.3", "--payload-limit", "1000", "--faults", "GET /stats:status(500)x1")
    assert requests.get(f"{program.url}/stats", timeout=5).status_code == 500
    task = program.client.index("messages").add_documents([{"id": "a"}], "id")
    assert program.client.get_task(task.task_uid).status in ("enqueued", "processing")
    assert program.client.wait_for_task(task.task_uid).status == "succeeded"


def test_wrong_options_are_told_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.doubles.meilisearch", "--faults", "nonsense"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "nonsense" in ended.stderr
