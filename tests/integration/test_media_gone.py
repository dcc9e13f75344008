"""What is gone, refused, moved or expired: each file ends with its reason, and is looked for where else it is shown."""

from __future__ import annotations

import asyncio
from pathlib import Path

from archiver.model.media_file import MediaPolicy
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.media_rig import MIB, channel_of_photos, fetching_of, key_of, no_pauses, reaches
from tests.integration.rig import query

__all__ = ["no_pauses"]


async def test_expired_references_are_renewed_together_and_not_for_ever(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = channel_of_photos(world, 150, 10_000)
    stale = world.media.photo(size=10_000)
    alpha.post(media=stale)
    world.files.stale.add(("photo", stale.photo.id))
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        server.calls.mark()
        running = asyncio.create_task(fetching.fetch())
        await reaches(lambda: fetching.fetcher.counts.files >= 20)
        world.files.expire()
        counts = await running
        assert (counts.files, counts.not_fetched) == (150, {"failed": 1})
        fetching.check()
        reason = query(tmp_path, "SELECT reason, retry_at > since FROM file WHERE status = 'failed'")
        assert reason == [("the server refuses a reference that it has just given.", 1)]
    assert server.calls.count("channels.getMessages") <= 30


async def test_files_move_between_data_centres(world: World, server: Server, account: Account, tmp_path: Path) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    document, photo = world.media.document(size=2 * MIB, dc=2), world.media.photo(size=50_000, dc=4)
    alpha.post(media=document)
    alpha.post(media=photo)
    for medium, dc in ((document.document, 5), (photo.photo, 2)):
        file = world.files.find(medium.id)
        assert file is not None
        world.files.move(file, dc)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 2
        fetching.check()


async def test_what_is_gone_destroys_itself_or_is_refused_is_final_with_its_reason(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha, beta = world.add_channel("Alpha", "alpha"), world.add_channel("Beta", "beta")
    gone, deleted, edited = world.media.photo(), world.media.photo(), world.media.photo()
    elsewhere, refused = world.media.photo(), world.media.document(size=2 * MIB)
    alpha.post(media=gone)
    post, other = alpha.post(media=deleted), alpha.post(media=edited)
    moved = alpha.post(media=elsewhere)
    beta.post(media=elsewhere, date=1_500_000_000)
    alpha.post(media=refused)
    alpha.post("it stays")
    world.files.gone["photo", gone.photo.id] = "FILE_ID_INVALID"
    world.files.gone["document", refused.document.id] = "LOCATION_INVALID"
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha, beta)
        alpha.delete(post.id, moved.id)
        new = world.media.photo()
        alpha.edit(other.id, media=new)
        counts = await fetching.fetch()
        states = fetching.states()
        assert states == {
            key_of(gone): "gone",
            key_of(deleted): "gone",
            key_of(edited): "gone",
            key_of(elsewhere): "downloaded",
            key_of(refused): "refused",
        }
        assert counts.is_complete
        fetching.check()
        assert (await fetching.fetch()).files == 1, "the edit was kept when it was seen, and shows another file"
        assert fetching.states()[key_of(new)] == "downloaded"
        missing = query(tmp_path, "SELECT message_id FROM message WHERE missing_since IS NOT NULL ORDER BY 1")
        assert [row[0] for row in missing] == [post.id, moved.id]


async def test_a_file_without_a_thumbnail_is_not_said_to_be_gone(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.image_file("scan.png"))
    small = MediaPolicy(download="all", max_size=1, thumbnails=True)
    async with fetching_of(server, account, tmp_path, policy=small) as fetching:
        await fetching.mirror(alpha)
        counts = await fetching.fetch()
        assert (counts.files, counts.not_fetched) == (0, {})
        states = query(tmp_path, "SELECT status, reason FROM file WHERE file_key LIKE '%/thumb'")
        assert states == [("refused", "it has no small thumbnail")]
        assert (await fetching.fetch()).not_fetched == {}


async def test_a_file_is_not_fetched_through_a_channel_that_forbids_saving(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha, beta = world.add_channel("Alpha", "alpha"), world.add_channel("Beta", "beta")
    beta.noforwards = True
    photo = world.media.photo(size=50_000)
    beta.post(media=photo)
    post = alpha.post(media=photo)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha, beta)
        alpha.delete(post.id)
        assert (await fetching.fetch()).not_fetched == {"not wanted": 1}
        assert fetching.states() == {key_of(photo): "not wanted"}


async def test_a_file_that_many_messages_no_longer_show_is_not_called_gone_while_one_shows_it(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    photo = world.media.photo(size=50_000)
    posts = [alpha.post(media=photo) for _ in range(12)]
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        for post in posts[:8] + posts[9:]:
            alpha.delete(post.id)
        for _ in range(4):
            await fetching.fetch(even_early=True)
            assert fetching.states()[key_of(photo)] in ("failed", "downloaded")
        fetching.check()
    assert fetching.states() == {key_of(photo): "downloaded"}
