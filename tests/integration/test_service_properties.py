"""Whatever happens in channels, on the line and to the process: in the end the mirror equals the world.

What is claimed of every history of posts, edits, deletions, floods, drops, half answers, unknown objects, forgotten
events, lost and shut channels, stops, crashes at any await and within any write:

- what is held of each channel is what is true, all of it is covered, and what is gone is marked so once;
- every content that the server told in an answer which the client acknowledged (see `telling`) is kept, as the present
  content or as a revision; no two successive revisions are equal;
- the embedded engine knows each message once, as it is; the outbox has each of them; the file is sound;
- no call came before a flood wait was over, and nothing was asked that only members ask.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from telethon import TelegramClient

from archiver.model import coverage
from archiver.model.document import to_document
from archiver.store.database import Writer
from archiver.store.messages.message import read_messages
from search.exact import writer as exact
from search.exact.changes import WriteCounts
from search.flags import MISSING, SUPERSEDED
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.test_properties import happen
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import held, query, true
from tests.integration.service_rig import Desk, service_of
from tests.integration.telling import TellingServer
from tests.tiers import SOAK

EXAMPLES = 1_000 if SOAK else 15
SPEED = 600.0
EVENTS = ["post", "post", "post", "album", "edit", "edit", "delete", "delete 3", "pin", "title", "react"]
MORE = ["edits", "edits", "view", "unknown", "unknown post"]
FATES: dict[str, Callable[[Channel], object]] = {
    "forget": Channel.forget_events,
    "private": lambda channel: setattr(channel, "private", True),
    "refused": lambda channel: setattr(channel, "refuse", (400, "CHANNEL_INVALID")),
    "banned": lambda channel: setattr(channel, "refuse", (400, "CHANNEL_BANNED")),
    "lost": lambda channel: setattr(channel, "lost", True),
    "forbidden": lambda channel: setattr(channel, "forbidden_in_chats", True),
    "open": Channel.clear,
}
METHODS = [
    "*",
    "messages.getHistory",
    "updates.getChannelDifference",
    "messages.getPeerDialogs",
    "channels.getMessages",
]
ACTIONS = {
    "drop": faults.drop(),
    "half": faults.half(60),
    "cut": faults.cut(60),
    "hang": faults.hang(),
    "dup": faults.dup(),
    "delay": faults.delay(0.05),
    "reorder": faults.reorder(),
    "failure": faults.rpc(500, "RPC_CALL_FAIL"),
    "flood": faults.flood(7),
    "long flood": faults.flood(900),
    "beside": faults.unknown_ctor("container"),
    "inside": faults.unknown_ctor("vector"),
    "salt": faults.bad_salt(),
    "session": faults.new_session(),
    "transport": faults.transport(-429),
}
WHICH = st.integers(0, 2)
HAPPENINGS = st.tuples(st.sampled_from([*EVENTS, *MORE, *FATES]), st.integers(0, 1_000), WHICH)
BURST = st.tuples(st.just("burst"), st.integers(1, 250), WHICH)
FAULT = st.tuples(
    st.sampled_from([f"fault {method} {action}" for method in METHODS for action in ACTIONS]), st.integers(1, 4), WHICH
)
ENDS = st.one_of(
    st.tuples(st.just("live"), st.integers(1, 200), WHICH),
    st.tuples(st.just("rest"), st.just(0), WHICH),
    st.tuples(st.just("crash"), st.integers(0, 200), WHICH),
    st.tuples(st.just("crash in a write"), st.integers(1, 1_000), WHICH),
    st.tuples(st.just("restart"), st.integers(0, 20), WHICH),
    st.tuples(st.just("pass"), st.integers(1, 100_000), WHICH),
)
CHAPTER = st.tuples(
    st.lists(st.one_of(HAPPENINGS, HAPPENINGS, HAPPENINGS, BURST, FAULT), min_size=1, max_size=8), ENDS
).map(lambda chapter: [*chapter[0], chapter[1]])
STEPS = st.lists(CHAPTER, min_size=1, max_size=6).map(lambda chapters: [step for part in chapters for step in part])
TELLING = st.fixed_dictionaries(
    {
        "slice_size": st.sampled_from([None, None, 1, 7]),
        "tells_every_edit": st.booleans(),
        "new_as_posted": st.booleans(),
        "tells_backwards": st.booleans(),
    }
)
Steps = list[tuple[str, int, int]]


@pytest.mark.soak
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, TELLING)
@example(
    [
        ("burst", 250, 0),
        ("live", 100, 0),
        ("burst", 60, 0),
        ("edits", 4, 0),
        ("delete 3", 9, 0),
        ("edit", 3, 1),
        ("crash", 40, 0),
        ("forget", 0, 0),
        ("delete", 0, 1),
        ("fault messages.getHistory half", 2, 0),
        ("unknown post", 3, 1),
        ("crash in a write", 300, 0),
        ("edits", 4, 2),
        ("rest", 0, 0),
        ("edits", 4, 2),
        ("private", 0, 2),
        ("restart", 3, 0),
    ],
    {"slice_size": 7, "tells_every_edit": True, "new_as_posted": True, "tells_backwards": True},
)
def test_in_the_end_the_mirror_equals_the_world(steps: Steps, telling: dict[str, Any]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="telekeep-test-"))
    try:
        asyncio.run(assert_life_is_mirrored(folder, steps, telling))
    finally:
        shutil.rmtree(folder)
        TelegramClient._config = None


async def assert_life_is_mirrored(folder: Path, steps: Steps, telling: dict[str, Any]) -> None:
    world = World()
    world.clock.speed = SPEED
    account = world.add_account()
    channels = [world.add_channel(name.title(), name) for name in ("alpha", "beta", "gamma")]
    for channel in channels:
        for number in range(5):
            channel.post(f"{channel.title} {number}")
    for name, value in telling.items():
        setattr(channels[0], name, value)
    async with TellingServer(world) as server:
        life = Life(server, account, folder, channels)
        async with life:
            await life.begin()
            await life.desk.add(*channels)
            await life.rest()
            for kind, number, which in steps:
                await life.live_through(kind, number, channels[which])
            await life.end_trouble()
            await life.rest(audited=any(needs_audit(kind) for kind, *_ in steps))
            check_archive(folder, channels, server)
            await life.desk.database.write(check_search)


class Life:
    """The service through crashes and restarts."""

    def __init__(self, server: TellingServer, account: Account, folder: Path, channels: list[Channel]) -> None:
        self.server = server
        self.desk: Desk
        self._account = account
        self._folder = folder
        self._channels = channels
        self._open = AsyncExitStack()

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *exc_info: object) -> None:
        await self._open.__aexit__(*exc_info)

    async def begin(self) -> None:
        self.desk = await self._open.enter_async_context(service_of(self.server, self._folder, self._account))

    async def end(self) -> None:
        await self._open.aclose()

    async def live_through(self, kind: str, number: int, channel: Channel) -> None:
        if kind.startswith("fault"):
            _, method, action = kind.split(" ", 2)
            self.server.faults.add(method, ACTIONS[action], times=number)
        elif kind in ("live", "rest", "pass", "restart") or kind.startswith("crash"):
            for each in self._channels:
                self.desk.service.hint(each.id)
            await self._end_chapter(kind, number)
        else:
            change(channel, kind, number)

    async def _end_chapter(self, kind: str, number: int) -> None:
        if kind == "live":
            await asyncio.sleep(number / 1000)
        elif kind == "rest":
            await self.end_trouble()
            await self.rest(audited=True)
        elif kind == "pass":
            self.desk.pass_time(number)
        elif kind == "restart":
            await asyncio.sleep(number / 1000)
            await self.end()
            await self.begin()
        else:
            dying = time.monotonic()
            if kind == "crash":
                for _ in range(number):
                    await asyncio.sleep(0)
            else:
                await self.desk.run_dry(number, at_most=0.2)
            await self.desk.kill()
            self.server.forgive(dying)
            await self.end()
            await self.begin()

    async def end_trouble(self) -> None:
        """No faults any more; channels that back off are retried at once."""
        self.server.faults.clear()
        for channel in self._channels:
            channel.clear()
        [(last,)] = self.desk.query("SELECT coalesce(max(retry_at), 0) FROM channel")
        self.desk.pass_time(max(last + 1 - self.server.world.now(), 0))

    async def rest(self, *, audited: bool = False) -> None:
        """Until all is as it should be; `audited`: with the help of all audits."""
        if audited:
            self.desk.pass_time(31 * 86_400)
        await self.desk.until(lambda: all(at_rest(self._folder, channel) for channel in self._channels), what="rest")


def needs_audit(kind: str) -> bool:
    """What differences and walks alone do not put right: events that this version cannot read, a week without any."""
    return kind.startswith("unknown") or kind.endswith(" inside")


def change(channel: Channel, kind: str, number: int) -> None:
    """What happens in the world."""
    texts = [i for i in channel.ids if not channel.posts[i].is_service]
    chosen = texts[number % len(texts)] if texts else None
    if kind in FATES:
        FATES[kind](channel)
    elif kind == "burst":
        for count in range(number):
            channel.post(f"burst {count}")
    elif kind == "edits" and chosen is not None:
        for count in range(1 + number % 5):
            channel.edit(chosen, text=f"edit {number}.{count}")
    elif kind == "view" and chosen is not None:
        channel.view(chosen, number)
    elif kind == "unknown" and chosen is not None:
        channel.posts[chosen].make_unknown()
    elif kind == "unknown post":
        channel.post(f"new kind {number}").make_unknown()
    else:
        happen(channel, (kind, number))


def unreadable(channel: Channel) -> set[int]:
    return {i for i in channel.ids if channel.posts[i].newer_layer}


def at_rest(folder: Path, channel: Channel) -> bool:
    """Whether there is nothing left to do."""
    [(pts, top, generation, retry_at)] = query(
        folder, "SELECT pts, top_id, generation, retry_at FROM channel WHERE channel_id = ?", channel.id
    )
    covered = query(
        folder, "SELECT lo, hi FROM coverage WHERE channel_id = ? AND generation = ?", channel.id, generation
    )
    if (pts, retry_at) != (channel.pts, None) or coverage.gaps(sorted(covered), 1, top):
        return False
    mirrored, expected, unknown = held(folder, channel), true(channel), unreadable(channel)
    return mirrored.keys() == expected.keys() and all(mirrored[i] == expected[i] for i in expected if i not in unknown)


def check_archive(folder: Path, channels: list[Channel], server: TellingServer) -> None:
    for channel in channels:
        missing = {
            message_id
            for (message_id,) in query(
                folder,
                "SELECT message_id FROM message WHERE channel_id = ? AND missing_since IS NOT NULL",
                channel.id,
            )
        }
        assert missing <= channel.deleted
        open_absences = query(
            folder, "SELECT message_id FROM absence WHERE channel_id = ? AND returned_at IS NULL", channel.id
        )
        assert sorted(open_absences) == sorted((message_id,) for message_id in missing)
        texts = set(query(folder, "SELECT message_id, text FROM message WHERE channel_id = ?", channel.id))
        texts |= set(query(folder, "SELECT message_id, text FROM revision WHERE channel_id = ?", channel.id))
        assert server.stored[channel.id] <= texts
    chains = query(
        folder,
        "SELECT channel_id, message_id, revision, content_hash FROM revision"
        " UNION ALL SELECT channel_id, message_id, revisions + 1, content_hash FROM message ORDER BY 1, 2, 3",
    )
    for (*before, count, content), (*after, next_count, next_content) in pairwise(chains):
        if before == after:
            assert next_count == count + 1
            assert next_content != content
        else:
            assert next_count == 1
    assert query(folder, "SELECT channel_id FROM channel ORDER BY 1") == sorted((c.id,) for c in channels)
    assert (
        query(folder, "SELECT channel_id, message_id FROM message EXCEPT SELECT channel_id, message_id FROM outbox")
        == []
    )
    assert query(folder, "PRAGMA integrity_check") == [("ok",)]
    assert query(folder, "PRAGMA foreign_key_check") == []
    assert server.violations == []
    assert server.forbidden == []


def check_search(conn: Writer) -> None:
    """Each message stands in the embedded engine once, with its present content."""
    known = conn.execute(
        "SELECT channel_id, message_id, flags & ? <> 0 FROM search_document JOIN search_channel ON number = channel"
        " WHERE flags & ? = 0 ORDER BY 1, 2",
        (MISSING, SUPERSEDED),
    ).fetchall()
    messages = conn.execute(
        "SELECT channel_id, message_id, missing_since IS NOT NULL FROM message ORDER BY 1, 2"
    ).fetchall()
    assert known == messages
    present = {(channel_id, message_id) for channel_id, message_id, missing in messages if not missing}
    for channel_id in {row[0] for row in messages}:
        held = [
            m for m in read_messages(conn, channel_id, after=0, limit=10_000) if (channel_id, m.message_id) in present
        ]
        assert exact.upsert(conn, [to_document(message) for message in held]) == WriteCounts()  # nothing is new
