"""What a search shows, block by block: hits with their rows, with their surroundings, or gathered from copies."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace

from archiver.cli.view.shown import Shown
from archiver.compose.engine import Finder
from archiver.model.row import ChannelName, build_row
from archiver.model.versions import list_versions
from archiver.store.database import Connection
from archiver.store.history import list_revisions
from archiver.store.rows import get_messages
from search.document import Key
from search.engine.protocol import Hit, Question

PAGE = 200
"""Hits that are in memory at once."""


@dataclass(frozen=True, slots=True)
class More:
    """Comes last, when there are more hits than were asked for; the cursor continues behind those that were shown."""

    cursor: str


class Answers:
    """The blocks of a question."""

    def __init__(self, conn: Connection, finder: Finder, names: Mapping[int, ChannelName]) -> None:
        self._conn = conn
        self._finder = finder
        self._names = names

    async def plain(self, question: Question, limit: int, around: int) -> AsyncGenerator[list[Shown] | More, None]:
        """What is shown together at a time. `limit`: so many hits at most, 0 for all; `around`: with neighbours."""
        left = limit or None
        engine = self._finder.engine
        surroundings, page = None, PAGE
        if around:
            from archiver.cli.view import around as near

            surroundings, page = near.Surroundings(self._conn, engine, self._names, around), near.PAGE
        while True:
            answer = await engine.search(replace(question, limit=page if left is None else min(left, page)))
            rows = await self._rows(answer.hits)
            if surroundings is not None:
                for block in await surroundings.blocks(
                    question, {hit.key: hit for hit in answer.hits if hit.key in rows}
                ):
                    yield await self._with_earlier(block)
            else:
                for shown in await self._with_earlier(list(rows.values())):
                    yield [shown]
            left = None if left is None else left - len(rows)
            if answer.cursor is None:
                return
            if left == 0:
                yield More(answer.cursor)
                return
            question = replace(question, cursor=answer.cursor)

    async def collapsed(self, question: Question, limit: int) -> AsyncGenerator[list[Shown] | More, None]:
        """The earliest of each group of copies at a time, with the others."""
        from archiver.reading.duplicates import behind, gather, write_cursor

        groups = await gather(self._conn, self._finder.engine, question)
        if question.cursor is not None:
            groups = behind(groups, question.cursor)
        wanted = groups[: limit or None]
        for at in range(0, len(wanted), PAGE):
            page = wanted[at : at + PAGE]
            rows = await self._rows([group.hits[0] for group in page])
            for group in page:
                copies = [self._address(hit) for hit in group.hits[1:]]
                yield await self._with_earlier([rows[group.hits[0].key]._replace(copies=copies)])
        if len(groups) > len(wanted):
            yield More(write_cursor(wanted[-1]))

    async def count_groups(self, question: Question) -> int:
        """How many groups of copies there are."""
        from archiver.reading.duplicates import gather

        return len(await gather(self._conn, self._finder.engine, question))

    async def _rows(self, hits: Sequence[Hit]) -> dict[Key, Shown]:
        held = await get_messages(self._conn, [hit.key for hit in hits])
        self._finder.dropped += len(hits) - len(held)
        return {
            hit.key: Shown.of(build_row(self._names[hit.channel_id], *held[hit.key]), hit)
            for hit in hits
            if hit.key in held
        }

    async def _with_earlier(self, block: list[Shown]) -> list[Shown]:
        """The earlier contents of those that were found by one."""
        wanted = [(one.row["channel_id"], one.row["message_id"]) for one in block if one.revision is not None]
        if not wanted:
            return block
        held = await get_messages(self._conn, wanted)
        kept = await list_revisions(self._conn, {key: (1, held[key][0].revisions) for key in wanted})
        earlier = {
            (key, version.revision): version for key in wanted for version in list_versions(*held[key], kept[key])
        }
        return [
            one._replace(earlier=earlier.get(((one.row["channel_id"], one.row["message_id"]), one.revision)))
            if one.revision is not None
            else one
            for one in block
        ]

    def _address(self, hit: Hit) -> str:
        return f"{self._names[hit.channel_id].name}/{hit.message_id}"
