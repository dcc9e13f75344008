"""`telekeep verify`: verify the archive, or an export against its manifest."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

from archiver.cli.parsing.parameters import Argument, CommandContext, Option
from archiver.cli.view.progress import ProgressOption, set_style
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, Shape, choose_shape
from archiver.errors import UsageError

EXIT_STATUS = {
    0: "everything is intact",
    2: "wrong usage, or there is no manifest or archive",
    6: "something is missing or damaged",
}


def command(
    context: CommandContext,
    path: Annotated[
        Path | None, Argument(metavar="PATH", help="Directory, data file or manifest of an export.")
    ] = None,
    *,
    quick: Annotated[bool, Option("--quick", help="Check only the file and the SHA-256 of each payload.")] = False,
    deep: Annotated[bool, Option("--deep", help="Also check every word of the search tables.")] = False,
    media: Annotated[bool, Option("--media", help="Also read the stored files again.")] = False,
    sample: Annotated[
        str | None,
        Option("--sample", metavar="SHARE", help="With --media: read only a share of the files, such as 5%."),
    ] = None,
    json: JsonObjectOption = False,
    jsonl: JsonLinesOption = False,
    progress: ProgressOption = "auto",
) -> int:
    """Verify the archive, or an export against its manifest.

    \b
    Examples:
      telekeep verify found/
      telekeep verify day.csv
      telekeep verify
      telekeep verify --deep
      telekeep verify --quick --media --sample 5%

    An export: checks the manifest itself, and the size, SHA-256 and rows of every file that it names; needs neither
    archive nor network. The manifest's own SHA-256 is shown, to compare it with the one that `telekeep export` printed.
    Of a series (`export --append`) it checks all files, and that each manifest names the SHA-256 of the one before.

    The archive (no PATH): SQLite's integrity check; the SHA-256 of every payload, including earlier versions;
    everything derived from the payloads (texts, dates, attachments, counters ...), by deriving it again; deletions,
    revisions, coverage and the capture log, against each other; and the search tables against the messages. In an
    archive of more than 20,000 messages, the words of only some 4,600 are compared, spread over the archive; --deep
    compares all. --quick checks only the file and the SHA-256 of each payload. Each fault is one line; with --json or
    --jsonl, an object (docs/json.md).

    In an archive of a million messages, two cores verify about 100,000 payloads a second; with --deep about 20,000,
    with --quick about 200,000. Up to four cores are used.

    --media also reads the stored files again and compares their SHA-256; without it they are not read. Missing and
    damaged ones are recorded: `telekeep media retry`, then `telekeep media fetch`, fetches them again. Files without a
    message are listed.
    --sample 5% reads a twentieth of all bytes, starting with the files that were read longest ago, so that twenty
    runs read them all. What was read is recorded, even if the run is interrupted.
    """
    set_style(progress)
    shape = choose_shape(json=json, jsonl=jsonl)
    if path is not None:
        if quick or deep or media or sample:
            raise UsageError(
                "--quick, --deep and --media are for the archive; an export is always checked completely.",
                hint="Leave them out.",
            )
        from archiver.cli.commands.verify_export import verify_export

        return verify_export(path, shape)
    return _verify_archive(context, quick=quick, deep=deep, media=media, sample=sample, shape=shape)


def _verify_archive(
    context: CommandContext, *, quick: bool, deep: bool, media: bool, sample: str | None, shape: Shape
) -> int:
    if quick and deep:
        raise UsageError("--quick and --deep cannot be combined.", hint="Choose one.")
    if sample is not None and not media:
        raise UsageError("--sample needs --media.", hint="Write --media --sample 5%.")
    from archiver.evidence.processes import early_processes

    with nullcontext() if quick else early_processes() as early:  # before anything else is imported
        from archiver.cli.commands.verify_archive import verify_archive
        from archiver.cli.commands.verify_media import parse_share

        share = parse_share(sample) if media else None
        return verify_archive(context.obj, quick=quick, deep=deep, shape=shape, share=share, early=early)
