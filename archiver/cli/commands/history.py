"""`telekeep history`: the history of one message."""

from __future__ import annotations

from typing import Annotated

from archiver.cli import interrupted, output
from archiver.cli.arguments import MessageArgument
from archiver.cli.commands.addressed import get_message
from archiver.cli.invocation import Invocation
from archiver.cli.local_time import ZoneOption, local_time
from archiver.cli.pager import page
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.moments import Moments
from archiver.compose.read_archive import open_archive
from archiver.errors import UsageError
from archiver.model.versions import Counters, list_versions
from archiver.reading.imported_from import read_imports
from archiver.reading.message_history import MessageHistory
from archiver.store.database import read
from archiver.store.messages.history import list_absences, list_counters, list_revisions
from archiver.store.messages.rows import find_payload, snapshot

EXIT_STATUS = {
    0: "shown",
    1: "there was no such message when the channel was read",
    2: "wrong usage, or the message is not archived",
}


def command(
    context: CommandContext,
    address: MessageArgument,
    *,
    diff: Annotated[bool, Option("--diff", help="Mark the words that changed: [-old-]{+new+}.")] = False,
    counters: Annotated[bool, Option("--counters", help="Include views, forwards, replies, reactions.")] = False,
    tz: ZoneOption = None,
    json: Annotated[bool, Option("--json", help="Print a JSON object.")] = False,
    jsonl: Annotated[bool, Option("--jsonl", help="Print one JSON object per event and line.")] = False,
) -> int:
    """Show every version of a message that was seen, its deletions, and what changed.

    \b
    Examples:
      telekeep history @channel/123
      telekeep history @channel/123 --diff --tz Asia/Baghdad
      telekeep history https://t.me/channel/123 --counters --json

    An edit that was replaced before the message was read again leaves no trace. A message was deleted, or stopped being
    visible, between "last seen" and "noticed"; "how" is update (reported by the server), history or audit (read again).
    The JSON is documented in docs/changes.md. In a pipe: time, event, last seen, number, edit_date, what changed or
    how, SHA-256 of the payload, text, other differences, import, separated by tabs.
    """
    if json and jsonl:
        raise UsageError("--json and --jsonl cannot be combined.", hint="Choose one.")
    shape = "json" if json else "jsonl" if jsonl else "people"
    moments = local_time(context.obj, tz)
    return interrupted.run(run(context.obj, address, moments, diff=diff, counters=counters, shape=shape))


async def run(invocation: Invocation, address: str, moments: Moments, *, diff: bool, counters: bool, shape: str) -> int:
    """Show the history. Returns the exit status."""
    async with open_archive(invocation.checked_settings().archive.dir, remarks=output) as database:
        conn = database.connection
        async with snapshot(conn):
            channel, (message, media) = await get_message(database, address, moments)
            key = (channel.channel_id, message.message_id)
            revisions = await read(conn, list_revisions, {key: (1, message.revisions)})
            counted = await read(conn, list_counters, *key) if counters else None
            absences = await read(conn, list_absences, *key)
            imports = await read_imports(conn, *key)
            payload = await read(conn, find_payload, *key) if imports.found else None
    now = (message.first_seen, message.views, message.forwards, message.replies, message.reactions)
    if counted == [] and any(value is not None for value in now[1:]):
        counted = [Counters._make(now)]  # they never changed
    history = MessageHistory(
        channel=channel,
        message=message,
        versions=list_versions(message, media, revisions[key]),
        absences=absences,
        counters=counted,
        imports=imports,
        assumed_zone=None if payload is None else imports.assumed_zone(payload.layer, payload.sha256, payload.raw),
    )
    if shape == "json":
        output.json(history.to_object(diff=diff))
    elif shape == "jsonl":
        for event in history.events(diff=diff):
            output.jsonl(event)
    else:
        from archiver.cli.view.versions import print_history

        with page():
            print_history(history, moments, diff=diff)
    return 0
