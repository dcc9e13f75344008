"""What forbids saving by now is not fetched, whatever was known when it was put in line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.media_rig import fetching_of, key_of


async def test_a_channel_or_message_that_forbids_saving_since_it_was_mirrored_is_obeyed(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha, beta = world.add_channel("Alpha", "alpha"), world.add_channel("Beta", "beta")
    shut, single, shared = (world.media.photo(size=50_000 + number) for number in range(3))
    beta.post(media=shared)
    posted = beta.post(media=single)
    alpha.post(media=shut)
    alpha.post(media=shared)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha, beta)
        alpha.noforwards = True  # which only the answers of now say
        beta.edit(posted.id, noforwards=True)
        assert (await fetching.fetch()).not_fetched == {"not wanted": 2}
        assert fetching.states() == {
            key_of(shut): "not wanted",
            key_of(single): "not wanted",
            key_of(shared): "downloaded",
        }
        assert {"/".join(map(str, part.key)) for part in server.traffic.parts} == {key_of(shared)}
        await fetching.fetch(adapt=lambda policy: replace(policy, protected=True))
        assert set(fetching.states().values()) == {"downloaded"}
        fetching.check()


async def test_a_large_file_is_not_continued_once_its_channel_forbids_saving(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    film = world.media.document(size=12 << 20)
    alpha.post(media=film)

    def shut(call: object) -> bool:
        if server.traffic.parts and not alpha.noforwards:
            alpha.noforwards = True
            world.files.expire()
        return False

    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        server.faults.add("upload.getFile", lambda _: None, predicate=shut)
        await fetching.fetch()
        assert fetching.states() == {key_of(film): "not wanted"}
        assert not list((tmp_path / "media" / "partial").iterdir())
