"""A server for suites that hold for the double and for a real Meilisearch alike. Import `meili` in a conftest.

With MEILI_URL (and MEILI_MASTER_KEY) set the suites run on that server, else on a double of their own for each test.
MEILI_URLS names three empty servers with that key, for the suites of several nodes; their indexes and keys are deleted.
What only the double can do (faults, restarts, records of calls) is behind `meili.double`, which skips on a real one.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import meilisearch
import pytest
import requests
from meilisearch.index import Index

from tests.doubles.meilisearch.server import Server

REASON = "only the double of Meilisearch can be made to fail on purpose; MEILI_URL names a real server"


class Meili:
    """The server a test talks to, and what must be tidied up after it."""

    def __init__(self, url: str, master_key: str | None, server: Server | None) -> None:
        self.url = url
        self.master_key = master_key
        self._server = server
        self._prefixes: list[str] = []
        self._keys: list[str] = []

    @property
    def is_real(self) -> bool:
        return self._server is None

    @property
    def double(self) -> Server:
        """The double itself: faults, calls, restart(), instance. Skips the test on a real server."""
        if self._server is None:
            pytest.skip(REASON)
        return self._server

    def client(self, key: str | None = None, *, timeout: int = 20) -> meilisearch.Client:
        return meilisearch.Client(self.url, self.master_key if key is None else key, timeout=timeout)

    def fresh(self, name: str = "messages") -> str:
        """A uid that no index has yet; whatever begins with it is deleted after the test."""
        uid = f"{name}-{uuid.uuid4().hex[:10]}"
        self._prefixes.append(uid)
        return uid

    def key(self, actions: list[str], indexes: list[str], **more: Any) -> str:
        """The value of a new key, which is deleted after the test."""
        options = {"actions": actions, "indexes": indexes, "expiresAt": None, **more}
        made = self.client().create_key(options)
        self._keys.append(made.uid)
        return made.key

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> requests.Response:
        """One request as it is, without the SDK. Bytes are NDJSON; headers are named with _ for -."""
        sent = {"Content-Type": "application/x-ndjson" if isinstance(body, bytes) else "application/json"}
        used = self.master_key if key is None else key
        if used:
            sent["Authorization"] = f"Bearer {used}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        return requests.request(method, self.url + path, data=data, headers=sent, timeout=20)

    def filled(self, documents: list[dict[str, Any]], **settings: Any) -> Index:
        """A new index with these documents (by `id`) and settings."""
        index = self.client().index(self.fresh())
        tasks = [index.update_settings(settings)] if settings else []
        tasks.append(index.add_documents(documents, "id"))
        for task in tasks:
            done = self.wait(task)
            assert done.status == "succeeded", done.error
        return index

    def wait(self, task: Any, timeout: float = 60) -> Any:
        """The task (of the SDK, or its uid) once it is done, whatever became of it."""
        uid = task if isinstance(task, int) else task.task_uid
        client, until = self.client(), time.monotonic() + timeout
        while True:
            found = client.get_task(uid)
            if found.status not in ("enqueued", "processing"):
                return found
            if time.monotonic() > until:
                raise TimeoutError(f"task {uid} is still {found.status} after {timeout:g} s")
            time.sleep(0.01)

    def tidy(self) -> None:
        if not self.is_real:
            return
        client = self.client()
        uids = [index.uid for index in client.get_indexes({"limit": 1000})["results"]]
        for uid in uids:
            if uid.startswith(tuple(self._prefixes) or ("\0",)):
                client.delete_index(uid)
        for key in self._keys:
            client.delete_key(key)

    def empty(self) -> None:
        """Delete every index and key of a real server."""
        client = self.client()
        for index in client.get_indexes({"limit": 1000})["results"]:
            self.wait(client.delete_index(index.uid))
        for key in client.get_keys({"limit": 1000}).results:
            client.delete_key(key.uid)


@pytest.fixture
def meili(tmp_path: Path) -> Iterator[Meili]:
    url = os.environ.get("MEILI_URL")
    if url:
        found = Meili(url.rstrip("/"), os.environ.get("MEILI_MASTER_KEY"), None)
        yield found
        found.tidy()
        return
    with Server(db=tmp_path / "meilisearch") as server:
        yield Meili(server.url, server.master_key, server)
    assert not server.crashes, server.crashes[0]


@contextmanager
def three_nodes(directory: Path, master_key: str) -> Iterator[list[Meili]]:
    """Three servers with one master key: doubles of their own, or those of MEILI_URLS."""
    if urls := os.environ.get("MEILI_URLS"):
        found = [Meili(url.rstrip("/"), os.environ["MEILI_MASTER_KEY"], None) for url in urls.split(",")]
        for meili in found:
            meili.empty()
        yield found
        return
    with ExitStack() as stack:
        servers = [
            stack.enter_context(Server(db=directory / f"meilisearch-{number}", master_key=master_key))
            for number in "123"
        ]
        yield [Meili(server.url, server.master_key, server) for server in servers]
    for server in servers:
        assert not server.crashes, server.crashes[0]
