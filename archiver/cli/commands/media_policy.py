"""`telekeep media policy`: show or change which files of a channel are wanted."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import Argument, CommandContext, Option
from archiver.cli.view.next_step import suggest
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, Shape, choose_shape, print_objects
from archiver.model.media_file import Download, PolicyOverride

if TYPE_CHECKING:
    from archiver.store.channels.channel import Mirrored
    from archiver.store.database import Database

EXIT_STATUS = {0: "shown, or changed", 2: "wrong usage, or no such channel; nothing was changed"}


def command(
    context: CommandContext,
    channels: Annotated[
        list[str] | None, Argument(metavar="CHANNEL", help="Name, alias, link or id; default when showing: all.")
    ] = None,
    *,
    download: Annotated[
        Download | None,
        Option("--download", metavar="KINDS", help="Kinds to fetch: none, photos or all."),
    ] = None,
    max_size: Annotated[
        str | None, Option("--max-size", metavar="SIZE", help="Maximum size of a file, such as 50MB.")
    ] = None,
    cap: Annotated[
        list[str] | None, Option("--cap", metavar="KIND=SIZE", help="Maximum size for a kind: video=200MB; 0 = never.")
    ] = None,
    quota: Annotated[
        str | None, Option("--quota", metavar="SIZE", help="Maximum total size of the channel's files, such as 50GB.")
    ] = None,
    thumbnails: Annotated[
        bool | None, Option("--thumbnails/--no-thumbnails", help="Fetch thumbnails of photos and videos, or not.")
    ] = None,
    protected: Annotated[
        bool | None, Option("--protected/--no-protected", help="Fetch even if the channel forbids saving, or not.")
    ] = None,
    inherit: Annotated[bool, Option("--inherit", help="Discard the channel's own policy and follow [media].")] = False,
    json: JsonArrayOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """Show which files of channels are wanted, or change that for the given channels.

    \b
    Examples:
      telekeep media policy
      telekeep media policy @channel --download all --max-size 50MB --cap video=200MB --cap sticker=0
      telekeep media policy @channel --quota 20GB
      telekeep media policy @channel --inherit

    A channel follows [media] except where it has a setting of its own. Each option changes one setting and leaves the
    others as they are; with --inherit, the other options start from [media]. This command fetches and removes nothing:
    `telekeep media plan` shows the effect, and `telekeep media prune` removes files that are no longer wanted. It works
    while the service runs, which follows within a minute.

    In a pipe: channel, effective policy, the channel's own settings, title, separated by tabs.
    """
    shape = choose_shape(json=json, jsonl=jsonl)
    limits = _read_limits(max_size, cap or [], quota)
    said = replace(limits, download=download, thumbnails=thumbnails, protected=protected)
    return interrupted.run(run(context.obj, channels or [], said, inherit=inherit, shape=shape))


async def run(invocation: Invocation, typed: list[str], said: PolicyOverride, *, inherit: bool, shape: Shape) -> int:
    """Change the policies, and print them. Returns the exit status."""
    from archiver.cli.commands.pick import pick_channels
    from archiver.compose.read_archive import open_archive
    from archiver.compose.write_archive import open_shared
    from archiver.errors import UsageError
    from archiver.store.database import expect_archive

    directory = invocation.checked_settings().archive.dir
    if said == PolicyOverride() and not inherit:
        async with open_archive(directory, remarks=output) as database:
            chosen = await pick_channels(database.connection, typed)
            await _print(invocation, database, chosen, shape)
        return 0
    if not typed:
        raise UsageError("no channel was given.", hint="Name it, or set the policy of all channels in [media].")
    expect_archive(directory)
    async with open_shared(directory, command="media", remarks=output) as database:
        chosen = await pick_channels(database.connection, typed)
        for channel in chosen:
            await _change(database, channel, said, inherit=inherit)
        await _print(invocation, database, chosen, shape)
    suggest("telekeep media plan", "to see the effect; `telekeep media fetch` fetches the files now")
    return 0


async def _change(database: Database, channel: Mirrored, said: PolicyOverride, *, inherit: bool) -> None:
    from archiver.store.media.media_policy import find_override, set_override

    before = None if inherit else await database.read(find_override, channel.channel_id)
    before = before or PolicyOverride()
    caps = {**(before.caps or {}), **(said.caps or {})}
    names = ("download", "max_size", "quota", "thumbnails", "protected")
    changed: dict[str, Any] = {name: getattr(said, name) for name in names if getattr(said, name) is not None}
    after = replace(before, caps=caps or None, **changed)
    await database.write(set_override, channel.channel_id, after, now=int(time.time()))


async def _print(invocation: Invocation, database: Database, channels: list[Mirrored], shape: Shape) -> None:
    from archiver.cli.view.grid import Column, name_cell, print_whole
    from archiver.cli.view.media_words import describe_policy, policy_object
    from archiver.compose.media import settings_policy
    from archiver.media.policy import merge_policy
    from archiver.model.media_policy_text import INHERIT, write_override, write_policy
    from archiver.store.media.media_policy import list_overrides, list_protected

    forbidding = await database.read(list_protected)
    settings = settings_policy(invocation.checked_settings().media)
    overrides = await database.read(list_overrides)
    own = [overrides.get(channel.channel_id) for channel in channels]
    pairs = [(channel, one, merge_policy(settings, one)) for channel, one in zip(channels, own, strict=True)]
    if shape != "people":
        objects = [
            {
                "channel_id": channel.channel_id,
                "channel": channel.name,
                "policy": policy_object(policy),
                "own": INHERIT if override is None else write_override(override),
                "forbids_saving": channel.channel_id in forbidding,
            }
            for channel, override, policy in pairs
        ]
        print_objects(objects, shape)
    elif not pairs:
        output.note("no channel is mirrored.")
    elif output.is_terminal():
        columns = (Column("channel", least=10), Column("wanted", least=24), Column("own", drop_order=1, least=12))
        cells = [
            (name_cell(channel), describe_policy(policy), "" if override is None else write_override(override))
            for channel, override, policy in pairs
        ]
        print_whole(columns, cells)
    else:
        for channel, override, policy in pairs:
            own_words = INHERIT if override is None else write_override(override)
            output.tsv(channel.name, write_policy(policy), own_words, channel.title)
    for channel, _, policy in pairs:
        if channel.channel_id in forbidding and policy.download != "none" and not policy.protected:
            output.note(
                f"{channel.label} forbids saving and forwarding: its files are fetched only with --protected"
                " (docs/media.md)."
            )


def _read_limits(max_size: str | None, caps: list[str], quota: str | None) -> PolicyOverride:
    """The sizes in the options. Raises UsageError."""
    from archiver.errors import UsageError
    from archiver.model.media_policy_text import CAP_KINDS, read_size

    read: dict[str, int] = {}
    for word in caps:
        kind, equals, size = word.partition("=")
        if kind not in CAP_KINDS or not equals:
            raise UsageError(
                f'"{word[:40]}" is not a valid --cap.', hint=f"Write video=200MB. Kinds: {', '.join(CAP_KINDS)}."
            )
        read[kind] = read_size(size, kind)
    return PolicyOverride(
        max_size=None if max_size is None else read_size(max_size, "--max-size"),
        caps=read or None,
        quota=None if quota is None else read_size(quota, "--quota"),
    )
