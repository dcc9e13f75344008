"""What a person sits at: the loopback server and the command, each as a process of its own.

A `Desk` checks what holds for every run, whatever the test is about: no traceback, and no secret on stderr.
"""

from __future__ import annotations

import codecs
import csv
import json
import os
import pty
import queue
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from tests.acceptance.warm import start

ROOT = Path(__file__).parents[2]
PHONE, CODE, API_HASH = "+9996612345", "58263", "feedc0dedeadbeeffeedc0dedeadbeef"
LIMIT = 120.0
"""Seconds after which a process is stuck."""
_VARIABLES = ("TELEKEEP_", "XDG_", "NO_COLOR", "CLICOLOR", "COLUMNS", "PYTHON")


def clean_environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_VARIABLES)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "TERM": "dumb", "TZ": "UTC"} | more


def until(true: Callable[[], object], *, limit: float = LIMIT, what: str = "it") -> None:
    """Wait until it is true; look less often after a while, for every look takes time from what is waited for."""
    began = time.monotonic()
    while not true():
        waited = time.monotonic() - began
        if waited > limit:
            raise TimeoutError(f"{what} did not happen within {limit:.0f} s")
        time.sleep(min(max(0.005, waited / 20), 0.03))


_CONTROL = ("\x03", "\x04")
"""Ctrl-C and Ctrl-D."""


