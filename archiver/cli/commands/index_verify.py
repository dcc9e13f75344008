"""`telekeep index verify`: compare the index with the archive, id by id."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, Shape, choose_shape, print_objects
from archiver.ids import ChannelId

if TYPE_CHECKING:
    from archiver.index.consistency import Discrepancy
    from archiver.store.database import Database
    from config.settings import Settings
    from search.meili.node import Node

EXIT_STATUS = {
    0: "the index matches the archive, or was repaired",
    1: "--check: differences found",
    2: "wrong usage, no Meilisearch configured, or it is unreachable",
    3: "some servers are unreachable; the others match the archive",
}
_HEADERS = ("channel", "held", "indexed", "waiting", "rejected", "lacking", "surplus")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    channel_id: ChannelId
    name: str
    node: Node
    held: int
    indexed: int
    waiting: int
    rejected: int
    discrepancy: Discrepancy

    def cells(self) -> tuple[object, ...]:
        lacking, surplus = len(self.discrepancy.lacking), len(self.discrepancy.surplus)
        return (self.name, self.held, self.indexed, self.waiting, self.rejected, lacking, surplus)

    def as_object(self) -> dict[str, object]:
        cells = dict(zip(_HEADERS, self.cells(), strict=True))
        return {"channel_id": self.channel_id, "node": self.node.name, **cells, "set_aside": self.rejected}


def command(
    context: CommandContext,
    *,
    check: Annotated[bool, Option("--check", help="Only report differences; repair nothing.")] = False,
    json: JsonArrayOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """Compare the index with the archive, id by id, and repair what differs.

    \b
    Examples:
      telekeep index verify
      telekeep index verify --check

    lacking: archived and acknowledged, but not in the index; sent again. surplus: in the index but not archived;
    deleted from the index. Messages waiting to be sent are not a difference. Messages that the server
    rejected are sent again. Documents of channels that are not in this archive are left alone.
    """
    return interrupted.run(run(context.obj.settings(), check=check, shape=choose_shape(json=json, jsonl=jsonl)))


async def run(settings: Settings, *, check: bool, shape: Shape) -> int:
    """Compare and repair. Returns the exit status."""
    from archiver.compose.index import open_nodes, settle
    from archiver.compose.privacy import check_permissions
    from archiver.compose.write_archive import open_shared
    from archiver.store.database import Database, expect_archive
    from archiver.store.index.index_home import is_moving

    check_permissions(settings.archive.dir, close=False, remarks=output)
    expect_archive(settings.archive.dir)
    await settle(settings, remarks=output)
    async with open_nodes(settings.meilisearch) as nodes:
        async with await Database.open_readonly(settings.archive.dir) as reader:
            rows, away = await _compare_all(reader, nodes)
        if shape != "people":
            print_objects([row.as_object() for row in rows], shape)
        else:
            headers = _HEADERS if len(nodes) == 1 else ("node", *_HEADERS)
            cells = (row.cells() if len(nodes) == 1 else (row.node.name, *row.cells()) for row in rows)
            output.table(headers, cells, right=_HEADERS[1:])
        reached = [node for node in nodes if node not in away]
        differ = [row for row in rows if row.discrepancy.lacking or row.discrepancy.surplus]
        if check:
            return 1 if differ else 3 if away else 0
        async with open_shared(settings.archive.dir, command="index", remarks=output) as database:
            await _repair(database, reached, differ)
            moving = await database.read(lambda conn: any(is_moving(conn, node.name) for node in reached))
    if differ:
        lacking, surplus = (sum(len(part) for part in parts) for parts in _differences(differ))
        output.note(f"{lacking:,} lacking messages are sent again, {surplus:,} surplus ones were deleted.")
    if differ or moving or any(row.rejected for row in rows):
        await _send(settings)
    return 3 if away else 0


def _differences(rows: Sequence[_Row]) -> tuple[list[list[int]], list[list[int]]]:
    return [row.discrepancy.lacking for row in rows], [row.discrepancy.surplus for row in rows]


async def _compare_all(reader: Database, nodes: Sequence[Node]) -> tuple[list[_Row], list[Node]]:
    """The rows of the reachable servers, and the unreachable ones. Raises ServerError if none is reachable."""
    from search.errors import ServerError

    rows, away = [], []
    for node in nodes:
        try:
            rows += await _compare(reader, node)
        except ServerError as error:
            away.append(node)
            if len(away) == len(nodes):
                raise
            output.warn(f"{str(error).rstrip('.')}; its documents were not compared.")
    return rows, away


async def _compare(reader: Database, node: Node) -> list[_Row]:
    from archiver.index.consistency import compare_ids, read_expected
    from archiver.store.messages.rows import list_names

    names = {one.channel_id: one.name for one in await reader.read(list_names)}
    return [
        _Row(
            channel_id=channel_id,
            name=names.get(channel_id, str(channel_id)),
            node=node,
            held=expected.held,
            indexed=await node.count(channel_id),
            waiting=expected.waiting,
            rejected=expected.rejected,
            discrepancy=await compare_ids(reader, node, channel_id, node.index),
        )
        for channel_id, expected in (await read_expected(reader, node.name)).items()
    ]


async def _repair(database: Database, nodes: Sequence[Node], rows: list[_Row]) -> None:
    from archiver.store.database import Writer
    from archiver.store.index.index_rejected import clear_all_rejected
    from archiver.store.index.outbox import enqueue
    from search.meili.document import document_id
    from search.meili.node import MOST_IDS

    def act(conn: Writer) -> None:
        now = int(time.time())
        for row in rows:
            if row.discrepancy.lacking:
                enqueue(conn, row.channel_id, row.discrepancy.lacking, now=now)
        for node in nodes:
            for channel_id, message_id in clear_all_rejected(conn, node.name):
                enqueue(conn, channel_id, [message_id], now=now)

    await database.write(act)
    for row in rows:
        surplus = [document_id(row.channel_id, one) for one in row.discrepancy.surplus]
        for at in range(0, len(surplus), MOST_IDS):
            await row.node.delete(surplus[at : at + MOST_IDS])


async def _send(settings: Settings) -> None:
    """Bring the index up to date, unless another process is doing so."""
    from archiver.cli.commands.drain_index import drain
    from archiver.compose.write_archive import open_archive
    from archiver.errors import Busy

    try:
        async with open_archive(settings.archive.dir, command="index", remarks=output) as database:
            await drain(settings, database)
    except Busy as busy:
        output.note(f"`telekeep {busy.holder or 'run'}` is running and sends them.")
