"""What an import brought, for people and as JSON."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

from archiver.cli import output
from archiver.cli.terminal import isolate, terminal_safe
from archiver.cli.view import figures
from archiver.cli.view.import_flaws import report_doubts, report_flaws
from archiver.cli.view.import_words import describe_brought, describe_kept_as_imported, report_end
from archiver.cli.view.import_zone import describe_zone
from archiver.compose.import_channel import ImportChannel
from archiver.imports.import_counts import ImportCounts
from archiver.imports.import_file import HashedSource
from archiver.imports.import_outcome import ImportOutcome
from archiver.imports.look_below import list_unread, name_some
from archiver.imports.packed.single import PACKED_ENDS_EARLY
from archiver.imports.source import ENDS_EARLY
from archiver.model.imported import how_to_mirror
from archiver.model.iso_time import iso
from search.query.dates import parse_zone

_NAMED = 20
"""Maximum number of channels that are named one by one."""


class ImportedChat(NamedTuple):
    """A chat that was imported."""

    channel: ImportChannel
    outcome: ImportOutcome


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import brought."""

    path: Path
    hashed: HashedSource
    zone: str | None
    is_dry_run: bool
    chats: Sequence[ImportedChat]
    refused: Counter[str]
    """Chats that telekeep does not archive, by kind."""
    broken: Sequence[str]
    """What is wrong between the chats."""

    @property
    def counts(self) -> ImportCounts:
        """Of all chats together."""
        return reduce(lambda sum_, one: sum_ + one.outcome.counts, self.chats, ImportCounts())

    @property
    def exit_status(self) -> int:
        """0 all, 1 nothing there, 3 all but what is named; 2 for an export of nothing that telekeep archives."""
        if self.broken or any(one.outcome.is_flawed for one in self.chats):
            return 3
        if not self.chats and self.refused:
            return 2
        return 0 if self.counts.messages else 1

    def to_object(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "path": str(self.path),
            "file": self.hashed.name,
            "files": len(self.hashed.source.parts),
            "format": self.hashed.source.format,
            "sha256": self.hashed.sha256,
            "bytes": self.hashed.bytes,
            "unpacked": [one._asdict() for one in self.hashed.unpacked],
            "tz": self.zone,
            "dry_run": self.is_dry_run,
            "messages": self.counts.messages,
            **self.counts.to_object(),
            "channels": [_chat_object(one) for one in self.chats],
            "refused": [{"what": what, "count": count} for what, count in self.refused.items()],
            "broken": list(self.broken),
            "exit_status": self.exit_status,
        }


def _chat_object(one: ImportedChat) -> dict[str, Any]:
    outcome = one.outcome
    record = outcome.record
    return {
        "channel_id": one.channel.channel_id,
        "channel": one.channel.name,
        "made": one.channel.made is not None,
        "import_id": None if record is None else record.import_id,
        "newest": None if record is None else iso(record.newest),
        "imported_before": outcome.was_finished,
        "messages": outcome.counts.messages,
        **outcome.counts.to_object(),
        "learned": one.channel.learned if outcome.counts.messages else None,
        "attached": outcome.attached,
        "repeated": outcome.repeated,
        "compared": outcome.compared,
        "reworded": outcome.reworded,
        "flaws": [
            {"what": flaw.what, "count": flaw.count, "places": flaw.places, "note": flaw.note, "fatal": flaw.fatal}
            for flaw in outcome.flaws.values()
        ],
    }


def report_read(path: Path, hashed: HashedSource) -> None:
    """Name the file of a directory that is read."""
    if path.is_dir():
        names = [os.fsencode(one.name).decode("utf-8", "replace") for one in hashed.source.parts]
        more = f" and {figures.count(len(names) - 1, 'further file')}" if len(names) > 1 else ""
        output.note(f"reading {terminal_safe(names[0])}{more} in {terminal_safe(str(path))} ({hashed.source.format})")
        if unread := list_unread(path, hashed.source.parts):
            named = terminal_safe(name_some(unread))
            command = terminal_safe(f"telekeep import {quote(str(path / unread[0]))}")
            output.warn(f"not read, but possibly exports: {named}. Import each by its path: `{command}`.")


def report_import(result: ImportReport) -> None:
    """Say what an import brought."""
    mixed = terminal_safe(result.hashed.name) if getattr(result.hashed.source, "has_several", False) else None
    for one in result.chats[:_NAMED]:
        label = terminal_safe(one.channel.label)
        output.note(f"{label}: {_brought(one, result)}")
        for line in _remarks(one, dry=result.is_dry_run):
            output.note(f"{label}: {line}")
        report_doubts(label, one.outcome, result.hashed.source.format, dry=result.is_dry_run)
        if (former := one.outcome.former_zone(result.zone)) is not None and result.zone is not None:
            output.note(f"{label}: {_corrected(one.outcome, former, result.zone, dry=result.is_dry_run)}")
        report_flaws(label, one.outcome, mixed)
    _report_further(result, mixed)
    if (remark := _describe_zone(result)) is not None:
        output.note(remark)
    for what, count in result.refused.items():
        output.warn(f"left out {_several(what, count)}: telekeep archives channels and supergroups.")
    is_cut = any(ENDS_EARLY in one.outcome.flaws for one in result.chats)
    for line in result.broken:
        if not (is_cut and line.endswith(PACKED_ENDS_EARLY)):  # once is enough
            output.warn(f"{line}.")
    report_end(result.path, is_empty=not result.chats and not result.refused, is_dry_run=result.is_dry_run)


def _describe_zone(result: ImportReport) -> str | None:
    if result.zone is None or not result.counts.messages:
        return None
    source = result.hashed.source
    return describe_zone(result.zone, parse_zone(result.zone), getattr(source, "offsets", {}), is_used=source.zone_used)


