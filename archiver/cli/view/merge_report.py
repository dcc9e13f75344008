"""What taking over another archive brought, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from archiver.cli import output
from archiver.cli.terminal import terminal_safe
from archiver.cli.view import figures
from archiver.cli.view.import_words import describe_brought, describe_kept_as_imported, report_end
from archiver.cli.view.moments import Moments
from archiver.compose.merge_archive import MergeOutcome
from archiver.imports.merging.merged import MergedChannel
from archiver.model.imported import how_to_mirror
from archiver.model.iso_time import iso

_PLACES = 5
"""Maximum number of messages named for each kind of flaw."""


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What was taken over."""

    path: Path
    outcome: MergeOutcome
    is_dry_run: bool

    @property
    def exit_status(self) -> int:
        """0 all, 1 nothing there, 3 all but what is named."""
        if any(one.count_left_out for one in self.outcome.channels) or self.outcome.files.left_out:
            return 3
        return 1 if self.is_empty else 0

    @property
    def is_empty(self) -> bool:
        """Whether there are no messages in it."""
        return not any(one.of for one in self.outcome.channels)

    def to_object(self) -> dict[str, Any]:
        """As JSON, with the keys of any import."""
        source, files = self.outcome.source, self.outcome.files
        channels = [_channel_object(one) for one in self.outcome.channels]
        summed: tuple[str, ...] = ("messages", "new", "same", "filled", "differing", "revisions", "replaced", "missing")
        summed += ("corrected", "sources")
        return {
            "path": str(self.path),
            "format": "telekeep",
            "sha256": source.sha256,
            "bytes": source.octets,
            "tz": None,
            "dry_run": self.is_dry_run,
            **{name: sum(one[name] for one in channels) for name in summed},
            "files": files.adopted,
            "annotations": files.texts,
            "channels": channels,
            "refused": [],
            "broken": [*files.left_out],
            "exit_status": self.exit_status,
            "archive": {**orjson.loads(source.archive), "file_bytes": files.size, "annotations": files.texts},
        }


def _channel_object(one: MergedChannel) -> dict[str, Any]:
    return {
        "channel_id": one.channel_id,
        "channel": one.name,
        "made": one.is_imported_only,
        "import_id": one.import_id,
        "newest": None,
        "imported_before": one.imported_before,
        "messages": one.of,
        "new": one.new,
        "same": one.same,
        "filled": 0,
        "differing": one.changed,
        "revisions": one.revisions,
        "replaced": 0,
        "missing": one.deleted,
        "files": 0,
        "annotations": 0,
        "corrected": 0,
        "sources": 0,
        "learned": None,
        "attached": 0,
        "flaws": [
            {"what": what, "count": count, "places": places, "note": False, "fatal": False}
            for what, count, places in _group_flaws(one)
        ],
        "merged": {
            "returned": one.returned,
            "captures": one.captures,
            "whole": one.proves,
            "synced_at": iso(one.synced_at),
        },
    }


def _group_flaws(one: MergedChannel) -> Iterator[tuple[str, int, list[str]]]:
    counts = Counter(flaw.what for flaw in one.left_out)
    for what, count in counts.items():
        ids = [flaw.message_id for flaw in one.left_out if flaw.what == what]
        yield what, count, [f"message {number}" for number in ids[:_PLACES] if number is not None]
    if one.unlisted:
        yield "further messages were left out", one.unlisted, []


def report_merge(result: MergeReport) -> None:
    """Say what was taken over."""
    for one in result.outcome.channels:
        label = terminal_safe(one.label)
        output.note(f"{label}: {_brought(one, dry=result.is_dry_run)}")
        for line in _remarks(one, dry=result.is_dry_run):
            output.note(f"{label}: {line}")
        for what, count, places in _group_flaws(one):
            more = ", ..." if count > len(places) and places else ""
            where = f" ({', '.join(places)}{more})" if places else ""
            output.warn(terminal_safe(f"{one.label}: {figures.count(count, 'message')} left out: {what}{where}."))
    _report_files(result)
    report_end(result.path, is_empty=result.is_empty, is_dry_run=result.is_dry_run)


def _report_files(result: MergeReport) -> None:
    files = result.outcome.files
    verb = "would be copied" if result.is_dry_run else "copied"
    if files.adopted:
        texts = f", with {figures.count(files.texts, 'text')} that programs made of them" if files.texts else ""
        output.note(f"{figures.count(files.adopted, 'file')} {verb} ({figures.size(files.size)}){texts}")
    elif files.texts:
        output.note(f"{figures.count(files.texts, 'text')} that programs made of files {verb}")
    for line in files.left_out:
        output.warn(terminal_safe(f"file not copied: {line}."))
    if files.unlisted:
        output.warn(f"{figures.count(files.unlisted, 'further file')} not copied.")


def _brought(one: MergedChannel, *, dry: bool) -> str:
    return describe_brought(one.of, _parts(one), is_change=one.is_change, is_dry_run=dry)


def _parts(one: MergedChannel) -> Iterator[str]:
    yield f"{figures.count(one.new, 'message')} new"
    if one.same:
        yield f"{figures.number(one.same)} known"
    if one.changed:
        yield f"{figures.number(one.changed)} updated"
    if one.revisions:
        yield figures.count(one.revisions, "earlier content")
    if one.deleted:
        doubt = f" ({figures.number(one.if_posted)} of them if posted as imported)" if one.if_posted else ""
        yield f"{figures.number(one.deleted)} now known to be deleted or no longer visible{doubt}"
    if one.returned:
        yield f"{figures.number(one.returned)} back after a deletion"
    if one.described and not one.added:
        yield "names or descriptions added"
    if one.captures and not one.added:
        yield f"{figures.count(one.captures, 'answer')} of its log"


def _remarks(one: MergedChannel, *, dry: bool) -> Iterator[str]:
    if one.count_left_out:
        yield "some messages are left out, so nothing is taken over about those missing there"
    if one.is_imported_only and one.added and one.of:
        username = None if one.name == str(one.channel_id) else one.name
        mirrored = how_to_mirror(username, "mirrors it" if one.synced_at is None else "continues from there")
        as_of = None if one.synced_at is None else (Moments().at if output.is_terminal() else iso)(one.synced_at)
        yield describe_kept_as_imported(mirrored, as_of=as_of, is_dry_run=dry)
