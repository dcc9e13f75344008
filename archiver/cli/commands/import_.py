"""`telekeep import`: take what another program exported of a channel into the archive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import Argument, CommandContext, Option
from archiver.cli.view.progress import ProgressOption, set_style
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, Shape, choose_shape

if TYPE_CHECKING:
    from archiver.cli.view.import_report import ImportReport
    from archiver.cli.view.merge_report import MergeReport
    from archiver.store.database import Database

EXIT_STATUS = {
    0: "imported, or all of it was known",
    1: "there are no messages in it",
    2: "wrong usage, or not readable",
    3: "imported, except for what is named",
    130: "interrupted; what was imported stays, and the same command continues",
}

HELP = """\
Import a channel that another program exported.

\b
Examples:
  telekeep import ChatExport_2026-01-31/
  telekeep import result.json --channel @name
  telekeep import messages.html --channel 1234567890 --tz Europe/Kyiv
  telekeep import result.json --dry-run
  telekeep import /mnt/colleague/telekeep/

Reads Telegram Desktop's JSON (one chat, or a whole account) and HTML, tg-archive's SQLite, and telekeep's JSONL, CSV
and Parquet, also in a zip or tar, or compressed (.gz, .bz2, .xz); the format is recognised by the content. Nothing
that was captured from Telegram is ever overwritten: empty values are filled, different text is kept as a revision,
other values are kept next to those held, and show and history name the file. Files next to the export are copied into
the archive.

Another archive of telekeep (its directory, its archive.db, or an export with --format sqlite) is merged into this one:
all of its channels, or the one given, with earlier contents, deletions and files, and with the ranges of ids that it
has read completely.

No account is needed. A channel that the archive does not know is kept as imported: it can be searched and exported, and
is mirrored once `telekeep add` finds it. Nothing in an export tells which messages it lacks. See docs/imports.md.
"""


_LARGE = 100_000_000
"""Bytes of a file that takes seconds to look through."""


class ImportOrder(NamedTuple):
    """What to import, as given."""

    path: Path
    channel: str | None
    zone: str | None
    is_dry_run: bool
    shape: Shape


def command(
    context: CommandContext,
    path: Annotated[Path, Argument(metavar="PATH", help="A file, or the directory of an export.")],
    *,
    channel: Annotated[
        str | None,
        Option("--channel", "-c", metavar="CHANNEL", help="The export's channel, if it does not name it itself."),
    ] = None,
    tz: Annotated[
        str | None, Option("--tz", metavar="ZONE", help="Zone of the export's local times, such as Europe/Kyiv.")
    ] = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Write nothing; say what importing would bring.")] = False,
    json: JsonObjectOption = False,
    jsonl: JsonLinesOption = False,
    progress: ProgressOption = "auto",
) -> int:
    """Import an export of another program; users see HELP instead."""
    set_style(progress)
    order = ImportOrder(path, channel, tz, dry_run, choose_shape(json=json, jsonl=jsonl))
    return interrupted.run(run(context.obj, order))


async def run(invocation: Invocation, order: ImportOrder) -> int:
    """Import. Returns the exit status."""
    from archiver.allocator import share_arena
    from archiver.store.is_archive import is_archive

    share_arena()
    directory = invocation.archive_directory()
    is_merge = await asyncio.to_thread(is_archive, order.path)
    result = await _merge(directory, order) if is_merge else await _import(directory, order)
    if order.shape != "people":
        (output.json if order.shape == "json" else output.jsonl)(result.to_object())
    return result.exit_status


async def _import(directory: Path, order: ImportOrder) -> ImportReport:
    """Import an export, and say what that brought."""
    from archiver.cli.commands.import_chats import import_all
    from archiver.cli.view.import_report import ImportReport, report_import, report_read
    from archiver.compose.import_channel import NAMING
    from archiver.errors import UsageError
    from archiver.imports.hidden_modules import HiddenModules
    from archiver.imports.import_file import open_until_stopped
    from archiver.imports.source import ZoneUnknown

    zone = None if order.zone is None else _zone(order.zone)
    interrupted.count_kept(lambda: "nothing was imported.")
    _announce(order.path)
    with HiddenModules("numpy", "pandas"):  # pyarrow loads them if installed, and nothing here needs them
        try:
            hashed = await open_until_stopped(order.path, zone)
        except ZoneUnknown as exc:
            if order.channel is not None:
                raise
            said = f"{exc.args[0]} The export does not name its channel either."
            raise UsageError(said, hint=f"{exc.hint} Name the channel, too: {NAMING}.") from exc
    with closing(hashed):
        report_read(order.path, hashed)
        async with _open(directory, is_dry_run=order.is_dry_run) as database:
            done = await import_all(database, directory, hashed, order)
    result = ImportReport(order.path, hashed, order.zone, order.is_dry_run, *done)
    report_import(result)
    return result


def _announce(path: Path) -> None:
    """Announce the first pass over a large file, which delays its first message."""
    from archiver.cli.terminal import terminal_safe
    from archiver.cli.view import figures

    try:
        size = path.stat().st_size if path.is_file() else 0
    except OSError:
        return  # opening it says why
    if size >= _LARGE:
        shown = f"{terminal_safe(str(path))} ({figures.size(size)})"
        output.note(f"reading {shown} once to the end, for its SHA-256 and its channels, before the import begins")


def _zone(name: str) -> tzinfo:
    from search.query.dates import parse_zone

    return parse_zone(name)


async def _merge(directory: Path, order: ImportOrder) -> MergeReport:
    """Take over another archive of telekeep, and say what that brought."""
    from archiver.cli.commands.import_archive import import_archive

    if order.zone is not None:
        _zone(order.zone)
        output.note(f"--tz {order.zone} was not needed: a telekeep archive records the time zones of its dates")
    async with _open(directory, is_dry_run=order.is_dry_run) as database:
        return await import_archive(database, directory, order.path, order.channel, is_dry_run=order.is_dry_run)


@asynccontextmanager
async def _open(directory: Path, *, is_dry_run: bool) -> AsyncIterator[Database | None]:
    """The archive; None for a dry run where there is none."""
    from archiver.compose.new_archive import NewArchive
    from archiver.compose.read_archive import open_archive as open_readonly
    from archiver.compose.write_archive import open_archive, open_shared
    from archiver.errors import Busy, NoArchive
    from archiver.store.database import expect_archive

    if is_dry_run:
        try:
            expect_archive(directory)
        except NoArchive:
            yield None
            return
        async with open_readonly(directory, remarks=output) as database:
            yield database
        return
    new = NewArchive(directory)
    try:
        with suppress(Busy):  # a running mirror has already made the search tables
            async with open_archive(directory, command="import", remarks=output):
                pass
        async with open_shared(directory, command="import", remarks=output) as database:
            yield database
    finally:
        new.remove_empty(command="import")
