"""Measure search in a large archive of generated messages (`corpus`): table sizes, query times.

Times are measured inside the library, each the best of three: a shared machine adds others' work. Each time comes with
the processor time of the same calls, which is what an idle machine takes.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from corpus import MEAN_BYTES, fill_archive, make_texts
from corpus_growth import grow

from archiver.store.database import ARCHIVE_NAME, Database
from archiver.store.messages.rows import snapshot
from search.engine.facets import NAMES
from search.engine.protocol import Question, Sort
from search.exact.writer import ExactEngine, merge_segments
from search.query.filters import Context
from search.query.parse import parse

Row: TypeAlias = tuple[str, str, str]
Times: TypeAlias = list[tuple[float, float]]
"""Milliseconds by the clock, and of the processor, of each call."""

Command: TypeAlias = Callable[..., tuple[float, int]]
"""Runs `telekeep`; seconds and peak memory."""

ROUNDS = 3
_SMALL = 1_000_000
FILTERS = (
    "", "views:>1900000", "views:>1999990", "views:>1000", "forwards:>98", "has:voice", "has:poll", "-has:photo",
    "is:missing", "is:edited", "is:forwarded", "id:77", "id:70000..70010", "fwd:1700000005", "channel:1500000001",
    "on:2020-05-05", "views:>1900000 has:voice",
)  # fmt: skip
HARD: tuple[tuple[Sort, str], ...] = (
    ("newest", "ba*"), ("newest", "do*"), ("newest", "cocica OR bu"), ("newest", "\u3057\u305f views:>1999990"),
    ("relevance", "ba*"), ("relevance", "bagien"), ("relevance", "bue"), ("relevance", "cocica OR bu"),
    ("relevance", "\u3057\u305f"), ("relevance", "in:revisions \u3057\u305f"),
)  # fmt: skip
"""Short prefixes, the words of most messages, a word of a tenth of them with a filter that nothing satisfies."""
_UNSPACED = frozenset({"zh", "ja", "th"})


def million(directory: Path, count: int, command: Command, mean_bytes: int = MEAN_BYTES) -> Iterator[Row]:
    """Measure an archive of `count` messages; create it, with texts of this length, if it does not exist."""
    if not (directory / ARCHIVE_NAME).exists():
        _fill(directory, count, mean_bytes)
    with closing(sqlite3.connect(directory / ARCHIVE_NAME, isolation_level=None)) as conn:
        while merge_segments(conn):
            pass
    yield from sizes(directory)
    yield from asyncio.run(times(directory))
    os.environ["TELEKEEP_ARCHIVE__DIR"] = str(directory)
    whole = [min(_run(command, question) for _ in range(ROUNDS)) for question in list(make_questions())[::4]]
    yield "telekeep search", _percentiles(whole), f"whole process, {len(whole)} questions"


def _fill(directory: Path, count: int, mean_bytes: int) -> None:
    """More than a million messages are made of a million."""
    times = count // _SMALL
    if times < 2:
        fill_archive(directory, count, mean_bytes=mean_bytes)
        return
    small = directory.with_name(f"{directory.name}-small")
    fill_archive(small, _SMALL, mean_bytes=mean_bytes)
    grow(small, directory, times)
    shutil.rmtree(small)


def _run(command: Command, question: str) -> tuple[float, float]:
    before = os.times()
    seconds, _ = command("search", "--", question)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds * 1000, used * 1000


def sizes(directory: Path) -> Iterator[Row]:
    """Sizes of the search tables, in bytes of their pages, and of the texts."""
    with closing(sqlite3.connect(directory / ARCHIVE_NAME)) as conn:
        [(count, texts)] = conn.execute("SELECT count(*), sum(length(CAST(text AS BLOB))) FROM message")
        tables = dict(conn.execute("SELECT name, sum(pgsize) FROM dbstat WHERE name GLOB 'search_*' GROUP BY name"))
    yield "texts", f"{texts / count:.0f} bytes/message", f"{count:,} messages"
    yield "search tables / texts", f"{sum(tables.values()) / texts:.1%}", _shares(tables, texts)
    whole = (directory / ARCHIVE_NAME).stat().st_size
    yield "search tables / file", f"{sum(tables.values()) / whole:.1%}", f"{whole / 1e6:,.0f} MB, payloads of no bytes"


def _shares(tables: Mapping[str, int], texts: int) -> str:
    """What takes how much, the largest first."""
    largest = sorted(tables.items(), key=lambda one: -one[1])[:4]
    return ", ".join(f"{name} {size / texts:.1%}" for name, size in largest)


async def times(directory: Path) -> list[Row]:
    """Questions and facets."""
    rows = []
    context = Context(now=datetime.now(UTC))
    questions = list(make_questions())
    async with await Database.open_readonly(directory) as database, snapshot(database.connection):
        engine = ExactEngine(database.connection)

        async def ask(query: str, sort: Sort) -> None:
            await engine.search(Question(tree=parse(query, context), sort=sort))

        for sort, asked in (("newest", [*questions, *FILTERS]), ("relevance", questions)):
            found = [await _best(ask, query, sort) for query in asked]
            rows.append((f"search, {sort}", _percentiles(found), f"{len(asked)} questions"))
        for sort, query in HARD:
            hits = await engine.count(Question(tree=parse(query, context)))
            rows.append((f"{query}, {sort}", _percentiles([await _best(ask, query, sort)]), f"{hits:,} hits"))
        for query in ("", questions[0]):
            tree = parse(query, context)
            found = [await _best(engine.facets, Question(tree=tree), [name]) for name in NAMES]
            hits = await engine.count(Question(tree=tree))
            rows.append((f"one facet of {hits:,} hits", _percentiles(found), ", ".join(NAMES)))
    return rows


def make_questions(*, seed: int = 2) -> Iterator[str]:
    """Words common and rare, phrases, prefixes, alternatives, in every language of the corpus."""
    chance = random.Random(seed)
    texts: dict[str, list[str]] = {}
    for code, text in make_texts(30_000):
        texts.setdefault(code, []).append(text)
    for code, own in sorted(texts.items()):
        long = [text for text in own if len(text) > 90]
        if code in _UNSPACED:
            for size in (2, 2, 2, 4, 4, 4):
                yield f'"{chance.choice(long)[6 : 6 + size]}"'
            continue
        words = [word.strip(",.،") for text in own for word in text.split()]
        ranked = [word for word, _ in Counter(words).most_common() if len(word) > 1 and not word.isdigit()]
        yield from (ranked[3], ranked[50], ranked[800], ranked[8000], f"{ranked[3]} {ranked[30]}")
        yield f"{ranked[10]} OR {ranked[300]}"
        yield f"{ranked[100][:3]}*"
        yield f"{ranked[3]} has:video"
        yield f'"{" ".join(chance.choice(long).split()[3:6])}"'


def frequent_words() -> list[str]:
    """A common word of each language that is written with spaces."""
    texts: dict[str, Counter[str]] = {}
    for code, text in make_texts(5_000):
        if code not in _UNSPACED:
            texts.setdefault(code, Counter()).update(word for word in text.split() if word.isalpha() and len(word) > 2)
    return [words.most_common(4)[3][0] for _, words in sorted(texts.items())]


async def _best(call: Callable[..., Awaitable[object]], *arguments: object) -> tuple[float, float]:
    found = []
    for _ in range(ROUNDS):
        clock, processor = time.perf_counter(), time.process_time()
        await call(*arguments)
        found.append(((time.perf_counter() - clock) * 1000, (time.process_time() - processor) * 1000))
    return min(found)


def _percentiles(times: Times) -> str:
    clock, processor = sorted(one for one, _ in times), sorted(one for _, one in times)
    return (
        f"p50 {_at(clock, 0.5):.1f} ms, p95 {_at(clock, 0.95):.1f} ms"
        f" (processor {_at(processor, 0.5):.1f}, {_at(processor, 0.95):.1f})"
    )


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
