"""The engines under the contract, each with the way to fill it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import aiosqlite
import pytest
from meilisearch import Client

from search.auto import FallbackEngine
from search.document import Document, Key
from search.engine.facets import Counts, FacetName
from search.engine.protocol import Answer, Engine, Question
from search.errors import SearchError, Unanswerable
from search.exact import writer as exact
from search.meili.compile import by_rank, cannot_count, split_question
from search.meili.document import document_id, to_line
from search.meili.engine import MeiliEngine
from search.meili.node import Node
from search.meili.task import Task
from tests.doubles.meilisearch.server import Server


def can_answer(question: Question) -> str | None:
    """Why Meilisearch cannot answer this question; None if it can."""
    try:
        split_question(question)
    except Unanswerable as error:
        return error.message
    return None


class Desk(Protocol):
    """An engine with the way to fill it, as the archive sees it."""

    engine: Engine

    async def write(self, documents: Sequence[Document]) -> None:
        """Writes a page, durably and findable on return."""

    async def mark(self, keys: Sequence[Key], *, missing: bool) -> None:
        """Notes a disappearance, or its end."""


class ExactDesk:
    """The embedded engine on a file of its own; it answers through a connection that cannot write."""

    def __init__(self, writer: sqlite3.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self.engine: Engine = exact.ExactEngine(reader)

    async def write(self, documents: Sequence[Document]) -> None:
        with transaction(self._writer):
            exact.upsert(self._writer, documents)

    async def mark(self, keys: Sequence[Key], *, missing: bool) -> None:
        with transaction(self._writer):
            exact.mark_missing(self._writer, keys, missing=missing)


class Both:
    """An index, and the embedded engine for the questions that it refuses, and for the order by relevance."""

    name = "both"

    def __init__(self, meilisearch: MeiliEngine, embedded: Engine) -> None:
        self._meilisearch = FallbackEngine(meilisearch, embedded, _fail)
        self._embedded = embedded

    async def search(self, question: Question) -> Answer:
        return await (await self._choose(question)).search(question)

    async def count(self, question: Question) -> int:
        return await (await self._choose(question)).count(question)

    async def facets(self, question: Question, names: Sequence[FacetName], zone: tzinfo = UTC) -> Counts:
        engine = await self._choose(question)
        if cannot_count(names, zone):
            with pytest.raises(Unanswerable):
                await self._meilisearch.facets(question, names, zone)
            engine = self._embedded
        return await engine.facets(question, names, zone)

    async def _choose(self, question: Question) -> Engine:
        if can_answer(question):
            with pytest.raises(Unanswerable):
                await self._meilisearch.search(question)
            with pytest.raises(Unanswerable):
                await self._meilisearch.count(question)
        return self._embedded if by_rank(question) or can_answer(question) else self._meilisearch


class MeiliDesk:
    """An index of Meilisearch, with the embedded engine beside it for what it refuses."""

    def __init__(self, node: Node, beside: ExactDesk) -> None:
        self.node = node
        self.meilisearch = MeiliEngine(node)
        self.embedded = beside.engine
        self.engine: Engine = Both(self.meilisearch, self.embedded)
        self._beside = beside
        self._documents: dict[Key, Document] = {}

    async def write(self, documents: Sequence[Document]) -> None:
        await self._beside.write(documents)
        await self._send(documents)

    async def mark(self, keys: Sequence[Key], *, missing: bool) -> None:
        await self._beside.mark(keys, missing=missing)
        await self._send([replace(self._documents[key], is_missing=missing) for key in keys if key in self._documents])

    async def clear(self) -> None:
        if self._documents:
            await finish(self.node, await self.node.delete([document_id(*key) for key in self._documents]))

    async def _send(self, documents: Sequence[Document]) -> None:
        self._documents.update({document.key: document for document in documents})
        if documents:
            await finish(self.node, await self.node.send(b"".join(map(to_line, documents))))


def _fail(error: SearchError) -> None:
    raise AssertionError(str(error))


async def finish(node: Node, *tasks: Task) -> None:
    """Waits until the tasks have succeeded."""
    async with asyncio.timeout(60):
        while True:
            found = await node.tasks([task.uid for task in tasks])
            for task in found:
                if task.error:
                    raise task.error
            if all(task.succeeded for task in found):
                return
            await asyncio.sleep(0.002)


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    conn.execute("BEGIN IMMEDIATE")
    yield
    conn.execute("COMMIT")


@asynccontextmanager
async def exact_desk(folder: Path) -> AsyncIterator[ExactDesk]:
    with TemporaryDirectory(dir=folder) as own:
        path = Path(own, "archive.db")
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("PRAGMA synchronous = OFF")
            with transaction(writer):
                exact.create(writer)
            async with aiosqlite.connect(f"file:{path}?mode=ro", uri=True) as reader:
                yield ExactDesk(writer, reader)


class Place:
    """Where Meilisearch is, and an index there, made when it is first asked for and then used by all."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url, self.key = url, key
        self.index = f"contract-{uuid.uuid4().hex[:10]}"

    def node(self) -> Node:
        return Node(self.url, self.key, index=self.index)


@contextmanager
def place() -> Iterator[Place]:
    """The real server of MEILI_URL, or a double."""
    if url := os.environ.get("MEILI_URL"):
        found = Place(url, os.environ.get("MEILI_MASTER_KEY"))
        yield found
        Client(found.url, found.key).delete_index(found.index)
        return
    with Server() as server:
        yield Place(server.url, server.master_key)
    assert not server.crashes, server.crashes[0]


@asynccontextmanager
async def meili_desk(folder: Path, where: Place) -> AsyncIterator[MeiliDesk]:
    """An empty index with our settings."""
    node = where.node()
    try:
        await finish(node, *(await node.ensure()).tasks)
        async with exact_desk(folder) as beside:
            desk = MeiliDesk(node, beside)
            try:
                yield desk
            finally:
                await desk.clear()
    finally:
        await node.close()
