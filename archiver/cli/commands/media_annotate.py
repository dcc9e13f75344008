"""`telekeep media annotate`: let the programs of [media.hooks] make texts of stored files."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from archiver.cli import interrupted, output
from archiver.cli.arguments import ChannelsArgument
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.errors import NotConfigured, UsageError

if TYPE_CHECKING:
    from archiver.media.annotate import Annotator, Unseen
    from archiver.model.hooks import Hook
    from archiver.store.media.annotation import AnnotationCounts

EXIT_STATUS = {
    0: "every file has been processed",
    2: "wrong usage, no hook is set, or its program was not found",
    3: "a program failed on some files, or some are missing",
    130: "interrupted; the texts made so far are kept",
}


def command(
    context: CommandContext,
    channels: ChannelsArgument = None,
    *,
    hook: Annotated[
        Literal["transcribe", "ocr"] | None,
        Option("--hook", metavar="NAME", help="Run only this hook: transcribe or ocr."),
    ] = None,
    retry: Annotated[bool, Option("--retry", help="Also retry files that were given up.")] = False,
) -> int:
    """Use your own programs to transcribe stored recordings and read the text in stored pictures.

    \b
    Examples:
      telekeep media annotate
      telekeep media annotate @channel --hook ocr
      telekeep media annotate --retry

    [media.hooks] names the programs: transcribe gets voice messages, round videos, audio and video files; ocr gets
    photos and pictures sent as files. They run one at a time, at the lowest priority, with limits on time and output,
    never in a shell. Each hook gets each stored file once; `telekeep run` does the same when it is idle.

    The texts are annotations: `telekeep show` prints them apart from the message's own words, and only a search with
    in:annotations finds them. They may be wrong. See docs/media.md.
    """
    return interrupted.run(run(context.obj, channels or [], hook=hook, retry=retry))


async def run(invocation: Invocation, typed: list[str], *, hook: str | None, retry: bool) -> int:
    """Annotate the files. Returns the exit status."""
    from archiver.cli.commands.pick import pick_channels
    from archiver.compose.hooks import hook_rules, list_hooks
    from archiver.compose.write_archive import open_shared
    from archiver.lock import hold_hooks
    from archiver.media.annotate import Annotator
    from archiver.store.database import expect_archive
    from archiver.store.media.annotation import count_annotations, forget_failures, forget_waits

    settings = invocation.checked_settings()
    hooks = _choose(list_hooks(settings.media.hooks), hook)
    expect_archive(settings.archive.dir)
    async with open_shared(settings.archive.dir, command="media annotate", remarks=output) as database:
        chosen = await pick_channels(database.connection, typed, removed=True) if typed else None
        for one in hooks:
            await database.write(forget_failures if retry else forget_waits, one.name, now=int(time.time()))
        channels = None if chosen is None else [channel.channel_id for channel in chosen]
        annotator = Annotator(database, hooks, hook_rules(settings.media.hooks), channels=channels)
        with hold_hooks(settings.archive.dir, command="media annotate"):
            failed = await _annotate(annotator)
        for one in hooks:
            counts = await database.read(
                count_annotations, one.name, attempts=settings.media.hooks.attempts, channels=channels
            )
            unseen = await annotator.count_unseen(one)
            _sum_up(one, counts, unseen)
            failed += unseen.missing
    for name, why in annotator.absent.items():
        output.error(f"[media.hooks] {name}: {why}.")
    if annotator.absent:
        return UsageError.exit_status
    return 3 if failed else 0


def _choose(hooks: Sequence[Hook], wanted: str | None) -> list[Hook]:
    chosen = [one for one in hooks if wanted in {None, one.name}]
    if chosen:
        return chosen
    missing = f"media.hooks.{wanted}" if wanted else "media.hooks.transcribe or media.hooks.ocr"
    raise NotConfigured(
        "no program is set to transcribe or read files.",
        hint=f'Set {missing} to a list such as ["tesseract", "{{path}}", "-"].',
    )


async def _annotate(annotator: Annotator) -> int:
    """Run the hooks, with progress; return how many files failed."""
    from archiver.cli.view.figures import count
    from archiver.cli.view.progress import Progress

    failures: Counter[str] = Counter()
    with Progress("media annotate", unit="files") as progress:
        async for one in annotator.run(asyncio.Event()):
            if one.result.text is None:
                failures[f"{one.hook.name}: {one.result.reason}"] += 1
            progress.add(1)
    for why, times in failures.most_common(5):
        output.warn(f"{count(times, 'file')} failed: {why}.")
    return failures.total()


def _sum_up(hook: Hook, made: AnnotationCounts, unseen: Unseen) -> None:
    """Print how many files have a text now, how many failed, and how many are left."""
    from archiver.cli.view.figures import count, number

    counted = [f"{count(made.done - made.empty, 'stored file')} with a text"]
    counted += [f"{number(made.empty)} without"] if made.empty else []
    counted += [f"{number(made.failed)} failed and will be retried"] if made.failed else []
    counted += [f"{number(made.given_up)} given up (--retry)"] if made.given_up else []
    counted += [f"{number(unseen.untried)} not tried yet"] if unseen.untried else []
    counted += [f"{number(unseen.missing)} missing (`telekeep verify --media` names them)"] if unseen.missing else []
    output.note(f"{hook.name}: {', '.join(counted)}.")
