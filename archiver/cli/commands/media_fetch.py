"""`telekeep media fetch`: fetch files now, by policy or of a selection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, TypeAlias

from archiver.cli import interrupted, output
from archiver.cli.arguments import DateZoneOption, PlacesArgument
from archiver.cli.commands.media_wanted import Wanted
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.progress import ProgressOption, set_style
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, JsonObjects, Shape, choose_shape

if TYPE_CHECKING:
    from archiver.compose.accounts import Accounts
    from archiver.media.fetch_counts import FetchCounts
    from archiver.media.file_walk import FileSelection
    from archiver.store.channels.channel import Mirrored
    from config.settings import Settings

EXIT_STATUS = {
    0: "all wanted files are stored, or the running service was asked to fetch them",
    1: "nothing to fetch",
    2: "wrong usage, the server is unreachable, or nothing could be fetched",
    3: "some files could not be fetched; those that can be are retried later",
    4: "login required: no account works",
    5: "flood wait: run again after the delay shown",
    130: "interrupted; what arrived is kept, and the next run continues from there",
}


_MaxSizeOption: TypeAlias = Annotated[
    str | None, Option("--max-size", metavar="SIZE", help="Fetch files up to this size, such as 500MB.")
]
_ByPolicyOption: TypeAlias = Annotated[
    bool, Option("--by-policy", help="Fetch only what the policies want, within the selection.")
]
_AgainOption: TypeAlias = Annotated[
    bool, Option("--again", help="Also fetch offloaded files: removed by `media prune`, or moved away.")
]


def command(
    context: CommandContext,
    places: PlacesArgument = None,
    *,
    query: Annotated[
        str | None,
        Option("--query", metavar="QUERY", help="Only files of matching messages; see `telekeep help query`."),
    ] = None,
    since: Annotated[
        str | None, Option(metavar="DATE", help="Only files of messages from this time or day on.")
    ] = None,
    until: Annotated[
        str | None,
        Option(metavar="DATE", help="Only files of messages up to the end of this day, or before this time."),
    ] = None,
    on: Annotated[str | None, Option(metavar="DAY", help="Only files of this day, month, year, or range A..B.")] = None,
    tz: DateZoneOption = None,
    max_size: _MaxSizeOption = None,
    by_policy: _ByPolicyOption = False,
    again: _AgainOption = False,
    json: JsonArrayOption = False,
    jsonl: JsonLinesOption = False,
    progress: ProgressOption = "auto",
) -> int:
    """Fetch files now: those the policies want, or those of channels, messages, a query or dates.

    \b
    Examples:
      telekeep media fetch
      telekeep media fetch @channel --since 30d
      telekeep media fetch @channel --query 'has:video (bridge OR الجسر)' --max-size 500MB
      telekeep media fetch @channel/4711
      telekeep media fetch @channel --query 'has:photo' --again

    Without arguments, this fetches what the policies want. What you select is fetched even if the policies do not want
    its kind: up to --max-size, or else up to the channel's own limits and max_size; a quota of the channel holds in
    any case. `media plan` shows how much that is, and `media prune` keeps what you selected. For single messages,
    offloaded, refused, gone and lost files are tried again too; for others, offloaded ones with --again.
    Self-destructing files are never fetched; files of channels that forbid saving are fetched only with the setting
    `protected`. An interrupted download continues where it stopped. While `telekeep run` is mirroring, this command
    asks the service to fetch the files and does not wait.

    --json and --jsonl print the result for each account.
    """
    from archiver.compose.read_archive import When
    from archiver.model.media_policy_text import read_size

    set_style(progress)
    wanted = Wanted(
        places or [],
        query,
        When(since, until, on, context.obj.zone(tz)),
        None if max_size is None else read_size(max_size, "--max-size"),
        by_policy,
        again,
    )
    return interrupted.run(run(context.obj, wanted, shape=choose_shape(json=json, jsonl=jsonl)))


async def run(invocation: Invocation, wanted: Wanted, *, shape: Shape) -> int:
    """Fetch. Returns the exit status."""
    from archiver.cli.commands.media_selection import note_asked, select
    from archiver.compose.accounts import open_accounts
    from archiver.errors import Busy
    from archiver.store.database import expect_archive

    settings = invocation.checked_settings()
    expect_archive(settings.archive.dir)
    with JsonObjects(shape) as objects:
        try:
            async with open_accounts(settings, command="media", names=(), remarks=output) as accounts:
                channels, selection = await select(accounts.database, wanted)
                await note_asked(accounts.database, wanted, channels, selection)
                await _note_missing(accounts, settings, wanted, selection)
                is_empty = selection.messages is not None and not selection.messages
                names = [] if is_empty else list(dict.fromkeys(channel.account for channel in channels))
                ends = [
                    await _fetch(invocation, accounts, name, channels, selection, objects=objects) for name in names
                ]
                status = _exit_status(ends)
                if status == 1:
                    output.note(await _describe_nothing(accounts, settings, wanted, channels, selection))
        except Busy as exc:
            if exc.holder != "run":
                raise
            return await _ask_service(settings, wanted, objects)
    return status


async def _note_missing(accounts: Accounts, settings: Settings, wanted: Wanted, selection: FileSelection) -> None:
    """Messages given by name: look whether the copies of their files are there."""
    from archiver.cli.view import figures
    from archiver.media.blob_store import BlobStore
    from archiver.media.missing_copies import note_missing

    if not (selection.even_early and selection.messages) or wanted.by_policy:
        return
    store, found = BlobStore(settings.archive.dir), 0
    for channel_id, messages in selection.messages.items():
        found += await note_missing(accounts.database, store, channel_id, messages, now=int(time.time()))
    if found:
        copies = figures.count(found, "stored copy", "stored copies")
        output.note(f"{copies} {'is' if found == 1 else 'are'} missing or damaged, and will be fetched again.")


async def _describe_nothing(
    accounts: Accounts, settings: Settings, wanted: Wanted, channels: list[Mirrored], selection: FileSelection
) -> str:
    """Why nothing was fetched."""
    from archiver.cli.view.media_nothing import describe_nothing
    from archiver.compose.media import settings_policy
    from archiver.media.plan import Planner

    if selection.messages is not None and not selection.messages:
        return "no message matches."
    planner = Planner(settings_policy(settings.media), messages=selection.messages)
    planner.adapt = selection.adapt or planner.adapt
    ids = [channel.channel_id for channel in channels]
    return await describe_nothing(accounts.database, planner, ids, max_size=wanted.max_size)


async def _ask_service(settings: Settings, wanted: Wanted, objects: JsonObjects) -> int:
    """Have the running service fetch what was chosen. Returns the exit status."""
    from archiver.cli.commands.media_selection import note_asked, select
    from archiver.cli.view import figures
    from archiver.cli.view.media_progress import fetch_object
    from archiver.compose.write_archive import open_shared
    from archiver.errors import UsageError
    from archiver.media.retry import OFFLOADED, revive
    from archiver.store.media.media_asked import ask_files

    if not wanted.is_named and wanted.again:
        raise UsageError(
            "--again needs channels while the service is running.",
            hint="Name them: telekeep media fetch CHANNEL --again",
        )
    if not wanted.is_named:
        output.note("the service is running and fetches what the policies want (see `telekeep media status`).")
        return 0
    async with open_shared(settings.archive.dir, command="media", remarks=output) as database:
        channels, selection = await select(database, wanted)
        for asked in await note_asked(database, wanted, channels, selection):
            if selection.even_early and asked.messages:
                await revive(database, asked.channel_id, asked.messages, now=asked.asked_at)
            elif wanted.again:
                await revive(database, asked.channel_id, asked.messages, now=asked.asked_at, states=OFFLOADED)
            await database.write(ask_files, asked)
        for name in dict.fromkeys(channel.account for channel in channels):
            objects.add(fetch_object(name, None, None) | {"requested": True})
    if selection.messages is None:
        what = f"all files of {figures.count(len(channels), 'channel')}"
    else:
        what = f"the files of {figures.count(sum(map(len, selection.messages.values())), 'message')}"
    output.note(f"asked the running service for {what}; `telekeep media status` shows what arrived.")
    return 0


async def _fetch(
    invocation: Invocation,
    accounts: Accounts,
    name: str,
    channels: list[Mirrored],
    selection: FileSelection,
    *,
    objects: JsonObjects,
) -> FetchCounts | int:
    """Fetch with one account. Returns the counts, or the exit status of what stopped it."""
    from archiver.cli.commands.fetch_files import fetch_files
    from archiver.cli.view.media_progress import fetch_object
    from archiver.compose.accounts import mark_active, mark_stopped, name_account
    from archiver.errors import Error

    settings = invocation.checked_settings()
    try:
        account = await accounts.take(name)
        counts = await fetch_files(settings, accounts, account, selection)
        await mark_active(accounts.database, name)
    except Error as exc:
        await mark_stopped(accounts, name, exc)
        failure = name_account(exc, settings, name)
        objects.add(fetch_object(name, None, failure))
        if len({channel.account for channel in channels}) == 1:
            raise failure from exc.__cause__
        output.error(str(failure))
        return failure.exit_status
    finally:
        await accounts.release(name)
    objects.add(fetch_object(name, counts, None))
    return counts


def _exit_status(ends: list[FetchCounts | int]) -> int:
    failed = [end for end in ends if isinstance(end, int)]
    done = [end for end in ends if not isinstance(end, int)]
    if failed and not any(counts.files for counts in done):
        return max(failed)
    if failed or not all(counts.is_complete for counts in done):
        return 3
    return 0 if any(counts.is_anything for counts in done) else 1
