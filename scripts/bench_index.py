"""Compare the Meilisearch index with plain documents {id, text} and default settings, on a server of your own.

    .venv/bin/python scripts/bench_index.py --server PATH_OF_MEILISEARCH [--messages 50000]

Each of the two gets a server of its own, started with an empty directory on a loopback port: space on disk, the
server's processor time, times of questions over HTTP, bytes of 20 hits, and how many of the probes' questions it
answers right as they are typed.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
import requests
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from search.document import Document
from search.meili.document import to_line
from search.meili.settings import SETTINGS
from tests.probe.probes import documents, read

KEY = "a-key-of-the-bench"
MEAN_BYTES, CHANNELS, TASK_BYTES = 250, 100, 64_000_000
TASK_SECONDS = 1800
QUESTIONS = ("school", "bridge closed", "город", "الجسر", "президент", "convoi", "记者", "שלום", "kadın", "خبر")
PROBES = ("tuned", *(f"heldout{number}" for number in ("", 2, 3, 4, 5, 6, 7, 8)))


class Server:
    """A Meilisearch with an empty directory."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{one.getsockname()[1]}"
        self.folder = folder
        places = ("--db-path", folder / "data", "--dump-dir", folder / "dumps", "--snapshot-dir", folder / "snapshots")
        command = [program, "--no-analytics", "--master-key", KEY, "--http-addr", self.url[7:], *map(str, places)]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {KEY}"
        self.session.headers["Accept-Encoding"] = "identity"  # compressed answers come in pieces, 40 ms apart
        for _ in range(600):
            try:
                self.session.get(f"{self.url}/health", timeout=1)
                return
            except requests.ConnectionError:
                time.sleep(0.1)
        self.stop()
        raise SystemExit(f"{program} did not start within a minute")

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        lines = isinstance(body, bytes)
        kind = {"Content-Type": "application/x-ndjson" if lines else "application/json"}
        data = body if lines else None if body is None else orjson.dumps(body)
        answer = self.session.request(method, self.url + path, data=data, headers=kind, timeout=600)
        answer.raise_for_status()
        return answer

    def finish(self, answer: requests.Response) -> None:
        end = time.monotonic() + TASK_SECONDS
        while (task := self.call("GET", f"/tasks/{answer.json()['taskUid']}").json())["status"] != "succeeded":
            assert task["status"] != "failed", task["error"]
            assert time.monotonic() < end, f"task {task['uid']} takes more than {TASK_SECONDS} s"
            time.sleep(0.05)

    def fill(self, index: str, lines: Iterable[bytes], settings: Any) -> None:
        self.call("POST", "/indexes", {"uid": index, "primaryKey": "id"})
        if settings:
            self.finish(self.call("PATCH", f"/indexes/{index}/settings", settings))
        for part in list(_tasks(lines)):
            self.finish(self.call("POST", f"/indexes/{index}/documents", part))

    def seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def bytes(self) -> int:
        return int(self.call("GET", "/stats").json()["databaseSize"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)


def _tasks(lines: Iterable[bytes]) -> Iterator[bytes]:
    part, size = [], 0
    for line in lines:
        if size > TASK_BYTES:
            yield b"".join(part)
            part, size = [], 0
        part.append(line)
        size += len(line)
    yield b"".join(part)


def make_messages(count: int) -> Iterator[Document]:
    """Posts of one to many real sentences of one language."""
    chance, spoken = random.Random(4), {}
    for name in PROBES:
        for probe in read(f"{name}.tsv"):
            spoken.setdefault(probe.language, []).append(probe.text)
    languages = [language for language in spoken if len(spoken[language]) > 50]
    for at in range(count):
        language, size, parts = languages[at % len(languages)], MEAN_BYTES * chance.lognormvariate(-0.32, 0.8), []
        while sum(len(part.encode()) for part in parts) < size:
            parts.append(chance.choice(spoken[language]))
        yield Document(
            channel_id=1_500_000_000 + at % CHANNELS,
            channel_username=f"channel{at % CHANNELS}",
            channel_title=f"Channel {at % CHANNELS}",
            message_id=at // CHANNELS + 1,
            date=1_546_300_800 + at * 1_800,
            text=". ".join(parts),
            lang=language,
            media=("photo",) if at % 3 == 0 else (),
            file_states=("not-downloaded",) if at % 3 == 0 else (),
            is_forwarded=at % 10 == 0,
        )


def plain(document: Document) -> bytes:
    """A document with its text and nothing else."""
    return orjson.dumps({"id": f"c{document.channel_id}_{document.message_id}", "text": document.text}) + b"\n"


def measure(program: str, count: int, encode: Callable[[Document], bytes], settings: Any) -> dict[str, Any]:
    """The figures of one kind of documents."""
    with tempfile.TemporaryDirectory(prefix="telekeep-bench-") as folder:
        server = Server(program, Path(folder))
        try:
            lines = [encode(one) for one in make_messages(count)]
            began = server.seconds()
            server.fill("messages", lines, settings)
            found = {"space": server.bytes() / 1e6, "time": server.seconds() - began}
            times, sizes = [], []
            for question in QUESTIONS * 20:
                start = time.perf_counter()
                answer = server.call("POST", "/indexes/messages/search", {"q": question})
                times.append(1000 * (time.perf_counter() - start))
                sizes.append(len(answer.content))
            found |= {"p50": statistics.median(times), "p95": statistics.quantiles(times, n=20)[-1]}
            return found | {"hits": statistics.mean(sizes), "right": _count_right(server, encode, settings)}
        finally:
            server.stop()


def _count_right(server: Server, encode: Callable[[Document], bytes], settings: Any) -> int:
    probes = [probe for name in PROBES for probe in read(f"{name}.tsv")]
    server.fill("probes", map(encode, documents(probes)), settings)
    right = 0
    for at, probe in enumerate(probes, 1):
        body = {"q": probe.question, "limit": 1000, "attributesToRetrieve": ["id"]}
        hits = server.call("POST", "/indexes/probes/search", body).json()["hits"]
        right += any(hit["id"] == f"c1_{at}" for hit in hits) == probe.should_match
    return right


def main() -> None:
    """Measure both and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="the program meilisearch")
    parser.add_argument("--messages", type=int, default=50_000)
    options = parser.parse_args()
    one = measure(options.server, options.messages, plain, None)
    other = measure(options.server, options.messages, to_line, dict(SETTINGS))
    table = Table("", "plain", "telekeep", "ratio", title=f"{options.messages:,} messages")
    for name, label in (
        ("space", "MB on disk"), ("time", "s of processor time to index"), ("p50", "ms a question, p50"),
        ("p95", "ms a question, p95"), ("hits", "bytes of 20 hits"),
        ("right", f"of {sum(1 for file in PROBES for _ in read(f'{file}.tsv'))} questions right as typed"),
    ):  # fmt: skip
        table.add_row(label, f"{one[name]:.1f}", f"{other[name]:.1f}", f"{other[name] / one[name]:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