def _report_further(result: ImportReport, mixed: str | None) -> None:
    """Say what the channels brought that are not named, and what is wrong with them."""
    chats, format_name, dry = result.chats[_NAMED:], result.hashed.source.format, result.is_dry_run
    if not chats:
        return
    counts = reduce(lambda sum_, one: sum_ + one.outcome.counts, chats, ImportCounts())
    brought = _brought_by(counts, is_change=bool(counts.changes), dry=dry)
    output.note(f"{figures.count(len(chats), 'further channel')}: {brought}; `--json` names each")
    flawed = [one for one in chats if one.outcome.flaws or one.outcome.is_reworded]
    for one in flawed[:_NAMED]:
        report_doubts(terminal_safe(one.channel.label), one.outcome, format_name, dry=dry)
        report_flaws(terminal_safe(one.channel.label), one.outcome, mixed)
    if len(flawed) > _NAMED:
        output.warn(f"{figures.count(len(flawed) - _NAMED, 'further channel')} with remarks: `--json` has them.")


def describe_kept(messages: int, *, is_begun: bool) -> str:
    """What an interrupted import has stored; empty if that is not known: its first messages were being written."""
    if not messages:
        return "" if is_begun else "nothing was imported."
    are = "is" if messages == 1 else "are"
    return f"{figures.count(messages, 'message')} of it {are} in the archive; run the same command again to continue."


def _several(what: str, count: int) -> str:
    return what if count == 1 else f"{what} ({figures.number(count)} of them)"


def _brought(one: ImportedChat, result: ImportReport) -> str:
    counts, dry = one.outcome.counts, result.is_dry_run
    is_change = bool(counts.changes) or one.outcome.former_zone(result.zone) is not None
    learned = one.channel.learned
    named = () if learned is None else (f"@{learned} {'would be' if dry else 'is'} its name from now on",)
    return _brought_by(counts, named, is_change=is_change, dry=dry)


def _brought_by(counts: ImportCounts, named: Sequence[str] = (), *, is_change: bool, dry: bool) -> str:
    beside = [*named]
    if counts.sources:
        recorded = "would be" if dry else "is"
        of = "them" if counts.sources == counts.messages else figures.count(counts.sources, "message")
        beside.append(f"the file {recorded} recorded as another source of {of}")
    return describe_brought(counts.messages, _parts(counts), beside, is_change=is_change, is_dry_run=dry)


def _corrected(outcome: ImportOutcome, former: str, zone: str, *, dry: bool) -> str:
    """What became of dates that were read with another zone before."""
    number = outcome.counts.corrected
    if outcome.is_cut:
        return f"imported before with --tz {former}; import it again with --tz {zone} to correct all of it"
    if not number:
        return f"imported before with --tz {former}; --tz {zone} gives the same dates"
    dates = "1 date of it was" if number == 1 else f"the dates of {figures.number(number)} messages were"
    would = "would be corrected" if dry else "corrected"
    dates = dates.removesuffix(" was").removesuffix(" were") if dry else dates
    return f"imported before with --tz {former}: {dates} {would} to --tz {zone}; captured messages keep their dates"


def _parts(counts: ImportCounts) -> Iterator[str]:
    yield f"{figures.count(counts.new, 'message')} new"
    if counts.same:
        yield f"{figures.number(counts.same)} known"
    if counts.filled:
        yield f"{figures.number(counts.filled)} filled where they were empty"
    if counts.differing:
        differ = "differs" if counts.differing == 1 else "differ"
        yield f"{figures.number(counts.differing)} that {differ}{_words(counts)}"
    if counts.files:
        yield f"{figures.count(counts.files, 'file')} stored"
    if counts.annotations:
        yield f"{figures.count(counts.annotations, 'annotation')} kept"


def _words(counts: ImportCounts) -> str:
    """Which words are current now: the archive's, or the export's where they are later than an earlier import's."""
    if not counts.revisions:
        return ""
    kept = "kept as a revision" if counts.revisions == 1 else "kept as revisions"
    said = f"{figures.number(counts.revisions)} with other words"
    if not counts.replaced:
        return f" ({said}, {kept})"
    ours, rest = "those of this export are current now", "those imported before"
    if counts.replaced < counts.revisions:
        ours, rest = f"in {figures.number(counts.replaced)} of them {ours}", "the words that are not current"
    return f" ({said}: {ours}, {rest} are {kept})"


def _remarks(one: ImportedChat, *, dry: bool) -> Iterator[str]:
    counts = one.outcome.counts
    if counts.missing:
        is_one = counts.missing == 1
        are = "would be" if dry else "is" if is_one else "are"
        yield (
            f"{figures.number(counts.missing)} of the new ones {are} marked as deleted or no longer visible,"
            f" if {'it was' if is_one else 'they were'} posted as the import says"
        )
    if counts.dated:
        have = ("would have" if dry else "has") if counts.dated == 1 else "would have" if dry else "have"
        dated = f"{figures.count(counts.dated, 'message')}, whose date rested on an assumed time zone,"
        yield f"{dated} {have} the exact date of this export now"
    record, held = one.outcome.record, one.channel.title
    if (
        one.channel.made is None
        and record is not None
        and record.title
        and held
        and record.title.split() != held.split()
    ):
        theirs, ours = (isolate(terminal_safe(title)) for title in (record.title, held))
        yield f'the file calls the channel "{theirs}"; in the archive it is "{ours}"'
    if one.channel.made is not None and counts.messages:
        yield describe_kept_as_imported(how_to_mirror(one.channel.made.username), is_dry_run=dry)
    elif one.channel.known_by_imports and one.outcome.is_resumed and counts.messages:
        yield describe_kept_as_imported(how_to_mirror(one.channel.username), is_dry_run=False)
