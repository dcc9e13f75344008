"""What to know about an imported file: its flaws, repeated ids, and differing words."""

from __future__ import annotations

from archiver.cli import output
from archiver.cli.terminal import terminal_safe
from archiver.cli.view import figures
from archiver.imports.import_outcome import FlawCounts, ImportOutcome

_SHOWN = 10
"""Maximum number of kinds of flaws to name."""
_SERIES = frozenset({"jsonl", "csv", "parquet"})
"""Formats whose files may repeat a message with later changes: `--append`."""


def report_doubts(label: str, outcome: ImportOutcome, format_name: str, *, dry: bool) -> None:
    """Say what an export repeats, and whether most of its words differ."""
    if outcome.repeated and format_name not in _SERIES:
        output.note(f"{label}: {describe_repeated(outcome.repeated, dry=dry)}")
    if number := outcome.counts.other_dates:
        output.warn(f"{label}: {describe_other_dates(number, dry=dry)}.")
    if outcome.is_reworded:
        output.warn(f"{label}: {describe_reworded(outcome)}.")


def describe_repeated(repeated: int, *, dry: bool) -> str:
    ids = "the id of 1 message twice" if repeated == 1 else f"ids of messages more than once, {repeated:,} times"
    kept = "each other content would be kept" if dry else "each other content is kept"
    return f"the file has {ids}: {kept}, the one edited last as the current (of equal edit dates, either)"


def describe_other_dates(number: int, *, dry: bool) -> str:
    """The warning that dates differ by more than a time zone explains."""
    have = "1 message has another date" if number == 1 else f"{number:,} messages have other dates"
    return (
        f"{have} in the archive, and Telegram never changes dates: either the export is wrong, or what was imported"
        f" before; `telekeep show` {'would name' if dry else 'names'} both dates"
    )


def describe_reworded(outcome: ImportOutcome) -> str:
    """The warning that most words differ: more than edits explain, though the dates match."""
    return (
        f"{outcome.reworded:,} of the {outcome.compared:,} messages that were compared have other words than the"
        " archive, more than edits usually explain: the export may have been altered, or be of another channel"
    )


def report_flaws(label: str, outcome: ImportOutcome, mixed: str | None = None) -> None:
    """Name the flaws of a chat. `mixed`: a file with several chats, whose flaws belong to none of them."""
    for flaw in list(outcome.flaws.values())[:_SHOWN]:
        say = output.note if flaw.note else output.warn
        say(f"{_label(label, flaw, mixed)}{describe_flaw(flaw)}.")


def _label(label: str, flaw: FlawCounts, mixed: str | None) -> str:
    if mixed is None or any(place.startswith("message ") for place in flaw.places):
        return f"{label}: "
    return "" if flaw.places else f"{mixed}: "


def describe_flaw(flaw: FlawCounts) -> str:
    """What is wrong, and where: the first few places."""
    if flaw.fatal or flaw.count == 1:
        return terminal_safe(f"{flaw.places[0]}: {flaw.what}" if flaw.places else flaw.what)
    places = ", ".join(flaw.places)
    more = ", ..." if flaw.count > len(flaw.places) else ""
    return terminal_safe(f"{flaw.what} ({figures.number(flaw.count)} times: {places}{more})")
