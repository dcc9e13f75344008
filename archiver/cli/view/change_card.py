"""Changes on a terminal: under the day on which they were noticed, each with time, kind, address and what changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from archiver.cli.terminal import is_clean_link, isolate, line_isolates, terminal_safe
from archiver.cli.view.deletions import describe_how
from archiver.cli.view.figures import number
from archiver.cli.view.heading import called, wrap_prose
from archiver.cli.view.import_words import describe_claim
from archiver.cli.view.moments import Moments
from archiver.cli.view.wrapping import text_width
from archiver.ids import ChannelId
from archiver.model.difference import say_differences
from archiver.reading.change import Change
from archiver.reading.word_diff import diff, excerpt, mark
from archiver.store.channels.channel import Mirrored

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_INDENT = 4
_LISTED = 5
"""Maximum number of channels named if nothing was noticed."""
_WORDS = {"missing": "DELETED"}
_STYLES = {"missing": "bold red", "edited": "yellow", "differs": "yellow", "returned": "green"}


class ChangePrinter:
    """Prints changes, newest first, with a heading for each day."""

    def __init__(self, console: Console, moments: Moments) -> None:
        self._console = console
        self._moments = moments
        self._day = ""

    def show(self, change: Change) -> None:
        """Print one change."""
        day = self._moments.day(change.at)
        if day != self._day:
            if self._day:
                self._console.print()
            self._console.print(day, style="bold")
            self._day = day
        for line in describe_change(change, self._moments, text_width(self._console.width)):
            self._console.print(line, soft_wrap=True)


def describe_change(change: Change, moments: Moments, width: int) -> Iterator[Text]:
    """The lines of one change."""
    from rich.style import Style
    from rich.text import Text

    url = change.permalink
    head = Text(f"  {moments.clock(change.at)}  ", style="dim")
    head.append(f"{_WORDS.get(change.kind, change.kind):<8}  ", style=f"not dim {_STYLES.get(change.kind, 'bold')}")
    link = Style(dim=False, link=url) if url and is_clean_link(url) else Style(dim=False)
    head.append(isolate(terminal_safe(_address(change))), style=link)
    yield head
    for text, style in _details(change, moments):
        for line in wrap_prose(Text(text, style=style), width - _INDENT):
            yield Text.assemble(" " * _INDENT, line)


def _address(change: Change) -> str:
    name = called(change.channel)
    return name if change.message_id is None else f"{name}/{change.message_id}"


def _details(change: Change, moments: Moments) -> Iterator[tuple[str, str]]:
    if change.kind == "differs" and change.import_file is not None:
        yield f"the other content is from {describe_claim(change.import_file)}", "dim"
    if change.kind == "missing" and change.import_file is not None:
        by = describe_claim(change.import_file)
        yield f"by then ({describe_how(change.how)}), if it was posted as {by} says", "dim"
    elif change.kind == "missing" and change.last_seen is not None:
        yield f"{moments.between(change.last_seen, change.at, next_to=change.at)}, {describe_how(change.how)}", "dim"
    elif change.last_seen is not None:
        yield f"last seen before its deletion {moments.short(change.last_seen)}", "dim"
    if change.kind in ("edited", "differs"):
        yield from ((said, "") for said in _describe_edit(change))
    elif change.content:
        yield terminal_safe(change.content), ""


def _describe_edit(change: Change) -> Iterator[str]:
    """The differences, one per line; untrusted text is isolated, so that it cannot reorder the rest."""
    before, after = str(change.old or ""), str(change.new or "")
    said = say_differences(change.differences, text_changed=before != after, safe=_isolated)
    yield from said
    if before != after:
        marked = mark(excerpt(diff(before, after)), terminal_safe)
        start, end = line_isolates(marked)
        yield f"text: {start}{marked}{end}"
    elif not said:
        yield _isolated(change.description)


def _isolated(text: str) -> str:
    return isolate(terminal_safe(text))


class ChangeScope(NamedTuple):
    """Where and when changes were scope for."""

    channels: Sequence[Mirrored]
    first_reads: Mapping[ChannelId, int]
    """When each channel was first read on Telegram; earlier changes cannot be noticed."""
    kinds: Collection[str]
    """Set if only some were requested."""
    is_bounded: bool
    """Whether dates were given."""


def describe_none(scope: ChangeScope, moments: Moments) -> str:
    """Say that no changes were noticed, in which channels, since when and up to when."""
    if not scope.channels:
        return "no changes: no channel is archived yet; add one: `telekeep add @name`"
    of_kind = f" of kind {', '.join(sorted(map(word_of, scope.kinds)))}" if scope.kinds else ""
    within = " within these dates" if scope.is_bounded else ""
    names = [channel.alias or channel.label for channel in scope.channels]
    more = f" and {number(len(names) - _LISTED)} more" if names[_LISTED:] else ""
    return f"no changes{of_kind} noticed{within} in {', '.join(names[:_LISTED])}{more}: {_watched(scope, moments)}"


def word_of(kind: str) -> str:
    """The kind in words."""
    return "deleted" if kind == "missing" else kind


def _watched(scope: ChangeScope, moments: Moments) -> str:
    begun = [one for one in scope.channels if one.channel_id in scope.first_reads]
    if not begun:
        alone = all(one.imported_only for one in scope.channels)
        return "known only from imports, never read" if alone else "nothing was read yet; telekeep sync reads it"
    starts = [scope.first_reads[one.channel_id] for one in begun]
    ended = [one.last_sync_at for one in begun if one.last_sync_at is not None]
    first, last = moments.at(min(starts)), moments.at(max(starts))
    since = f"read since {first}{f' (the last of them since {last})' if last != first else ''}"
    until = f", up to date as of {moments.at(min(ended))}" if len(ended) == len(begun) else ""
    behind, unread = len(begun) - len(ended), len(scope.channels) - len(begun)
    late = f", {number(behind)} of them never up to date" if behind else ""
    return f"{since}{until}{late}{f'; {number(unread)} never read' if unread else ''}"