class Telegram:
    """The server. Orders go to its stdin; everything it says on stdout is an answer."""

    def __init__(self, directory: Path, *arguments: str, module: str = "tests.acceptance.world") -> None:
        self.directory = directory
        self.public_key = directory / "server.pem"
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        who = ("--phone", PHONE, "--code", CODE, "--api-hash", API_HASH)
        with (directory / "server.log").open("wb") as log:
            self.process = start(
                [sys.executable, "-m", module, "--public-key", str(self.public_key), *who, *arguments],
                cwd=ROOT,
                env=clean_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        ready = self._said.get(timeout=LIMIT)
        assert ready.startswith("listening on 127.0.0.1:"), ready
        self.port = int(ready.rpartition(":")[2])

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(line.decode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.process.terminate()
        self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def order(self, do: str, **what: Any) -> dict[str, Any]:
        """One control line, obeyed; see tests/doubles/telegram/README.md."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **what}).encode() + b"\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._said.get(timeout=LIMIT))
        assert answer.pop("ok"), answer
        return answer

    def post(self, channel: str, text: str, **fields: Any) -> int:
        return int(self.order("post", channel=channel, text=text, **fields)["id"])

    def calls(self, method: str) -> int:
        return int(self.order("calls")["calls"].get(method, 0))

    def channel_id(self, name: str) -> int:
        return next(int(c["id"]) for c in self.order("channels")["channels"] if c["username"] == name)

    def truth(self, *names: str) -> list[dict[str, Any]]:
        """What is true now of these channels, a row for each message and each deleted id."""
        path = self.directory / "truth.jsonl"
        self.order("truth", path=str(path), channels=names)
        return [orjson.loads(line) for line in path.read_bytes().splitlines()]

    def calm(self) -> None:
        """No faults any more."""
        self.order("fault", clear=True)
        self.order("net", rtt=0.0)


@dataclass(frozen=True)
class Done:
    """What a run left."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        return [orjson.loads(line) for line in self.out.splitlines()]

    @property
    def errors(self) -> list[str]:
        """The lines of stderr that are neither remarks nor log records below a warning."""
        lines = [line for line in self.err.splitlines() if line.startswith("telekeep: ")]
        return [line for line in lines if not line.startswith(("telekeep: DEBUG ", "telekeep: INFO "))]


@dataclass
class Desk:
    """A directory with settings and an archive, and the command."""

    home: Path
    port: int = 1
    public_key: Path | None = None
    secrets: list[str] = field(default_factory=lambda: [API_HASH, PHONE.lstrip("+"), CODE])
    environment: dict[str, str] = field(default_factory=dict)
    listen: str = "off"

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.settle()

    @property
    def archive(self) -> Path:
        return self.home / "archive"

    def settle(self, *, api_id: str = "api_id = 4711") -> None:
        """Write the settings anew."""
        key = f'public_key = "{self.public_key}"' if self.public_key else ""
        (self.home / "telekeep.toml").write_text(
            f'[archive]\ndir = "{self.archive}"\n'
            f'[telegram]\n{api_id}\napi_hash = "{API_HASH}"\nrequests_per_second = 0\n'
            f'[telegram.server]\nhost = "127.0.0.1"\nport = {self.port}\n{key}\n'
            f'[service]\nlisten = "{self.listen}"\n',
            encoding="utf-8",
        )

    def start(self, *arguments: str, stdin: Any = subprocess.DEVNULL, **more: Any) -> subprocess.Popen[bytes]:
        """The command, running, with its stderr in a pipe and its data thrown away unless told otherwise."""
        return start(
            **{
                "args": [sys.executable, "-m", "archiver", *arguments],
                "cwd": self.home,
                "env": self._environment(),
                "stdin": stdin,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                "umask": 0o022,
            }
            | more,
        )

    def _environment(self) -> dict[str, str]:
        return clean_environment(HOME=str(self.home), **self.environment)

    def end(self, process: subprocess.Popen[bytes], *, stdin: str | None = None, limit: float = LIMIT) -> Done:
        """Wait for it, and check what holds for every run."""
        try:
            out, err = process.communicate(None if stdin is None else stdin.encode(), timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        done = Done(process.returncode, (out or b"").decode(), (err or b"").decode())
        assert "Traceback" not in done.err
        assert "Warning" not in done.err
        for secret in self.secrets:
            assert secret not in done.err
        return done

    def run(self, *arguments: str, stdin: str | None = None, limit: float = LIMIT, **more: Any) -> Done:
        pipe = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        return self.end(self.start(*arguments, stdin=pipe, **more), stdin=stdin, limit=limit)

    def do(self, *arguments: str, **more: Any) -> Done:
        """Run what must succeed without a complaint."""
        done = self.run(*arguments, **more)
        assert (done.status, done.errors) == (0, []), done
        return done

    def on_terminal(self, *arguments: str, typed: Sequence[tuple[str, str]] = (), **environment: str) -> str:
        """What a terminal of its own shows, bytes and all; each answer is typed when its prompt stands there."""
        leader, follower = pty.openpty()
        more = {"TERM": "xterm-256color", "COLUMNS": "120"} | environment
        process = self.start(
            *arguments, terminal=os.ttyname(follower), env=self._environment() | more, stdout=None, stderr=None
        )
        screen, answers = "", list(typed)
        decode = codecs.getincrementaldecoder("utf-8")().decode
        try:
            while process.poll() is None or select.select([leader], [], [], 0)[0]:
                if not select.select([leader], [], [], 0.2)[0]:
                    continue
                screen += decode(os.read(leader, 65536))
                if answers and answers[0][0] in screen:
                    _, key = answers.pop(0)
                    # Enter after Ctrl-C would be an answer of its own, if the terminal is read first.
                    os.write(leader, (key if key in _CONTROL else f"{key}\n").encode())
        finally:
            process.kill()
            process.wait(LIMIT)
            os.close(leader)
            os.close(follower)
        assert not answers, screen
        return screen

    def log_in(self) -> None:
        self.do("login", "--phone", PHONE, stdin=f"{CODE}\n")

    def export(self, *arguments: str, name: str = "out.jsonl") -> list[dict[str, Any]]:
        """The rows that an export writes."""
        done = self.run("export", *arguments, "-o", name, "--force")
        assert done.status == 0, done
        path = self.home / name
        if path.suffix == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                return list(csv.DictReader(file))
        return [orjson.loads(line) for line in path.read_bytes().splitlines()]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(f"file:{self.archive / 'archive.db'}?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def kill(self, process: subprocess.Popen[bytes]) -> bool:
        """SIGKILL; whether it was still running."""
        process.send_signal(signal.SIGKILL)
        self.end(process)
        return process.returncode == -signal.SIGKILL


def desk_at(telegram: Telegram, home: Path, session: Path | None = None) -> Desk:
    """A desk that knows the server; logged in when a session is given."""
    desk = Desk(home, telegram.port, telegram.public_key)
    if session is not None:
        desk.archive.mkdir(mode=0o700)
        shutil.copy(session, desk.archive / "session")
    return desk
