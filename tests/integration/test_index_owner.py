"""What the owner of an index has set by hand survives a week of syncs: on the double, or a real server (MEILI_URL)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import archiver.store.index.index_node as states
from search.meili.routing import node_name
from search.meili.settings import DOCUMENT_VERSION, SETTINGS, WORDS
from tests.doubles.meilisearch.fixtures import Meili, meili
from tests.integration.index_rig import Desk, desk_of

__all__ = ["meili"]

DAY = 86_400
OLDER = f"words_{DOCUMENT_VERSION}_0"
BY_HAND = {
    "synonyms": {"kyiv": ["kiev"], "kiev": ["kyiv"]},
    "stopWords": ["the"],
    "rankingRules": [*SETTINGS["rankingRules"], "size:desc"],
    "prefixSearch": "disabled",
    "displayedAttributes": ["channel_title", "id", "text"],
    "dictionary": ["J. R. R."],
    "embedders": {"mine": {"source": "userProvided", "dimensions": 2}},
}


def settings_of(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = desk.meili.call("GET", f"/indexes/{desk.index}/settings").json()
    return found


def change(desk: Desk, **settings: object) -> None:
    desk.meili.wait(desk.meili.client().index(desk.index).update_settings(settings))


def theirs(desk: Desk) -> dict[str, Any]:
    present = settings_of(desk)
    return {name: sorted(present[name]) if name == "displayedAttributes" else present[name] for name in BY_HAND}


async def sync(desk: Desk, day: int) -> None:
    """A process of its own, days later."""
    desk.clock._start += DAY
    await desk.post(day, 100 + day, text=f"day {day}")
    await desk.start()
    await desk.until(desk.is_told, "an empty outbox")
    await desk.until(lambda: len(desk.indexed()) == len(desk.held()), "all documents")
    await desk.until(lambda: desk.query("SELECT rebuild FROM index_node") == [(None,)], "no rebuild")
    await desk.stop()


async def test_what_the_owner_set_survives_syncs_repairs_rebuilds_and_versions(meili: Meili, tmp_path: Path) -> None:
    wanted = by_hand(meili)
    async with desk_of(meili, tmp_path / "archive") as desk:
        await sync(desk, 1)
        change(desk, **wanted)
        for day in range(2, 9):
            match day:
                case 3:
                    change(desk, pagination={"maxTotalHits": 5}, proximityPrecision="byAttribute")
                case 5:
                    await ask_rebuild(desk)
                case 7:
                    older = [name for name in settings_of(desk)["searchableAttributes"] if name != WORDS]
                    change(desk, searchableAttributes=[*older, "author", OLDER])
                    await ask_rebuild(desk)
            await sync(desk, day)
            found = theirs(desk)
            assert {name: found[name] for name in wanted} == wanted, day
        present = settings_of(desk)
        assert (present["pagination"]["maxTotalHits"], present["proximityPrecision"]) == (1001, "byWord")
        assert WORDS in present["searchableAttributes"]
        assert OLDER not in present["searchableAttributes"]


async def ask_rebuild(desk: Desk) -> None:
    await desk.database.write(lambda conn: states.ask_rebuild(conn, [node_name(desk.meili.url)], now=1))


def by_hand(meili: Meili) -> dict[str, Any]:
    """A real server refuses documents without vectors while an embedder of this kind is set."""
    return {name: value for name, value in BY_HAND.items() if name != "embedders" or not meili.is_real}
