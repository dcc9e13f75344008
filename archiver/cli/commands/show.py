"""`telekeep show`: messages and everything known about them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import orjson

from archiver.cli import interrupted, output
from archiver.cli.commands.addressed import get_message
from archiver.cli.invocation import Invocation
from archiver.cli.local_time import ZoneOption, local_time
from archiver.cli.pager import page
from archiver.cli.parsing.parameters import Argument, CommandContext, Option
from archiver.cli.view.channel_status import describe_parts
from archiver.cli.view.fields import Csv, CsvTable, Fields, TableShape, choose_table_shape, parse_fields, pick
from archiver.cli.view.moments import Moments
from archiver.cli.view.shape import print_objects
from archiver.compose.read_archive import open_archive
from archiver.errors import IntegrityError, NotFound, UsageError
from archiver.model.iso_time import iso
from archiver.model.row import KEYS, permalink, to_object
from archiver.reading.citation_styles import CitationStyle, cite_as
from archiver.reading.message_context import MessageContext, read_context
from archiver.store.database import Database, read
from archiver.store.messages.rich import PartCount
from archiver.store.messages.rows import Payload, find_payload, snapshot

if TYPE_CHECKING:
    from archiver.cli.view.picture import PicturePrinter
    from archiver.reading.pictures import FoundPicture

EXIT_STATUS = {
    0: "shown",
    1: "there was no such message when the channel was read",
    2: "wrong usage, or the message is not archived",
    3: "some are shown, others are not archived",
    6: "a payload is damaged: its SHA-256 differs",
}


class _Found(NamedTuple):
    """A message to show."""

    context: MessageContext
    raw: dict[str, Any] | None
    pictures: Sequence[FoundPicture] = ()

    @property
    def address(self) -> str:
        """Of the message."""
        return f"{self.context.channel.name}/{self.context.row['message_id']}"


class _ShowOptions(NamedTuple):
    every: bool
    raw: bool
    shape: TableShape
    moments: Moments
    picture: bool = False
    cite: CitationStyle | None = None
    fields: tuple[str, ...] | None = None
    """Keys to print; None for all."""


def command(
    context: CommandContext,
    addresses: Annotated[list[str], Argument(metavar="CHANNEL/ID", help="alias/123, @name/123, ID/123 or a link.")],
    *,
    every: Annotated[bool, Option("--all", help="On a terminal: list all keys of the row.")] = False,
    raw: Annotated[bool, Option("--raw", help="Include the verified payload from the server, in base64.")] = False,
    cite: Annotated[
        CitationStyle | None, Option("--cite", metavar="STYLE", help="Print only a citation in this style.")
    ] = None,
    picture: Annotated[bool, Option("--picture", help="Draw a small picture, on terminals that support it.")] = False,
    tz: ZoneOption = None,
    json: Annotated[bool, Option("--json", help="Print a JSON object; several addresses: an array.")] = False,
    jsonl: Annotated[bool, Option("--jsonl", help="Print one JSON object per line.")] = False,
    csv: Csv = False,
    fields: Fields = None,
) -> int:
    """Show messages: text, state, times, related messages, and a citation for each.

    \b
    Examples:
      telekeep show @channel/123
      telekeep show @channel/123 --tz Asia/Baghdad
      telekeep show https://t.me/channel/123 channel/124
      telekeep show @channel/123 --picture
      telekeep show @channel/123 --cite chicago
      telekeep show 1234567890/123 --raw --json

    A former name of a channel works too; a note gives its current name. A terminal shows a card, or with --all or
    --raw all keys documented in docs/rows.md; a pipe gets one key and its value per line. The
    JSON has these keys; --raw adds raw: {layer, sha256, base64}. If only the beginning of a rich message is archived,
    partial: {noticed_at, attempts, refused} is added; if archived messages reply to it, replied_by lists up to 1,000.
    `telekeep history CHANNEL/ID` shows earlier versions.

    --cite prints nothing but a citation of each message, in the style apa, chicago, mla, bibtex or csl-json. Each has
    the permalink, the time of archiving in UTC, and the SHA-256 of the payload.

    --picture draws the stored picture, its thumbnail, or the tiny preview that came with the message, in kitty, iTerm2
    and sixel terminals. It is decoded and re-encoded first; this needs the extra "media". If it fails, a note says why.
    """
    invocation: Invocation = context.obj
    if cite is not None and (every or raw or picture or json or jsonl or csv or fields is not None):
        raise UsageError("--cite prints citations only.", hint="Omit the other options of what is printed.")
    options = _ShowOptions(
        every=every,
        raw=raw,
        picture=picture,
        cite=cite,
        shape=choose_table_shape(json=json, jsonl=jsonl, csv=csv, fields=fields),
        fields=parse_fields(fields, _known_keys(raw=raw)),
        moments=local_time(invocation, tz),
    )
    return interrupted.run(run(invocation, tuple(dict.fromkeys(addresses)), options))


async def run(invocation: Invocation, addresses: Sequence[str], options: _ShowOptions) -> int:
    """Show the messages. Returns the exit status."""
    found: list[_Found] = []
    archive = invocation.checked_settings().archive.dir
    missed: list[NotFound] = []
    async with open_archive(archive, remarks=output) as database:
        for address in addresses:
            try:
                found.append(await _read(database, address, options))
            except NotFound as error:
                missed.append(error)
    if not found and len(missed) == 1:
        raise missed[0]
    printer = _prepare_pictures(archive, options)
    with nullcontext() if printer else page():
        _print(found, options, archive, printer, many=len(addresses) > 1)
    for unseen in missed:
        output.error(str(unseen))
    for damaged in [one.context for one in found if not one.context.intact]:
        address = f"{damaged.channel.name}/{damaged.row['message_id']}"
        output.error(f"{address}: the payload is damaged: its SHA-256 differs. `telekeep verify` checks the archive.")
    if not all(one.context.intact for one in found):
        return IntegrityError.exit_status
    if not missed:
        return 0
    return 3 if found else max(unseen.exit_status for unseen in missed)


def _prepare_pictures(archive: Path, options: _ShowOptions) -> PicturePrinter | None:
    """What draws pictures, if they are wanted and can be drawn; a note says why not."""
    if not options.picture:
        return None
    from archiver.cli.view.picture import PicturePrinter

    printer = PicturePrinter(archive)
    why_not = "JSON output has none" if options.shape != "people" else printer.prepare()
    if why_not is not None:
        output.note(f"no picture: {why_not}.")
    return None if why_not else printer


async def _read(database: Database, address: str, options: _ShowOptions) -> _Found:
    """The message with its context, and its payload and pictures if they are wanted."""
    conn = database.connection
    async with snapshot(conn):
        channel, held = await get_message(database, address, options.moments)
        context = await read_context(conn, channel, held)
        key = channel.channel_id, held[0].message_id
        payload = await read(conn, find_payload, *key) if options.raw else None
        pictures: Sequence[FoundPicture] = ()
        if options.picture:
            from archiver.reading.pictures import find_pictures

            pictures = await read(conn, find_pictures, *key, orjson.loads(context.row["media"]))
    return _Found(context, None if payload is None else _raw(payload), pictures)


def _raw(payload: Payload) -> dict[str, Any]:
    if hashlib.sha256(payload.raw).digest() != payload.sha256:
        raise IntegrityError("the payload is damaged: its SHA-256 differs.")
    return {
        "layer": payload.layer,
        "sha256": payload.sha256.hex(),
        "base64": base64.b64encode(payload.raw).decode("ascii"),
    }


def _print(
    found: Sequence[_Found], options: _ShowOptions, archive: Path, printer: PicturePrinter | None, *, many: bool
) -> None:
    for one in found:
        _note_part(one.context, options)
    if options.cite is not None:
        _print_citations(found, options.cite)
        return
    if options.shape == "people":
        for at, one in enumerate(found):
            if at:
                output.line()
            _print_message(one, options, archive)
            for why in printer.show(one.pictures) if printer else ():
                output.note(f"{one.address}: {why}.")
        return
    objects = [pick(_to_object(one.context, one.raw), options.fields) for one in found]
    if options.shape == "json" and not many:
        output.json(objects[0])
    elif options.shape == "csv":
        table = CsvTable(options.fields or _known_keys(raw=options.raw))
        for row in objects:
            table.add(row)
    else:
        print_objects(objects, options.shape)


def _print_citations(found: Sequence[_Found], style: CitationStyle) -> None:
    """The citations of those whose payload is intact, with an empty line between them."""
    for at, one in enumerate(one for one in found if one.context.intact):
        if at:
            output.line()
        output.line(cite_as(style, one.context))  # it names what would harm a terminal


def _known_keys(*, raw: bool) -> tuple[str, ...]:
    return (*KEYS, "partial", "replied_by", *(("raw",) if raw else ()), "imports", "assumed_tz", "name_origin")


def _note_part(context: MessageContext, options: _ShowOptions) -> None:
    """Say on stderr that a message is partial, or its date not certain, unless its card or citation says it."""
    is_card = options.shape == "people" and output.is_terminal() and not (options.every or options.raw)
    if context.assumed and not is_card and options.cite is None and options.shape == "people":
        output.note(f"{context.channel.name}/{context.row['message_id']}: its date is not certain: {context.assumed}.")
    if context.part is not None and not is_card:
        count = PartCount(1, int(bool(context.part.refused)))
        output.note(f"{context.channel.name}/{context.row['message_id']}: {describe_parts(count)}")


def _to_object(context: MessageContext, raw: dict[str, Any] | None) -> dict[str, Any]:
    shown: dict[str, Any] = to_object(context.row)
    if (part := context.part) is not None:
        shown["partial"] = {
            "noticed_at": iso(part.noticed_at),
            "noticed": iso(part.noticed_at),
            "attempts": part.attempts,
            "refused": part.refused,
        }
    if context.is_name_given:
        shown["name_origin"] = "import"
    if context.assumed_zone is not None:
        shown["assumed_tz"] = context.assumed_zone
    if context.imports.found:
        shown["imports"] = context.imports.to_objects()
    if context.replies.replies:
        shown["replied_by"] = [
            {
                "channel_id": one.channel_id,
                "channel": (channel := context.known[one.channel_id]).name,
                "message_id": one.message_id,
                "permalink": permalink(channel, one.message_id),
                "date": iso(one.date),
            }
            for one in context.replies.replies
        ]
    return shown if raw is None else {**shown, "raw": raw}


def _print_message(one: _Found, options: _ShowOptions, archive: Path) -> None:
    if output.is_terminal() and not options.every and one.raw is None:
        from archiver.cli.view.message_card import print_message

        print_message(output.console(), one.context, options.moments, archive)
        return
    from archiver.cli.view.import_words import describe_imports
    from archiver.cli.view.message_keys import print_keys

    record = one.context.imported_from
    file = "" if record is None else record.file_name
    differs = " · ".join(describe_imports(one.context.imports, options.moments))
    print_keys(one.context.channel, one.context.row, one.raw, file=file, differs=differs)
