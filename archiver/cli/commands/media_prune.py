"""`telekeep media prune`: remove stored files that no policy wants any more."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated, NamedTuple

from archiver.cli import interrupted, output
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.progress import Progress, ProgressOption, set_style
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, Shape, choose_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archiver.ids import ChannelId
    from archiver.media.blob_store import BlobStore
    from archiver.media.prune import PrunePlan
    from archiver.store.database import Database
    from config.settings import Settings

EXIT_STATUS = {
    0: "removed, or there was nothing to remove",
    1: "not confirmed; nothing was removed",
    2: "wrong usage, or another process is mirroring; nothing was removed",
    3: "a link is in the place of a file, which stays; the others were removed",
    130: "interrupted; what was removed is recorded",
}


_MOST_CHANNELS, _MOST_POSTS = 10, 5
"""Listed by name on a terminal."""


class Even(NamedTuple):
    """What is removed besides."""

    asked: bool
    deleted: bool


def command(
    context: CommandContext,
    *,
    dry_run: Annotated[bool, Option("--dry-run", help="Only show what would be removed.")] = False,
    yes: Annotated[bool, Option("--yes", "-y", help="Remove without asking.")] = False,
    asked: Annotated[
        bool, Option("--asked", help="Also remove files that you selected for `media fetch`, or imported.")
    ] = False,
    deleted: Annotated[
        bool, Option("--deleted", help="Also remove files that cannot be fetched again: their posts are deleted.")
    ] = False,
    json: JsonObjectOption = False,
    jsonl: JsonLinesOption = False,
    progress: ProgressOption = "auto",
) -> int:
    """Remove stored files that no policy wants any more, after listing them; messages and metadata stay.

    \b
    Examples:
      telekeep media prune --dry-run
      telekeep media prune --dry-run --jsonl | jq -s 'group_by(.reason) | map({reason: .[0].reason, files: length})'
      telekeep media prune --yes

    A file is kept if any channel that shows it wants it, or if it belongs to an earlier version of an edited message;
    without --asked, if you selected it for `telekeep media fetch` or imported it; without --deleted, if it cannot be
    fetched again, because all posts that show it are deleted or their channels cannot be read. A removed file keeps its
    SHA-256 and counts as offloaded: it is fetched again only if you ask for it with `telekeep media fetch CHANNEL/ID`,
    or `telekeep media fetch CHANNEL --again` for all of a channel. Files that telekeep left in media/ and the archive
    does not list are removed too; files made by others are not touched. `telekeep run` and `telekeep sync` must not be
    running.

    In a pipe: SHA-256, bytes, why it is not wanted, and a message that shows it, separated by tabs.
    """
    set_style(progress)
    shape = choose_shape(json=json, jsonl=jsonl)
    even = Even(asked, deleted)
    return interrupted.run(run(context.obj.settings(), even, dry_run=dry_run, yes=yes, shape=shape))


async def run(settings: Settings, even: Even, *, dry_run: bool, yes: bool, shape: Shape) -> int:
    """Show what would be removed, and remove it. Returns the exit status."""
    from archiver.cli.commands.blocked_paths import name_blocked
    from archiver.cli.commands.confirm import confirm
    from archiver.cli.view.next_step import suggest
    from archiver.compose.write_archive import open_archive
    from archiver.media.blob_store import BlobStore
    from archiver.media.prune import carry_out
    from archiver.store.database import expect_archive

    expect_archive(settings.archive.dir)
    interrupted.count_kept(lambda: "nothing was removed.")
    async with open_archive(settings.archive.dir, command="media", remarks=output) as database:
        store = BlobStore(settings.archive.dir)
        plan = await _plan(settings, database, store, even)
        await _print(database, plan, shape, done=not dry_run)
        named = set(plan.blocked)
        name_blocked(named)
        if dry_run and (plan.items or plan.orphans):
            output.note(f"{_describe(plan)} would be removed; nothing was.")
            suggest("telekeep media prune", "to remove them, after asking")
        if dry_run or not (plan.items or plan.orphans):
            return 3 if named else 0
        if not confirm(f"Remove {_describe(plan)}?", yes=yes):
            output.note("nothing was removed.")
            return 1
        interrupted.count_kept(lambda: "")
        await carry_out(database, store, plan, now=int(time.time()))
    name_blocked(plan.blocked - named)
    output.note(f"removed {_describe(plan)}.")
    return 3 if plan.blocked else 0


async def _plan(settings: Settings, database: Database, store: BlobStore, even: Even) -> PrunePlan:
    from archiver.compose.media import settings_policy
    from archiver.media.policy import merge_policy
    from archiver.media.prune import Pruner
    from archiver.store.channels.channel import list_channels
    from archiver.store.media.media_policy import list_overrides

    policy, overrides = settings_policy(settings.media), await database.read(list_overrides)
    channels = await database.read(list_channels, removed=True)
    policies = {one.channel_id: merge_policy(policy, overrides.get(one.channel_id)) for one in channels}
    with Progress("prune", unit="files") as progress:
        pruner = Pruner(policies, progress.add, even_chosen=even.asked, even_lost=even.deleted)
        lost = (one for one in channels if one.imported_only or one.state in ("banned", "inaccessible"))
        pruner.unreachable = {one.channel_id for one in lost}
        return await pruner.plan(database.connection, store)


async def _print(database: Database, plan: PrunePlan, shape: Shape, *, done: bool) -> None:
    """Print what is to be removed, before it is."""
    from archiver.store.messages.rows import list_names

    names = {name.channel_id: name.name for name in await database.read(list_names)}
    objects = [
        {
            "sha256": item.sha256,
            "bytes": item.size,
            "reason": item.reason,
            "channel_id": item.channel_id,
            "channel": names[item.channel_id],
            "message_id": item.message_id,
        }
        for item in plan.items
    ]
    if shape == "jsonl":
        for one in objects:
            output.jsonl(one)
    elif shape == "json":
        output.json({"dry_run": not done, "files": objects, "orphans": plan.orphans, "bytes": plan.size})
    elif not output.is_terminal():
        for one in objects:
            output.tsv(one["sha256"], one["bytes"], one["reason"], f"{one['channel']}/{one['message_id']}")
    elif plan.items:
        _print_table(plan, names)
    _count(plan)
    if not plan.items and not plan.orphans and not plan.blocked:
        output.note(f"nothing to remove: {_describe_kept(plan)}.")


def _count(plan: PrunePlan) -> None:
    """Say how many are removed and kept, and why."""
    from archiver.cli.view import figures

    for reason, count in Counter(item.reason for item in plan.items).most_common():
        size = sum(item.size for item in plan.items if item.reason == reason)
        output.note(f"{reason}: {figures.count(count, 'file')}, {figures.size(size)}.")
    if lost := sum(not item.again for item in plan.items):
        output.note(f"to be removed, although they cannot be fetched again: {figures.count(lost, 'file')}.")
    if plan.orphans:
        output.note(f"left over, not listed in the archive: {figures.count(len(plan.orphans), 'file')}.")
    if plan.of_chosen:
        output.note(f"kept, since they were asked for or imported: {figures.count(plan.of_chosen, 'file')} (--asked).")
    if plan.of_lost:
        output.note(f"kept, since they cannot be fetched again: {figures.count(plan.of_lost, 'file')} (--deleted).")
    if plan.of_earlier:
        output.note(f"kept for earlier versions of messages: {figures.count(plan.of_earlier, 'file')}.")


def _print_table(plan: PrunePlan, names: Mapping[ChannelId, str]) -> None:
    """Print what is to be removed, by channel and reason."""
    from archiver.cli.view import figures
    from archiver.cli.view.grid import Column, print_sentences, print_whole

    columns = Column("channel", least=10), Column("reason"), Column("files", right=True), Column("size", right=True)
    found: dict[tuple[ChannelId, str], list[int]] = {}
    for item in plan.items:
        found.setdefault((item.channel_id, item.reason), []).append(item.size)
    rows = [
        (names[place[0]], place[1], figures.number(len(sizes)), figures.size(sum(sizes)))
        for place, sizes in found.items()
    ]
    print_whole(columns, sorted(rows))
    by_channel: dict[str, list[int]] = {}
    for item in plan.items:
        by_channel.setdefault(names[item.channel_id], []).append(item.message_id)
    print_sentences(_list_first(name, ids) for name, ids in sorted(by_channel.items())[:_MOST_CHANNELS])


def _list_first(name: str, ids: list[int]) -> str:
    """The newest posts of a channel whose files are to be removed."""
    first = ", ".join(f"{name}/{one}" for one in sorted(ids, reverse=True)[:_MOST_POSTS])
    more = f" and {len(ids) - _MOST_POSTS:,} more" if len(ids) > _MOST_POSTS else ""
    return f"Files of {first}{more}."


def _describe_kept(plan: PrunePlan) -> str:
    """The files that are stored, if none is to be removed."""
    from archiver.cli.view import figures

    others = plan.of_earlier or plan.of_chosen or plan.of_lost
    if not plan.kept:
        return "no other files are stored" if others else "no files are stored"
    which = "the other" if others else "the only" if plan.kept == 1 else "all"
    number = "" if which == "the only" else f"{figures.number(plan.kept)} "
    return f"{which} {number}stored file{' is' if plan.kept == 1 else 's are'} wanted"


def _describe(plan: PrunePlan) -> str:
    from archiver.cli.view import figures

    parts = [f"{figures.count(len(plan.items), 'file')}, {figures.size(plan.size)}"] if plan.items else []
    parts += [f"{figures.count(len(plan.orphans), 'leftover')}"] if plan.orphans else []
    return " and ".join(parts)
