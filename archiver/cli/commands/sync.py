"""`telekeep sync`: bring the mirrored channels up to date, then exit."""

from __future__ import annotations

import gc
import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.arguments import ChannelsArgument
from archiver.cli.commands.syncing import (
    End,
    SyncReporter,
    report_all_unread,
    report_partial,
    report_rename,
    report_unread,
    wants_takeout,
)
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.progress import ProgressOption, set_style
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, JsonObjects, Shape, choose_shape
from archiver.ids import ChannelId

if TYPE_CHECKING:
    from archiver.cli.commands.fetch_files import FileSync
    from archiver.cli.view.sync_progress import ChannelResult
    from archiver.compose.accounts import Accounts, OpenAccount
    from archiver.errors import Error
    from archiver.mirror.write_changes import StoredCounts
    from archiver.store.channels.channel import Mirrored
    from config.settings import Settings

EXIT_STATUS = {
    0: "everything the channels show is archived",
    2: "wrong usage, the server is unreachable, or every channel failed",
    3: "some channels or files failed, messages are partial, or the server counts messages it does not show",
    4: "login required: no account works",
    5: "flood wait: run again after the delay shown",
    130: "interrupted; everything fetched is kept, the next run continues from there",
}


def command(
    context: CommandContext,
    *,
    channels: ChannelsArgument = None,
    takeout: Annotated[
        bool | None,
        Option("--takeout/--no-takeout", help="Fetch histories in a takeout session. [default: telegram.takeout]"),
    ] = None,
    media: Annotated[bool, Option("--media", help="Also fetch the files that the media policy wants.")] = False,
    json: JsonArrayOption = False,
    jsonl: JsonLinesOption = False,
    progress: ProgressOption = "auto",
) -> int:
    """Fetch everything not yet archived, then exit.

    \b
    Examples:
      telekeep sync
      telekeep sync @channel
      telekeep sync --takeout @channel
      telekeep sync --media
      telekeep sync --jsonl | jq 'select(.result != "complete")'

    Newest messages are fetched first. You can interrupt it at any time; the next run continues from there. Each channel
    is read by its account; if one account fails, the others continue. Rich messages that the server showed only in part
    are completed after all histories. If Meilisearch is configured, the index is updated last; if that fails, a note
    says so, the exit status is unaffected, and the next run catches up.

    With --takeout, long histories are fetched several times faster, because the server allows more to data exports. The
    first time, the server requires you to confirm it on another device, or to wait some hours; until then, and
    if takeout is not available, histories are fetched as usual.

    With --media, the files that the media policy wants ([media] in the settings, or the channel's own) are fetched
    after all histories; an interrupted file is continued where it stopped.

    --json and --jsonl print the result of each channel, including those that failed (docs/json.md).
    """
    set_style(progress)
    shape = choose_shape(json=json, jsonl=jsonl)
    return interrupted.run(
        run(context.obj.checked_settings(), typed=channels or [], takeout=takeout, media=media, shape=shape)
    )


async def run(
    settings: Settings,
    *,
    typed: list[str],
    takeout: bool | None = None,
    media: bool = False,
    shape: Shape = "people",
) -> int:
    """Sync the channels, one account after the other. Returns the exit status."""
    gc.disable()  # `open_accounts` enables it; meanwhile it would only scan Telethon's new objects
    from archiver.compose.accounts import open_accounts
    from archiver.errors import Error

    with JsonObjects(shape) as objects:
        try:
            async with open_accounts(settings, command="sync", names=(), remarks=output) as accounts:
                files = None
                if media:
                    from archiver.cli.commands.fetch_files import FileSync

                    files = FileSync(settings, accounts)
                return await _sync_all(settings, accounts, typed, objects, takeout=takeout, files=files)
        except Error as exc:
            if shape != "people" and not objects.count:
                await report_all_unread(settings, typed, objects, exc)
            raise


async def _sync_all(
    settings: Settings,
    accounts: Accounts,
    typed: list[str],
    objects: JsonObjects,
    *,
    takeout: bool | None,
    files: FileSync | None,
) -> int:
    from archiver.cli.commands.drain_index import drain
    from archiver.cli.commands.pick import pick_channels
    from archiver.cli.view.sync_end import describe_done, describe_kept, sum_up
    from archiver.cli.view.sync_progress import SyncProgress
    from archiver.compose.accounts import name_account
    from archiver.errors import LoginNeeded, UsageError
    from archiver.service.merge_segments import merge_after_sync

    began = time.monotonic()
    chosen = await pick_channels(accounts.database.connection, typed)
    if not chosen:
        raise UsageError("no channels yet.", hint="Add one: `telekeep add @name`.")
    complete, differing, statuses = 0, 0, []
    names = list(dict.fromkeys(channel.account for channel in chosen))
    reporter = SyncReporter(objects, SyncProgress(accounts.database, chosen), [], files)
    interrupted.count_kept(lambda: describe_kept(reporter.results))
    for name in names:
        own = [channel for channel in chosen if channel.account == name]
        wanted = wants_takeout(settings, name, takeout)
        with reporter.progress:
            ends, failure = await _sync_account(accounts, name, own, reporter, takeout=wanted, by_hand=takeout is True)
        done = ends["complete"]
        complete, differing = complete + done, differing + ends["differs"] + ends["partial"]
        if failure is None:
            continue
        if len(names) == 1:
            await drain(settings, accounts.database)
            raise name_account(failure, settings, name)
        advice = " `telekeep move` assigns its channels to another account." * isinstance(failure, LoginNeeded)
        output.error(f"{name_account(failure, settings, name)}{advice} {describe_done(done, len(own))}")
        statuses.append(failure.exit_status)
    await drain(settings, accounts.database)
    await merge_after_sync(accounts.database, seconds=time.monotonic() - began)
    sum_up(reporter.results, complete, chosen, time.monotonic() - began)
    if complete == len(chosen):
        return 0 if files is None or files.is_complete else 3
    return 3 if complete or differing else max(statuses, default=2)


