"""`telekeep move`: assign channels to another account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.parsing.parameters import Argument, CommandContext, Option
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, Shape, choose_shape, print_objects

if TYPE_CHECKING:
    from archiver.store.channels.channel import Mirrored
    from archiver.store.database import Writer
    from config.settings import Settings

EXIT_STATUS = {0: "done", 2: "wrong usage, or no such channel or account"}


def command(
    context: CommandContext,
    *,
    channels: Annotated[list[str], Argument(metavar="CHANNEL", help="Name, alias, link or id.")],
    to: Annotated[str, Option("--to", metavar="NAME", help="Account that reads them from now on.")],
    json: JsonArrayOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """Assign channels to another account; everything archived is kept.

    \b
    Examples:
      telekeep move @channel --to second

    Needs no connection and works while `telekeep run` is mirroring. The new account looks the channel up by its public
    name when it first reads it; if that name then belongs to another channel, it is not followed.
    """
    shape = choose_shape(json=json, jsonl=jsonl)
    return interrupted.run(run(context.obj.settings(), channels=channels, to=to, shape=shape))


async def run(settings: Settings, *, channels: list[str], to: str, shape: Shape = "people") -> int:
    """Pin the channels to the account. Returns the exit status."""
    from archiver.cli.commands.pick import pick_channels
    from archiver.compose.write_archive import open_shared
    from archiver.store.accounts.account import pin_channel
    from archiver.store.database import expect_archive
    from config.accounts import account_settings, session_path

    account_settings(settings, to)  # raises if there is no such account
    expect_archive(settings.archive.dir)
    async with open_shared(settings.archive.dir, command="move", remarks=output) as database:
        chosen = await pick_channels(database.connection, channels, removed=True)

        def act(conn: Writer) -> None:
            for channel in chosen:
                pin_channel(conn, channel.channel_id, to)

        await database.write(act)
    for channel in chosen:
        already = channel.account == to
        now = f"already read by account {to}; nothing changed." if already else f"read by account {to} from now on."
        output.note(f"{channel.label}: {now}")
    print_objects([_moved(channel, to) for channel in chosen], shape)
    if not session_path(settings, to).exists():
        output.warn(f"account {to} is not logged in yet: run `telekeep login --account {to}`.")
    return 0


def _moved(channel: Mirrored, to: str) -> dict[str, object]:
    return {
        "channel_id": channel.channel_id,
        "channel": channel.name,
        "result": "unchanged" if channel.account == to else "moved",
        "account": to,
        "account_before": channel.account,
    }
