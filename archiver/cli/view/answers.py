"""The results of a search, block by block: plain hits, hits with context, or groups of copies."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace

from archiver.cli.view.shown import Shown
from archiver.compose.engine import SelectedEngine
from archiver.ids import ChannelId, MessageId
from archiver.model.imported import IMPORTED
from archiver.model.row import ChannelName, build_row
from archiver.model.versions import Version, list_versions
from archiver.reading.imported_from import read_imports
from archiver.store.database import Connection, read
from archiver.store.imports.claimed import list_sole_claims
from archiver.store.messages.history import list_revisions
from archiver.store.messages.rows import get_messages
from search.document import Key
from search.engine.protocol import Hit, Question

PAGE = 200
"""Hits in memory at once."""


@dataclass(frozen=True, slots=True)
class More:
    """Last item, if there are more hits than requested; the cursor continues after those shown."""

    cursor: str


class Answers:
    """The blocks of results for a question."""

    def __init__(self, conn: Connection, selected: SelectedEngine, names: Mapping[ChannelId, ChannelName]) -> None:
        self._conn = conn
        self._selected = selected
        self._names = names
        self.found = 0
        """Results so far; hits that are shown as the context of another one count on the page that they belong to."""
        self.groups: int | None = None
        """The number of all groups of copies, once they are known."""

    async def plain(self, question: Question, limit: int, around: int) -> AsyncGenerator[list[Shown] | More, None]:
        """Blocks of messages. `limit`: maximum number of hits, 0 = no limit; `around`: context on each side."""
        left = limit or None
        engine = self._selected.engine
        context, page = None, PAGE
        if around:
            from archiver.cli.view import around as near

            context, page = near.ContextBuilder(self._conn, engine, self._names, around), near.PAGE
        while True:
            answer = await engine.search(replace(question, limit=page if left is None else min(left, page)))
            rows = await self._rows(answer.hits)
            self.found += len(rows)
            if context is not None:
                for block in await context.blocks(question, {hit.key: hit for hit in answer.hits if hit.key in rows}):
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
        """The earliest hit of each group of copies, with the addresses of the others."""
        from archiver.reading.duplicates import group_copies, list_after, write_cursor

        groups = await group_copies(self._conn, self._selected.engine, question)
        self.groups = len(groups)
        if question.cursor is not None:
            groups = list_after(groups, question.cursor)
        wanted = groups[: limit or None]
        self.found = len(wanted)
        for at in range(0, len(wanted), PAGE):
            page = wanted[at : at + PAGE]
            rows = await self._rows([group.hits[0] for group in page])
            for group in page:
                copies = [self._address(hit) for hit in group.hits[1:]]
                yield await self._with_earlier([rows[group.hits[0].key]._replace(copies=copies)])
        if len(groups) > len(wanted):
            yield More(write_cursor(wanted[-1]))

    async def count_groups(self, question: Question) -> int:
        """The number of groups of copies."""
        from archiver.reading.duplicates import group_copies

        return len(await group_copies(self._conn, self._selected.engine, question))

    async def _rows(self, hits: Sequence[Hit]) -> dict[Key, Shown]:
        held = await read(self._conn, get_messages, [hit.key for hit in hits])
        self._selected.dropped += len(hits) - len(held)
        return {
            hit.key: Shown.of(build_row(self._names[ChannelId(hit.channel_id)], *held[hit.key]), hit)
            for hit in hits
            if hit.key in held
        }

    async def _with_claims(self, block: list[Shown]) -> list[Shown]:
        """Add what only imports say of the messages, and of their deletions and earlier contents."""
        keys = [_key(one) for one in block if one.row["revisions"] or one.row["origin"] == "import"]
        claims = await read(self._conn, list_sole_claims, keys) if keys else {}
        return [one._replace(claims=claims.get(_key(one))) for one in block] if claims else block

    async def _with_earlier(self, block: list[Shown]) -> list[Shown]:
        """Add the earlier content to rows that were found by one."""
        block = await self._with_claims(block)
        wanted = [(one.row["channel_id"], one.row["message_id"]) for one in block if one.revision is not None]
        if not wanted:
            return block
        held = await read(self._conn, get_messages, wanted)
        kept = await read(self._conn, list_revisions, {key: (1, held[key][0].revisions) for key in wanted})
        earlier: dict[tuple[Key, int | None], Version] = {
            (key, version.revision): version
            for key in wanted
            for version in list_versions(*held[key], kept[key])
            if version.revision is not None
        }
        return [await self._with_origin(one, earlier.get((_key(one), one.revision))) for one in block]

    async def _with_origin(self, shown: Shown, earlier: Version | None) -> Shown:
        """Add the earlier content, and the imports of the message if it is from one."""
        if earlier is None or earlier.layer != IMPORTED:
            return shown._replace(earlier=earlier)
        channel_id, message_id = _key(shown)
        imports = await read_imports(self._conn, ChannelId(channel_id), MessageId(message_id))
        return shown._replace(earlier=earlier, imports=imports)

    def _address(self, hit: Hit) -> str:
        return f"{self._names[ChannelId(hit.channel_id)].name}/{hit.message_id}"


def _key(one: Shown) -> Key:
    return one.row["channel_id"], one.row["message_id"]
