"""The probe: how up to 100 channels stand, in one call; and which of them cannot be asked for in that way.

One channel that the server refuses spoils the answer for 99 others, so a batch that fails is halved until what fails is
alone. A server may also refuse the method as such; a few channels asked for singly tell the one from the other.
"""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TypeAlias

from archiver.clock import Clock
from archiver.errors import Error
from archiver.mirror.source import Source
from archiver.model.record import PeerState
from archiver.service.backoff import ACCOUNT_ERRORS

log = logging.getLogger(__name__)

BATCH = 100
"""Channels a call: the server's own limit."""
SINGLES = 3
"""Channels that are asked for singly before the method itself is held to be refused."""
REFUSED_FIRST, REFUSED_MOST = 300.0, 3600.0
"""Seconds until a refused method is tried again: at first, and at most; doubled each time."""
APART = 3600.0
"""Seconds for which a channel is left out that spoiled the answer for the others."""

ProbeResult: TypeAlias = tuple[list[int], dict[int, PeerState] | None]
"""Channels, and what the server said of them; None: they cannot be asked for now."""


class Probe:
    """Asks for the states of one account's channels."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._refused_until = -math.inf
        self._refusals = 0
        """In a row."""
        self._apart: dict[int, float] = {}
        """Channels that spoil the answer for the others, and until when they are left out."""

    async def ask(self, access: Mapping[int, int], stop: Callable[[], bool]) -> AsyncGenerator[ProbeResult, None]:
        """Each channel once, some at a time; `access`: channel -> access hash. Raises what stops the account."""
        now = self._clock.tick()  # the time of day may be set
        self._apart = {channel_id: until for channel_id, until in self._apart.items() if until > now}
        refused = now < self._refused_until
        wanted = [channel_id for channel_id in access if not refused and channel_id not in self._apart]
        if skipped := [channel_id for channel_id in access if refused or channel_id in self._apart]:
            yield skipped, None
        batches = [wanted[at : at + BATCH] for at in range(0, len(wanted), BATCH)]
        failed = alone = 0  # calls in a row without an answer, and those of them for a single channel
        while batches and not stop():
            batch = batches.pop(0)
            states = await self._states([(channel_id, access[channel_id]) for channel_id in batch])
            middle = len(batch) // 2
            if states is not None:
                failed = alone = self._refusals = 0
                yield batch, states
                continue
            if len(batch) == 1:
                alone += 1
                self._apart[batch[0]] = now + APART
                yield batch, None
            elif failed:
                # Is it the method that is refused, or one of the channels? A single one tells.
                batches = [[batch[middle]], *batches, batch[:middle] + batch[middle + 1 :]]
            else:
                batches += [batch[:middle], batch[middle:]]
            failed += 1
            if alone >= min(SINGLES, len(wanted)):
                self._refuse(len(wanted))
                if left := [channel_id for batch in batches for channel_id in batch]:
                    yield left, None
                return

    def readmit(self, channel_id: int) -> None:
        """A channel that could not be read can be read again: it may be asked for together with the others."""
        self._apart.pop(channel_id, None)

    async def _states(self, peers: list[tuple[int, int]]) -> dict[int, PeerState] | None:
        try:
            return await self._source.get_states(peers)
        except ACCOUNT_ERRORS:
            raise
        except Error as exc:
            log.info("a probe of %d channels failed (%s)", len(peers), type(exc).__name__)
            return None

    def _refuse(self, channels: int) -> None:
        level = logging.INFO if self._refusals else logging.WARNING
        log.log(level, "the server refuses to tell how channels stand; %d are asked for one by one", channels)
        seconds = min(REFUSED_FIRST * 2**self._refusals, REFUSED_MOST)
        self._refusals = min(self._refusals + 1, 10)
        self._refused_until = self._clock.tick() + seconds
        self._apart.clear()  # it was not theirs
