"""Why `telekeep media fetch` had nothing to fetch: which files were considered, and why each was left."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Final

from archiver.cli.view.figures import count
from archiver.ids import ChannelId
from archiver.media.plan import Planner
from archiver.media.plan_tally import DELETED, FETCH, ON_REQUEST, STORED, THUMBNAIL
from archiver.store.database import Database

SECONDS: Final = 5.0
"""Time limit for counting; after it, the sentence has no counts."""
_WORDS: Final = {
    STORED: "stored",
    FETCH: "not available to this account now",
    DELETED: "of deleted messages",
    ON_REQUEST: "failed",
    "gone": "no longer there",
    "refused": "refused by the server",
    "protected channel": "of a channel that forbids saving",
    "not wanted": "not wanted by the policy",
    "too big": "larger than the policy wants",
    "quota": "beyond the quota of the channel",
}


async def describe_nothing(
    database: Database, planner: Planner, channels: Iterable[ChannelId], *, max_size: int | None
) -> str:
    """The sentence. `max_size`: what was typed as --max-size."""
    named = None if planner.messages is None else sum(map(len, planner.messages.values()))
    try:
        async with asyncio.timeout(SECONDS):
            found = await _tally(database, planner, channels)
    except TimeoutError:
        return (
            "nothing was left to fetch; `telekeep media plan` and `telekeep media status` count the files and say why."
        )
    if not found:
        where = "no archived message of these channels" if named is None else "none of the messages"
        return f"nothing to fetch: {'the message shows no file' if named == 1 else f'{where} shows a file'}."
    words = _WORDS
    if max_size is not None:
        words = _WORDS | dict.fromkeys(("not wanted", "too big"), "larger than --max-size")
    said: Counter[str] = Counter()
    for outcome, files in found.items():
        said[words.get(outcome, outcome)] += files
    total = said.total()
    if total == 1:
        one = next(iter(said))
        return f"nothing to fetch: the file is {one}{', add --again to fetch it' if one == 'offloaded' else ''}."
    again = " To fetch the offloaded ones again, add --again." if said["offloaded"] else ""
    numbers = {
        word: "all are" if len(said) == 1 else "1 is" if files == 1 else f"{files:,} are"
        for word, files in said.items()
    }
    parts = [f"{numbers[word]} {word}" for word, _ in said.most_common()]
    return f"nothing to fetch: of {count(total, 'file')}, {', '.join(parts)}.{again}"


async def _tally(database: Database, planner: Planner, channels: Iterable[ChannelId]) -> Counter[str]:
    found: Counter[str] = Counter()
    for channel_id in channels:
        plan = await planner.plan(database.connection, channel_id)
        for (kind, outcome), tally in plan.outcomes.items():
            if kind != THUMBNAIL:
                found[outcome] += tally.files
    return found
