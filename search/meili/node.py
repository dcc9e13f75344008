"""Client of one Meilisearch server, in a thread of its own, with a time limit on every call.

Writes are asynchronous: `send`, `delete` and the calls that change an index return a `Task`, whose state `tasks` reads
later; documents are indexed only once their task has `succeeded`. The tasks of an index run in order. A call that
raises `ServerUnreachable` may have been carried out, so documents are sent again (the last write of an id wins).

    node = Node(url, key, index="messages")
    ensured = await node.ensure()                  # index and settings; if ensured.stale: rebuild
    task = await node.send(b"".join(lines))        # lines: search.meili.document.to_line, 20 to 80 MB at once
    for done in await node.tasks([task.uid]): ...  # one call for many; tasks not returned no longer exist
    await node.close()

Calls take `index=` for an index other than the node's own, as a rebuild does (`create`, `swap`, `drop`). They raise
`ServerError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from meilisearch import Client
from meilisearch.index import Index

from search.document import Key
from search.errors import IndexMissing, KeyRefused, RequestRefused, invalid_response
from search.meili.document import read_id
from search.meili.http import PooledHttp
from search.meili.owner import EnsureResult, IndexStats, is_foreign
from search.meili.routing import node_name
from search.meili.settings import PRIMARY_KEY, is_stale, needed_settings, settings_like
from search.meili.task import Task, read_task
from search.meili.thread import CallThread
from search.meili.version import expect_known_settings, expect_new_enough

SECONDS = 30.0
"""Default time limit of a call."""
SLOWEST = 100_000
"""Bytes per second at which sending documents may be slow; a slower server counts as hanging."""
CLOSE_SECONDS = 1.0
MOST_IDS = 10_000

T = TypeVar("T")


class Node:
    """Client of the server at a URL."""

    def __init__(self, url: str, key: str | None, *, index: str, seconds: float = SECONDS) -> None:
        self.name = node_name(url)
        """Host, port and path."""
        self.index = index
        self.seconds = seconds
        """Time limit of a call."""
        self._http = PooledHttp(url, key, seconds=seconds)
        self._client = Client(url.rstrip("/"), key)
        self._client.http = self._http
        self._indexes: dict[str, Index] = {}
        self._thread = CallThread("meilisearch")

    async def close(self) -> None:
        """Close the connection, after waiting up to CLOSE_SECONDS for a running call."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._call(self._http.close)
        self._thread.end()

    # --- the server

    async def version(self) -> str | None:
        """Server version; None if the key may not read it."""
        try:
            answer = await self._call(self._client.get_version)
        except KeyRefused:
            return None
        return str(answer.get("pkgVersion"))

    async def check_version(self) -> None:
        """Raise WrongVersion if the server is too old; pass if the key may not read the version."""
        expect_new_enough(self.name, await self.version())

    # --- indexes

    async def ensure(
        self, *, index: str | None = None, before_create: Callable[[], Awaitable[None]] | None = None
    ) -> EnsureResult:
        """Create the index, once `before_create` has noted that, or complete its settings. Raises WrongVersion ..."""
        await self.check_version()
        present = await self.settings(index=index)
        if present is None:
            if before_create is not None:
                await before_create()
            return EnsureResult(created=True, tasks=await self.create(index or self.index), stale=False)
        described, some = await self._describe(index) or {}, await self.sample_keys(20, index=index)
        if is_foreign(described.get("primaryKey"), present, some):
            return EnsureResult(created=False, tasks=(), stale=True, foreign=True)
        if is_stale(present):
            return EnsureResult(created=False, tasks=(), stale=True)
        changed = needed_settings(present)
        tasks = (await self._set(changed, index),) if changed else ()
        return EnsureResult(created=False, tasks=tasks, stale=False)

    async def create(self, index: str) -> tuple[Task, ...]:
        """Create an index with our settings, and what the owner of the node's own index has set by hand."""
        like = await self.settings()
        made = await self._post("indexes", {"uid": index, "primaryKey": PRIMARY_KEY})
        return read_task(made), await self._set(settings_like(like), index)

    async def swap(self, one: str, other: str) -> Task:
        """Swap two indexes, atomically for searches."""
        return read_task(await self._post("swap-indexes", [{"indexes": [one, other]}]))

    async def drop(self, index: str) -> Task:
        """Delete an index with its documents."""
        return read_task(await self._call(lambda: self._http.delete(f"indexes/{_path(index)}")))

    async def settings(self, *, index: str | None = None) -> dict[str, Any] | None:
        """Settings of the index; None if it does not exist."""
        try:
            found: dict[str, Any] = await self._call(lambda: self._http.get(self._path("settings", index)))
        except IndexMissing:
            return None
        return found

    async def created_at(self, *, index: str | None = None) -> str | None:
        """Creation time as text, which identifies an index across swaps; None if it does not exist."""
        found = await self._describe(index)
        return None if found is None else str(found["createdAt"])

    async def updated_at(self) -> datetime | None:
        """Time of the last write to the index; None if it does not exist."""
        found = await self._describe(None)
        return None if found is None else datetime.fromisoformat(found["updatedAt"])

    async def stats(self, *, index: str | None = None) -> IndexStats:
        """Read the statistics of the index. Raises IndexMissing."""
        found = await self._call(lambda: self._http.get(self._path("stats", index)))
        return IndexStats(
            documents=int(found["numberOfDocuments"]),
            indexing=bool(found.get("isIndexing")),
            size=found.get("rawDocumentDbSize"),
        )

    # --- documents

    async def send(self, lines: bytes, *, index: str | None = None, metadata: str | None = None) -> Task:
        """Write documents: lines of UTF-8 JSON. `metadata` is returned with the task. Raises PayloadTooLarge ..."""
        made = await self._call(
            lambda: self._index(index).add_documents_raw(
                lines,
                PRIMARY_KEY,
                "application/x-ndjson",
                metadata=metadata,
            ),
            self.seconds + len(lines) / SLOWEST,
        )
        return Task(uid=made.task_uid, index=made.index_uid, status=made.status, type=made.type)

    async def delete(self, ids: Sequence[str], *, index: str | None = None) -> Task:
        """Delete documents by id, 1 to 10,000: an empty list would delete all documents."""
        if not 0 < len(ids) <= MOST_IDS:
            raise ValueError(f"1 to {MOST_IDS} ids")
        # The SDK's `delete_documents` gives a deprecation warning.
        return read_task(await self._post(self._path("documents/delete-batch", index), list(ids)))

    async def delete_channels(self, channel_ids: Sequence[int], *, index: str | None = None) -> Task:
        """Delete all documents of these channels."""
        where = f"channel_id IN [{', '.join(map(str, channel_ids))}]"
        return read_task(await self._post(self._path("documents/delete", index), {"filter": where}))

    async def count(self, channel_id: int | None = None, *, index: str | None = None) -> int:
        """Count the documents of one channel, or of all."""
        return int((await self._fetch(_of_channel(channel_id), 0, index))["total"])

    async def list_ids(self, channel_id: int, first: int, last: int, *, index: str | None = None) -> list[int]:
        """List indexed message ids of a channel from `first` to `last`, ascending; a range of at most 10,000 ids."""
        if not 0 <= last - first < MOST_IDS:
            raise ValueError(f"a range of 1 to {MOST_IDS} ids")
        within = f"{_of_channel(channel_id)} AND message_id {first} TO {last}"
        return _ids(channel_id, (await self._fetch(within, last - first + 1, index))["results"])

    async def list_ids_after(self, channel_id: int, last: int, *, index: str | None = None) -> list[int]:
        """List indexed message ids of a channel above `last`, ascending."""
        found: set[int] = set()
        within = f"{_of_channel(channel_id)} AND message_id > {last}"
        offset = 0
        while True:
            page = (await self._fetch(within, MOST_IDS, index, offset=offset))["results"]
            known, offset = len(found), offset + len(page)
            found.update(_ids(channel_id, page))
            if len(page) < MOST_IDS:
                return sorted(found)
            if len(found) == known:  # whatever it is asked, it sends the same
                raise invalid_response(self.name)

    async def sample_keys(self, most: int, *, index: str | None = None) -> list[Key | None]:
        """List the messages of up to `most` documents; None for a document that telekeep did not create."""
        found = (await self._fetch(None, most, index))["results"]
        return [read_id(str(one.get(PRIMARY_KEY))) for one in found]

    # --- tasks

    async def tasks(self, uids: Sequence[int]) -> list[Task]:
        """Read the state of tasks; tasks that are not returned no longer exist on the server."""
        if not uids:
            return []
        query = urlencode({"uids": ",".join(map(str, uids)), "limit": len(uids)})
        return await self._tasks(query)

    async def count_unfinished_tasks(self, *, index: str | None = None) -> int:
        """Count the unfinished tasks of the index."""
        query = urlencode({"indexUids": index or self.index, "statuses": "enqueued,processing", "limit": 1})
        return int((await self._call(lambda: self._http.get(f"tasks?{query}")))["total"])

    async def delete_task_records(self, before: datetime, *, index: str | None = None) -> Task:
        """Delete the server's records of tasks of the index that succeeded before an instant."""
        query = urlencode(
            {"indexUids": index or self.index, "statuses": "succeeded", "beforeFinishedAt": before.isoformat()}
        )
        return read_task(await self._call(lambda: self._http.delete(f"tasks?{query}")))

    # --- searching

    async def search(self, body: Mapping[str, Any], *, index: str | None = None) -> dict[str, Any]:
        """Run a search of `search.meili.compile`. Raises IndexMissing, IndexStale, ServerBusy ..."""
        return await self._post(self._path("search", index), body)

    async def federated_search(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Run a federated search."""
        return await self._post("multi-search", body)

    async def _tasks(self, query: str) -> list[Task]:
        found = await self._call(lambda: self._http.get(f"tasks?{query}"))
        return [read_task(one) for one in found["results"]]

    async def _describe(self, index: str | None) -> dict[str, Any] | None:
        with suppress(IndexMissing):
            found: dict[str, Any] = await self._call(lambda: self._http.get(f"indexes/{_path(index or self.index)}"))
            return found
        return None

    async def _set(self, settings: Mapping[str, Any], index: str | None) -> Task:
        path = self._path("settings", index)
        try:
            return read_task(await self._call(lambda: self._http.patch(path, settings)))
        except RequestRefused as error:
            expect_known_settings(self.name, error)
            raise

    async def _fetch(self, where: str | None, limit: int, index: str | None, *, offset: int = 0) -> dict[str, Any]:
        body: dict[str, Any] = {"fields": [PRIMARY_KEY], "limit": limit, "offset": offset}
        if where is not None:
            body["filter"] = where
        return await self._post(self._path("documents/fetch", index), body)

    async def _post(self, path: str, body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await self._call(lambda: self._http.post(path, body))
        return answer

    def _path(self, rest: str, index: str | None) -> str:
        return f"indexes/{_path(index or self.index)}/{rest}"

    def _index(self, name: str | None) -> Index:
        name = name or self.index
        if name not in self._indexes:
            self._indexes[name] = self._client.index(name)
            self._indexes[name].http = self._http
        return self._indexes[name]

    async def _call(self, act: Callable[[], T], seconds: float | None = None) -> T:
        """Run a call in the thread, which runs one at a time."""

        def limited() -> T:
            self._http.seconds = seconds or self.seconds
            try:
                return act()
            except ValueError:
                # The SDK's models validate responses, and their errors quote them.
                raise invalid_response(self.name) from None

        return await self._thread.call(limited)


def _of_channel(channel_id: int | None) -> str | None:
    return None if channel_id is None else f"channel_id = {channel_id}"


def _ids(channel_id: int, found: Sequence[Mapping[str, Any]]) -> list[int]:
    keys = [read_id(str(one.get(PRIMARY_KEY))) for one in found]
    return sorted(key[1] for key in keys if key is not None and key[0] == channel_id)


def _path(name: str) -> str:
    return quote(name, safe="")
