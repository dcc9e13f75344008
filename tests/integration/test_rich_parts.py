"""Rich messages that the server shows in part, over a socket into an archive: backfill, live, edits, audits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import orjson
import pytest
from telethon.extensions import BinaryReader
from telethon.tl import types
from telethon.tl.alltlobjects import LAYER

from archiver.convert import Peers, convert_message
from archiver.errors import FloodWait
from archiver.mirror.complete_rich import AccountChannels, Completer
from archiver.mirror.ingest import Ingest
from archiver.mirror.reread import Rereader
from archiver.model.record import Message
from archiver.pacing.attempt_delay import MOST, attempt_delay
from archiver.store.channels.channel import find_channel
from archiver.store.messages.rich import count_parts
from search.engine.protocol import Question
from search.exact import writer as exact
from search.query.filters import Context
from search.query.parse import parse
from tests.doubles.telegram import faults
from tests.doubles.telegram.article import article, cut
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.post import Post
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import SHORT, Rig, ServerClock, mirror_of, query

BLOCKS = ("the beginning", "the middle", "the very end")


@pytest.fixture
def channel(world: World) -> Channel:
    channel = world.add_channel("Long reads", "long_reads")
    channel.rich_limit = 1
    return channel


def completer(rig: Rig, server: Server) -> Completer:
    channels = AccountChannels("default", rig.mirror.access)
    return Completer(rig.source, rig.database, rig.ingest, channels, clock=ServerClock(server))


async def complete(rig: Rig, server: Server) -> None:
    asking = completer(rig, server)
    while await asking.step():
        pass


def words(folder: Path, channel: Channel, message_id: int) -> str:
    [(extra,)] = query(
        folder, "SELECT extra FROM message WHERE channel_id = ? AND message_id = ?", channel.id, message_id
    )
    return str(orjson.loads(extra)["rich_text"])


def count(folder: Path, table: str) -> int:
    [(number,)] = query(folder, f"SELECT count(*) FROM {table}")  # noqa: S608
    return int(number)


def row(folder: Path, channel: Channel, message_id: int, columns: str) -> Any:
    [found] = query(
        folder,
        f"SELECT {columns} FROM message WHERE channel_id = ? AND message_id = ?",  # noqa: S608
        channel.id,
        message_id,
    )
    return found if len(found) > 1 else found[0]


def read_late(raw: bytes, channel: Channel) -> Message:
    """The record of a message as it was once."""
    obj = BinaryReader(raw).tgread_object()
    return convert_message(obj, raw, channel_id=channel.id, peers=Peers([], []), layer=LAYER)


@contextmanager
def answering(channel: Channel, post: Post, rich: Any, other: Post) -> Iterator[None]:
    """getRichMessage answers with another rich message, or, for None, with another message."""
    message = post.message
    true = message.rich_message
    if rich is None:
        channel.posts[post.id] = other
    else:
        message.rich_message = rich
    try:
        yield
    finally:
        message.rich_message = true
        channel.posts[post.id] = post


async def partial(rig: Rig, channel: Channel) -> tuple[int, int]:
    return await rig.database.read(count_parts, channel.id)


async def found(rig: Rig, query_text: str) -> list[int]:
    """Ids of the messages that the embedded engine finds."""
    tree = parse(query_text, Context(now=datetime.now(UTC)))
    answer = await exact.ExactEngine(rig.database.connection).search(Question(tree=tree, sort="newest", limit=50))
    return [hit.message_id for hit in answer.hits]


async def read_again(rig: Rig, channel: Channel) -> None:
    """As an audit does."""
    mirrored = await rig.database.read(find_channel, channel.id)
    assert mirrored is not None
    access_hash = await rig.mirror.access(mirrored)
    await Rereader(rig.source, rig.database, rig.ingest, channel.id, access_hash).read(1, channel.last_id)


async def test_a_backfilled_part_is_completed_as_the_same_revision_and_found_by_its_end(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    post = channel.post(rich_message=article(*BLOCKS), views=7)
    short = channel.post(rich_message=article("one block"))
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        assert words(tmp_path, channel, post.id) == "the beginning"
        assert await partial(rig, channel) == (1, 0)
        assert await found(rig, "very end") == []
        part = row(tmp_path, channel, post.id, "raw")
        await rig.database.write(lambda conn: conn.execute("DELETE FROM outbox"))

        await complete(rig, server)
        assert words(tmp_path, channel, post.id) == "the beginning\nthe middle\nthe very end"
        assert await partial(rig, channel) == (0, 0)
        assert await found(rig, "very end") == [post.id]
        raw, digest, views = row(tmp_path, channel, post.id, "raw, payload_sha256, views")
        assert (raw, digest, views) == (bytes(post.whole), sha256(raw).digest(), 7)
        assert query(tmp_path, "SELECT raw, payload_sha256 FROM rich_part") == [(part, sha256(part).digest())]
        assert query(tmp_path, "SELECT message_id FROM outbox") == [(post.id,)]
        assert count(tmp_path, "revision") == 0
        assert [request.id for request in server.called("messages.getRichMessage")] == [post.id]
        assert not server.violations
        assert not server.forbidden
    whole = row(tmp_path, channel, post.id, "content_hash")
    async with mirror_of(server, account, tmp_path / "another") as rig:
        channel.rich_limit = None
        channel.posts[post.id].show_blocks(None)
        await rig.add(channel)
        await rig.sync(channel)
        assert row(tmp_path / "another", channel, post.id, "content_hash") == whole
        assert words(tmp_path / "another", channel, short.id) == "one block"


async def test_rereading_never_replaces_a_whole_but_updates_its_counters(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    post = channel.post(rich_message=article(*BLOCKS), views=7)
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        await complete(rig, server)
        before = row(tmp_path, channel, post.id, "content_hash, raw")
        for views in (7, 90):
            channel.view(post.id, views)
            await read_again(rig, channel)
            await complete(rig, server)
        assert row(tmp_path, channel, post.id, "content_hash, raw") == before
        assert row(tmp_path, channel, post.id, "views") == 90
        assert (await found(rig, "views:>80 middle"), count(tmp_path, "revision")) == ([post.id], 0)
        assert len(server.called("messages.getRichMessage")) == 1
        await rig.ingest.start_generation(await rig.database.read(find_channel, channel.id))  # type: ignore[arg-type]
        await rig.sync(channel)  # the whole history once more
        assert row(tmp_path, channel, post.id, "content_hash, raw") == before
        assert (await partial(rig, channel), count(tmp_path, "revision")) == ((0, 0), 0)


async def test_new_posts_and_edits_that_a_difference_shows_in_part_are_completed(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        post = channel.post(rich_message=article(*BLOCKS))
        await rig.mirror.catch_up(channel.id)
        assert await partial(rig, channel) == (1, 0)
        await complete(rig, server)
        first = row(tmp_path, channel, post.id, "content_hash")

        server.clock += 60
        channel.edit(post.id, rich_message=article("another beginning", *BLOCKS[1:]))
        await rig.mirror.catch_up(channel.id)
        assert words(tmp_path, channel, post.id) == "another beginning"
        assert await partial(rig, channel) == (1, 0)
        await complete(rig, server)
        assert words(tmp_path, channel, post.id).endswith("the very end")
        assert query(tmp_path, "SELECT content_hash FROM revision") == [(first,)]
        second = row(tmp_path, channel, post.id, "content_hash")

        server.clock += 60
        channel.edit(post.id, rich_message=article("another beginning", "the middle", "another end"))
        await rig.mirror.catch_up(channel.id)
        # What is shown of it is as before: only the whole can tell what was edited.
        assert (row(tmp_path, channel, post.id, "content_hash"), await partial(rig, channel)) == (second, (1, 0))
        await complete(rig, server)
        assert words(tmp_path, channel, post.id).endswith("another end")
        assert query(tmp_path, "SELECT content_hash FROM revision ORDER BY revision") == [(first,), (second,)]
        assert await partial(rig, channel) == (0, 0)


async def test_an_edit_of_nothing_but_its_date_makes_no_revision(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    post = channel.post(rich_message=article(*BLOCKS))
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        server.clock += 60
        channel.edit(post.id, hide=True)  # before the whole was asked for, and after
        await complete(rig, server)
        assert (await partial(rig, channel), count(tmp_path, "revision")) == ((0, 0), 0)
        await rig.mirror.catch_up(channel.id)
        server.clock += 60
        channel.edit(post.id, hide=True)
        await rig.mirror.catch_up(channel.id)
        await complete(rig, server)
        assert (await partial(rig, channel), count(tmp_path, "revision")) == ((0, 0), 0)
        assert words(tmp_path, channel, post.id).endswith("the very end")


async def test_an_edit_while_the_whole_is_on_its_way_ends_with_the_newest_content(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    post = channel.post(rich_message=article(*BLOCKS))
    async with mirror_of(server, account, tmp_path, timeouts=replace(SHORT, call=5.0, call_max=5.0)) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        old = bytes(post.whole)
        server.clock += 60
        channel.edit(post.id, rich_message=article("new", "newer", "newest"))
        await rig.mirror.catch_up(channel.id)
        late = read_late(old, channel)
        mirrored = await rig.database.read(find_channel, channel.id)
        assert mirrored is not None
        await rig.ingest.store_whole(mirrored, late, retry_at=0)
        assert words(tmp_path, channel, post.id) == "new"
        assert await partial(rig, channel) == (1, 0)
        await complete(rig, server)
        assert words(tmp_path, channel, post.id) == "new\nnewer\nnewest"
        assert await found(rig, "in:revisions very end") == [post.id]


async def test_a_message_that_cannot_be_completed_is_retried_with_growing_delays(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    posts = [channel.post(rich_message=article(f"post {n}", *BLOCKS)) for n in range(4)]
    bad, refused = posts[1], posts[2]
    server.faults.add(
        "messages.getRichMessage", faults.rpc(500, "RPC_CALL_FAIL"), predicate=lambda request: request.id == bad.id
    )
    server.faults.add(
        "messages.getRichMessage", faults.rpc(400, "MESSAGE_ID_INVALID"), predicate=lambda r: r.id == refused.id
    )
    async with mirror_of(server, account, tmp_path, timeouts=replace(SHORT, delays=(0.0,))) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        asking = completer(rig, server)
        while await asking.step():
            pass
        assert await partial(rig, channel) == (2, 1)
        assert query(tmp_path, "SELECT message_id, refused FROM rich_part WHERE completed_at IS NULL ORDER BY 1") == [
            (bad.id, None),
            (refused.id, "MESSAGE_ID_INVALID"),
        ]
        waits = []
        for attempt in range(8):
            server.clock += attempt_delay(attempt) + 1
            begun = server.world.now()
            assert await asking.step() == 1  # only the one that may be had later
            [(retry_at,)] = query(tmp_path, "SELECT retry_at FROM rich_part WHERE message_id = ?", bad.id)
            took = server.world.now() - begun
            waits.append(attempt_delay(attempt + 1))
            assert waits[-1] - 1 <= retry_at - begun <= waits[-1] + took + 1
        assert waits[-1] == MOST
        server.faults.clear()
        server.clock += MOST + 1
        await complete(rig, server)
        assert await partial(rig, channel) == (1, 1)
        later = Ingest(rig.database, layer=LAYER, clock=server.world.clock.now)
        await read_again(replace(rig, ingest=later), channel)  # the message is shown still: so it is there
        await complete(rig, server)
        assert await partial(rig, channel) == (0, 0)


async def test_a_shorter_answer_a_part_again_or_another_message_completes_nothing(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    post = channel.post(rich_message=article(*BLOCKS))
    other = channel.post(rich_message=article("other"))
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        asking = completer(rig, server)
        lies = (article(), cut(article(*BLOCKS), 1), None)
        for attempt, lie in enumerate(lies):
            with answering(channel, post, lie, other):
                await asking.step()
            assert (words(tmp_path, channel, post.id), await partial(rig, channel)) == ("the beginning", (1, 0))
            server.clock += attempt_delay(attempt) + 1
        assert count(tmp_path, "revision") == 0
        await complete(rig, server)
        assert words(tmp_path, channel, post.id).endswith("the very end")


async def test_a_deleted_message_is_not_asked_for_and_stays_missing(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    post = channel.post(rich_message=article(*BLOCKS))
    channel.post("stays")
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        whole = read_late(bytes(post.whole), channel)
        channel.delete(post.id)
        await rig.mirror.catch_up(channel.id)
        await complete(rig, server)
        assert not server.called("messages.getRichMessage")
        mirrored = await rig.database.read(find_channel, channel.id)
        assert mirrored is not None
        await rig.ingest.store_whole(mirrored, whole, retry_at=0)  # it was on its way
        assert row(tmp_path, channel, post.id, "missing_since") is not None
        assert words(tmp_path, channel, post.id).endswith("the very end")
        assert await found(rig, "is:missing very end") == [post.id]


async def test_flood_waits_are_obeyed_and_what_was_completed_stays(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    for n in range(3):
        channel.post(rich_message=article(f"post {n}", *BLOCKS))
    server.faults.add("messages.getRichMessage", faults.flood(600), skip=1, times=1)
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        with pytest.raises(FloodWait):
            await complete(rig, server)
        assert await partial(rig, channel) == (2, 0)
    async with mirror_of(server, account, tmp_path) as rig:
        with pytest.raises(FloodWait):
            await complete(rig, server)
        server.clock += 602
        await complete(rig, server)
        assert await partial(rig, channel) == (0, 0)
        assert not server.violations


async def test_parts_of_an_archive_of_an_earlier_version_are_completed(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    post = channel.post("text", rich_message=article(*BLOCKS))
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
    script = (resources.files("archiver.store.sql") / "0009_rich_part.sql").read_text()
    with sqlite3.connect(tmp_path / "archive.db") as connection:
        [(newest,)] = connection.execute("PRAGMA user_version").fetchall()
        connection.executescript(f"DROP TABLE rich_part; {script}; PRAGMA user_version = {newest}")
    connection.close()
    async with mirror_of(server, account, tmp_path) as rig:
        assert await partial(rig, channel) == (1, 0)
        await complete(rig, server)
        assert words(tmp_path, channel, post.id).endswith("the very end")
        assert count(tmp_path, "revision") == 0


@pytest.mark.parametrize(
    "told",
    [
        (400, "MESSAGE_ID_INVALID", "MESSAGE_ID_INVALID"),
        (400, "MSG_ID_INVALID", "MSG_ID_INVALID"),
        (400, "MESSAGE_NOT_RICH", "MESSAGE_NOT_RICH"),
        (400, "METHOD_INVALID", None),
        (400, "INPUT_METHOD_INVALID_1344629199_99", None),
        (501, "NOT_IMPLEMENTED", None),
        (500, "RPC_CALL_FAIL", None),
        (400, "CHANNEL_INVALID", None),
        (406, "CHANNEL_PRIVATE", None),
    ],
)
async def test_only_what_is_said_of_the_message_itself_is_its_refusal(
    server: Server, account: Account, channel: Channel, tmp_path: Path, told: tuple[int, str, str | None]
) -> None:
    code, name, refused = told
    channel.post(rich_message=article(*BLOCKS))
    server.faults.add("messages.getRichMessage", faults.rpc(code, name))
    async with mirror_of(server, account, tmp_path, timeouts=replace(SHORT, delays=())) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        asking = completer(rig, server)
        while await asking.step():
            pass
        assert query(tmp_path, "SELECT refused FROM rich_part WHERE completed_at IS NULL") == [(refused,)]
        assert len(server.called("messages.getRichMessage")) == 1
        server.faults.clear()
        server.clock += MOST
        await read_again(replace(rig, ingest=Ingest(rig.database, layer=LAYER, clock=server.world.clock.now)), channel)
        while await asking.step():
            pass
        assert await partial(rig, channel) == (0, 0)


async def test_an_answer_without_names_or_counters_takes_none_away(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    origin = channel.world.add_channel("Origin", "origin_desk")
    header = types.MessageFwdHeader(date=datetime.now(UTC), from_id=origin.peer, channel_post=1)
    post = channel.post(rich_message=article(*BLOCKS), views=7, fwd_from=header)
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        before = row(tmp_path, channel, post.id, "fwd_from, views, forwards")
        assert "origin_desk" in before[0]
        bare = post.message
        bare.views = bare.forwards = None
        mirrored = await rig.database.read(find_channel, channel.id)
        assert mirrored is not None
        await rig.ingest.store_whole(mirrored, read_late(bytes(bare), channel), retry_at=0)
        assert await partial(rig, channel) == (0, 0)
        assert row(tmp_path, channel, post.id, "fwd_from, views, forwards") == before
