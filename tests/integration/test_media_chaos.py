"""Mixtures of faults and ends of the process: what is stored in the end is true, whole, and all there is."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from archiver.errors import Error
from archiver.model.media_file import FileKey
from archiver.store.media.file import forget_outcome
from tests.doubles.telegram import faults
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.media_rig import GET, MIB, SPOILED, fetching_of, hasty, key_of, no_pauses
from tests.tiers import SOAK

__all__ = ["hasty", "no_pauses"]
PASSES = 40
FAULTS = (
    *SPOILED,
    faults.cut(900),
    faults.hang(),
    faults.dup(),
    faults.reorder(),
    faults.delay(0.3),
    faults.rpc(500, "RPC_CALL_FAIL"),
    faults.rpc(400, "LIMIT_INVALID"),
    faults.unknown_ctor("alone"),
    faults.bad_msg(17),
    faults.bad_salt(),
    faults.new_session(),
    faults.premium_flood(1),
)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("seed", range(30 if SOAK else 3))
async def test_every_mixture_of_faults_ends_in_true_files(
    seed: int, world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    alpha = world.add_channel("Alpha", "alpha")
    shown = [world.media.document(size=chance.randint(1, 3 * MIB), dc=chance.choice([2, 4])) for _ in range(4)]
    shown += [world.media.photo(size=chance.randint(2_000, 60_000), dc=chance.choice([2, 4])) for _ in range(12)]
    for medium in shown:
        alpha.post(media=medium)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
    for fault in chance.sample(FAULTS, 5):
        server.faults.add(GET, fault, probability=chance.uniform(0.02, 0.15))
    server.faults.add("upload.getFileHashes", faults.hang(), probability=0.05)
    for number in range(PASSES):
        if number == PASSES // 2:
            server.faults.clear()
        async with fetching_of(server, account, tmp_path) as fetching:
            await fetching.rig.database.write(forget_outcome, list(map(FileKey, fetching.states())), now=1)
            stop = asyncio.Event()
            timer = asyncio.get_running_loop().call_later(chance.uniform(0.05, 3.0), stop.set)
            try:
                await fetching.fetch(stop=stop)
            except Error:
                continue
            finally:
                timer.cancel()
            fetching.check()
            if chance.random() < 0.2:
                world.files.expire()
            if set(fetching.states().values()) == {"downloaded"} and len(fetching.states()) == len(shown):
                break
    assert set(fetching.states()) == {key_of(medium) for medium in shown}
    assert set(fetching.states().values()) == {"downloaded"}
    assert not [name for name in (tmp_path / "media" / "partial").iterdir() if name.suffix in (".data", ".parts")]
