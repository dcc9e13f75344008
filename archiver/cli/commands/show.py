"""`telekeep show`: one message and everything known about it."""

from __future__ import annotations

import base64
import hashlib
from typing import Annotated, Any

from archiver.cli import interrupted, output
from archiver.cli.commands.addressed import get_message
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import Argument, CommandContext, Option
from archiver.cli.view.channel_status import describe_parts
from archiver.compose.read_archive import open_archive
from archiver.errors import IntegrityError
from archiver.model.row import ChannelName, Row, build_row, iso, to_object
from archiver.store.database import read
from archiver.store.rich import PartCount, find_part
from archiver.store.rows import Payload, find_payload

EXIT_STATUS = {
    0: "shown",
    2: "wrong usage, or there is no such message",
    6: "with --raw: the payload is damaged",
}


def command(
    context: CommandContext,
    address: Annotated[str, Argument(metavar="CHANNEL/ID", help="alias/123, @name/123, ID/123 or a link.")],
    *,
    raw: Annotated[bool, Option("--raw", help="Include the verified payload from the server, in base64.")] = False,
    json: Annotated[bool, Option("--json", help="Print a JSON object.")] = False,
) -> int:
    """Show one message and everything known about it.

    \b
    Examples:
      telekeep show @channel/123
      telekeep show https://t.me/channel/123 --json
      telekeep show 1234567890/123 --raw

    The JSON has the keys documented in docs/rows.md; --raw adds raw: {layer, sha256, base64}. If only the beginning of
    a rich message is archived, stderr says so and partial: {noticed, attempts, refused} is added. `telekeep history
    CHANNEL/ID` shows earlier versions.
    """
    return interrupted.run(run(context.obj, address, raw=raw, json=json))


async def run(invocation: Invocation, address: str, *, raw: bool, json: bool) -> int:
    """Show the message. Returns the exit status."""
    async with open_archive(invocation.settings().archive.dir, remarks=output) as database:
        conn = database.connection
        channel, (message, media) = await get_message(database, address)
        row = build_row(channel, message, media)
        payload = await read(conn, find_payload, channel.channel_id, message.message_id) if raw else None
        part = await read(conn, find_part, channel.channel_id, message.message_id)
    shown: dict[str, Any] = to_object(row)
    if part is not None:
        shown["partial"] = {"noticed": iso(part.noticed_at), "attempts": part.attempts, "refused": part.refused}
        output.note(f"{channel.name}/{message.message_id}: {describe_parts(PartCount(1, int(bool(part.refused))))}")
    if payload is not None:
        shown["raw"] = _raw(payload)
    if json:
        output.json(shown)
    else:
        _print(channel, row, shown.get("raw"))
    return 0


def _raw(payload: Payload) -> dict[str, object]:
    if hashlib.sha256(payload.raw).digest() != payload.sha256:
        raise IntegrityError("the payload is damaged: its SHA-256 differs.")
    return {
        "layer": payload.layer,
        "sha256": payload.sha256.hex(),
        "base64": base64.b64encode(payload.raw).decode("ascii"),
    }


def _print(channel: ChannelName, row: Row, raw: dict[str, object] | None) -> None:
    from rich.text import Text

    terminal = output.is_terminal()
    fields: dict[str, object] = {"title": channel.title, **row}
    if raw is not None:
        fields |= {f"raw_{key}": value for key, value in raw.items()}
    text = str(fields.pop("text"))
    if not terminal:
        for key, value in [*fields.items(), ("text", text)]:
            output.tsv(key, value)
        return
    console = output.console()
    for key, value in fields.items():
        if value not in {None, "[]"}:
            console.print(Text(f"{key:>15}  ", style="dim"), output.text(str(value)), sep="", soft_wrap=True)
    if text:
        console.print()
        console.print(output.text(text, multiline=True), soft_wrap=True)