async def _sync_account(
    accounts: Accounts, name: str, channels: list[Mirrored], reporter: SyncReporter, *, takeout: bool, by_hand: bool
) -> tuple[Counter[End], Error | None]:
    """Sync an account's channels. Returns their results, and the error that stopped the account, if any."""
    from archiver.cli.commands.completing import complete_parts, list_waiting
    from archiver.cli.view.sync_progress import ChannelResult
    from archiver.compose.accounts import mark_active, mark_stopped
    from archiver.errors import Error
    from archiver.mirror.takeout_need import needs_backfill
    from archiver.model.clock_offset import describe_offset

    ended: dict[ChannelId, End] = {}
    partial: list[ChannelResult] = []
    failure: Error | None = None
    try:
        account = await accounts.take(name)
        await account.connection.ready()
        if warning := describe_offset(account.connection.clock_ahead):
            output.warn(warning)
        account.takeout.wants_files = reporter.files is not None
        if takeout and await needs_backfill(accounts.database, channels):
            if await account.takeout.open(by_hand=by_hand):
                output.note("takeout granted: histories are read within it, several times faster.")
        else:
            await account.takeout.settle()
        for channel in channels:
            result = ChannelResult(channel)
            reporter.results.append(result)
            ended[channel.channel_id] = await _sync(account, result, reporter)
            partial += [result] * (result.partial > 0)
        synced = [channel for channel in channels if ended[channel.channel_id] != "failed"]
        if reporter.files is not None:
            reporter.progress.end()
            await reporter.files.fetch(account, [channel.channel_id for channel in synced])
        await account.takeout.finish(success=len(synced) == len(channels))
        await complete_parts(account, synced)
        await mark_active(accounts.database, name)
    except Error as exc:
        await mark_stopped(accounts, name, exc)
        failure = exc
    finally:
        await accounts.release(name)
    waiting = await list_waiting(accounts.database, ended)
    for channel_id in waiting:
        ended[channel_id] = "partial" if ended[channel_id] == "complete" else ended[channel_id]
    await report_partial(accounts.database, reporter.objects, partial, ended)
    if failure is not None:
        report_unread(reporter.objects, [one for one in channels if one.channel_id not in ended], failure)
    return Counter(ended.values()), failure


async def _sync(account: OpenAccount, result: ChannelResult, reporter: SyncReporter) -> End:
    """Sync one channel. Raises errors that stop the whole account (login, flood, network)."""
    from archiver.errors import ChannelError, ServerFault, UnreadableObject
    from archiver.mirror.ingest import Removed
    from archiver.service.backoff import channel_state_after, retry_delay
    from archiver.store.messages.rich import count_parts

    channel = result.channel

    def advance(stored: StoredCounts, _: int) -> None:
        result.add(stored)
        reporter.progress.add(stored)

    try:
        async with reporter.progress.over(channel, wait=lambda: account.connection.flood_wait):
            found = await account.mirror.sync_channel(channel.channel_id, progress=advance)
    except Removed:
        output.note(f"{channel.label}: removed in the meantime; its archive is kept.")
        reporter.objects.add(result.as_object("removed"))
        return "complete"
    except (ChannelError, ServerFault, UnreadableObject) as exc:
        await account.ingest.back_off(
            channel.channel_id,
            seconds=retry_delay(exc, channel.failures),
            error=str(exc),
            state=channel_state_after(exc),
        )
        output.error(f"{channel.label}: {exc} Its archive is kept.")
        reporter.objects.add(result.as_object("failed", error=str(exc), exit_status=exc.exit_status))
        return "failed"
    result.partial = (await account.database.read(count_parts, channel.channel_id)).partial
    result.found = found
    result.print(found)
    await report_rename(account.database, channel)
    if not result.partial:  # the others are reported when their parts have been requested
        reporter.objects.add(result.as_object("differs" if found.surplus else "complete"))
    return "differs" if found.surplus else "complete"
