"""A server that shows less of a message than before takes nothing away from the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from telethon.tl import types

from archiver.evidence.run import verify
from archiver.store.channels.channel import find_channel
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.media import Media
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import Rig, mirror_of, query


@pytest.fixture
def channel(world: World) -> Channel:
    return world.add_channel("Alpha", "alpha")


async def read_again(rig: Rig, channel: Channel, how: str) -> None:
    if how == "page":
        row = await rig.database.read(find_channel, channel.id)
        assert row is not None
        await rig.ingest.start_generation(row)
    await rig.sync(channel)


def media_of(directory: Path, message_id: int) -> list[tuple[Any, ...]]:
    return query(
        directory,
        "SELECT kind, id, title, search_text, extra FROM media WHERE message_id = ? ORDER BY slot",
        message_id,
    )


@pytest.mark.parametrize("how", ["page", "newest page"])
async def test_votes_and_stories_and_previews_stay_and_no_revision_is_made(
    server: Server, account: Account, channel: Channel, tmp_path: Path, how: str
) -> None:
    media: Media = channel.world.media
    story = types.StoryItem(3, channel.post("x").message.date, channel.post("y").message.date, media.photo())
    posts = [
        channel.post("poll", media=media.poll("Really?", {"yes": 3, "no": 4})),
        channel.post("story", media=types.MessageMediaStory(types.PeerChannel(7), 3, story=story)),
        channel.post("page", media=media.webpage("https://a.example/", "Title", "About it")),
        channel.post("photo", media=media.photo()),
    ]
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        before = [media_of(tmp_path, post.id) for post in posts]
        poll = posts[0].message.media
        posts[0].change(media=types.MessageMediaPoll(poll.poll, types.PollResults(min=True)))
        posts[1].change(media=types.MessageMediaStory(types.PeerChannel(7), 3))
        posts[2].change(media=types.MessageMediaWebPage(types.WebPageEmpty(posts[2].message.media.webpage.id)))
        posts[3].change(media=types.MessageMediaPhoto(photo=None, ttl_seconds=5))
        await read_again(rig, channel, how)
        await read_again(rig, channel, how)
        after = [media_of(tmp_path, post.id) for post in posts]
        assert [[row[:4] for row in rows] for rows in after] == [[row[:4] for row in rows] for rows in before]
        told = orjson.loads(after[0][0][4])
        assert (told["total_voters"], [one["voters"] for one in told["answers"]]) == (7, [3, 4])
        assert all('"kept"' in rows[0][4] for rows in after)
        assert query(tmp_path, "SELECT count(*) FROM revision") == [(0,)]
        newest = query(tmp_path, "SELECT raw FROM message WHERE message_id = ?", posts[1].id)
        assert newest == [(bytes(posts[1].message),)]
        channel.edit(posts[3].id, text="photo, and other words")
        await read_again(rig, channel, how)
    assert query(tmp_path, "SELECT message_id, text FROM revision") == [(posts[3].id, "photo")]


@pytest.mark.parametrize("how", ["page", "newest page", "difference"])
async def test_unreported_reactions_are_kept_until_reported(
    server: Server, account: Account, channel: Channel, tmp_path: Path, how: str
) -> None:
    """messageReactions.min: the same for all users; without any result it says nothing of what others see."""
    post = channel.post("text")
    channel.react(post.id, {"👍": 3, "❤": 1})

    def reactions() -> list[dict[str, Any]]:
        [(told,)] = query(tmp_path, "SELECT reactions FROM message WHERE message_id = ?", post.id)
        return orjson.loads(told or "[]")

    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        post.change(reactions=types.MessageReactions([], min=True))
        if how == "difference":
            channel.edit(post.id, text="edited")
        for _ in range(2):
            await read_again(rig, channel, how)
            assert [one["count"] for one in reactions()] == [3, 1]
        [(extra,)] = query(tmp_path, "SELECT extra FROM message WHERE message_id = ?", post.id)
        assert list(orjson.loads(extra)["kept"]) == ["reactions"]
        assert query(tmp_path, "SELECT count(*) FROM revision") == [(int(how == "difference"),)]
        assert verify(tmp_path / "archive.db", deep=True, progress=lambda _: None).faults == []
        post.change(reactions=types.MessageReactions([types.ReactionCount(types.ReactionEmoji("👍"), 2)], min=True))
        await read_again(rig, channel, how)
        assert [one["count"] for one in reactions()] == [2]
        channel.react(post.id, {})
        await read_again(rig, channel, how)
        assert reactions() == []
    assert query(tmp_path, "SELECT extra FROM message WHERE message_id = ?", post.id) == [(None,)]
