"""The probe: the states of up to 100 channels in one call, and which channels cannot be queried that way.

One channel that the server refuses spoils the answer for 99 others, so a failed batch is halved until the culprit is
alone. A server may also refuse the method itself; asking for a few channels singly tells the two cases apart.
"""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import NamedTuple

from archiver.clock import Clock
from archiver.errors import Error
from archiver.ids import AccessHash, ChannelId
from archiver.mirror.source import Source
from archiver.model.record import PeerState
from archiver.service.backoff import ACCOUNT_ERRORS

log = logging.getLogger(__name__)

BATCH = 100
"""Channels per call: the server's limit."""
SINGLES = 3
"""Single channels in a row that must fail before the method itself counts as refused."""
REFUSED_FIRST, REFUSED_MOST = 300.0, 3600.0
"""Seconds before a refused method is retried: the first time, and at most; doubled each time."""
EXCLUDED = 3600.0
"""Seconds for which a channel that spoiled an answer is left out."""


class ProbeResult(NamedTuple):
    """What one call reported."""

    channel_ids: list[ChannelId]
    """The channels asked for."""
    states: dict[ChannelId, PeerState] | None
    """By channel; None: they cannot be probed now."""


class Probe:
    """Requests the states of one account's channels."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._refused_until = -math.inf
        self._refusals = 0
        """In a row."""
        self._excluded: dict[ChannelId, float] = {}
        """Channels that spoil an answer, each with the tick until which it is left out."""

    async def ask(
        self, access: Mapping[ChannelId, AccessHash], stop: Callable[[], bool]
    ) -> AsyncGenerator[ProbeResult, None]:
        """Report each channel once, in batches; `access`: channel -> access hash. Raises what stops the account."""
        now = self._clock.tick()  # the time of day may be set
        self._excluded = {channel_id: until for channel_id, until in self._excluded.items() if until > now}
        refused = now < self._refused_until
        wanted = [channel_id for channel_id in access if not refused and channel_id not in self._excluded]
        if skipped := [channel_id for channel_id in access if refused or channel_id in self._excluded]:
            yield ProbeResult(skipped, None)
        batches = [wanted[at : at + BATCH] for at in range(0, len(wanted), BATCH)]
        failed = alone = 0  # failed calls in a row, and how many of them asked for a single channel
        while batches and not stop():
            batch = batches.pop(0)
            states = await self._request_states([(channel_id, access[channel_id]) for channel_id in batch])
            middle = len(batch) // 2
            if states is not None:
                failed = alone = self._refusals = 0
                yield ProbeResult(batch, states)
                continue
            if len(batch) == 1:
                alone += 1
                self._excluded[batch[0]] = now + EXCLUDED
                yield ProbeResult(batch, None)
            elif failed:
                # A single channel tells whether the method is refused, or one of the channels.
                batches = [[batch[middle]], *batches, batch[:middle] + batch[middle + 1 :]]
            else:
                batches += [batch[:middle], batch[middle:]]
            failed += 1
            if alone >= min(SINGLES, len(wanted)):
                self._refuse(len(wanted))
                if left := [channel_id for batch in batches for channel_id in batch]:
                    yield ProbeResult(left, None)
                return

    def readmit(self, channel_id: ChannelId) -> None:
        """Probe a channel together with the others again, because it became readable."""
        self._excluded.pop(channel_id, None)

    async def _request_states(self, peers: list[tuple[ChannelId, AccessHash]]) -> dict[ChannelId, PeerState] | None:
        try:
            return await self._source.get_states(peers)
        except ACCOUNT_ERRORS:
            raise
        except Error as exc:
            log.info("probing %d channels failed (%s)", len(peers), type(exc).__name__)
            return None

    def _refuse(self, channels: int) -> None:
        level = logging.INFO if self._refusals else logging.WARNING
        log.log(level, "the server refuses to report channel states; polling %d channels one by one", channels)
        seconds = min(REFUSED_FIRST * 2**self._refusals, REFUSED_MOST)
        self._refusals = min(self._refusals + 1, 10)
        self._refused_until = self._clock.tick() + seconds
        self._excluded.clear()  # the channels were not to blame
