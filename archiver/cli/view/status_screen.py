"""How `telekeep status` is shown: a report on a terminal, lines in a pipe, JSON; once, or repeatedly."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import tzinfo

from archiver.cli import output, screen
from archiver.cli.view import prose
from archiver.cli.view.grid import visible_width
from archiver.cli.view.moments import Moments
from archiver.cli.view.shape import Shape
from archiver.cli.view.status_channel import draw_channel
from archiver.cli.view.status_data import StatusReport
from archiver.cli.view.status_foot import describe_archive, describe_rest
from archiver.cli.view.status_json import channel_object, status_object
from archiver.cli.view.status_problems import find_problems
from archiver.cli.view.status_table import draw_table, list_tsv

_ALIKE = 8
"""Maximum number of problems shown on a terminal; the others are counted."""
_TOP, _CLEAR, _REST, _END = "\x1b[H", "\x1b[2J", "\x1b[J", "\x1b[K"
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"


@dataclass(slots=True, kw_only=True)
class StatusScreen:
    """Shows the status, and remembers what it showed last."""

    shape: Shape
    wide: bool
    zone: tzinfo
    single: bool
    """Whether a single channel was given."""
    shown: list[tuple[object, ...]] = field(default_factory=list)
    """The rows printed last."""

    def show(self, status: StatusReport) -> None:
        """Show it once."""
        moments = Moments(self.zone, status.now)
        if self.shape == "json":
            output.json(status_object(status))
        elif self.shape == "jsonl":
            for channel in status.channels:
                output.jsonl(channel_object(channel))
        elif output.is_terminal():
            for line in self._draw(status, moments):
                output.line(line)
        else:
            for row in list_tsv(status.channels, moments, wide=self.wide):
                output.tsv(*row)
            self._note(status, moments)

    def update(self, status: StatusReport) -> None:
        """Show it again: in place on a terminal, only what changed in a pipe."""
        moments = Moments(self.zone, status.now)
        if self.shape == "people" and _can_redraw():
            self._redraw(list(self._draw(status, moments)))
        elif self.shape == "json":
            output.jsonl(status_object(status))
        else:
            rows = list_tsv(status.channels, moments, wide=self.wide)
            for row, channel in zip(rows, status.channels, strict=True):
                if row not in self.shown:
                    output.tsv(*row) if self.shape == "people" else output.jsonl(channel_object(channel))
            self.shown = rows
        sys.stdout.flush()

    @contextmanager
    def redrawing(self) -> Iterator[None]:
        """Prepare the terminal for `update`, and leave it as it was."""
        redraws = self.shape == "people" and _can_redraw()
        if redraws:
            sys.stdout.write(f"{_HIDE}{_CLEAR}")
        try:
            yield
        finally:
            if redraws:
                sys.stdout.write(_SHOW)
                sys.stdout.flush()

    def _redraw(self, lines: list[str]) -> None:
        most = max(screen.rows() - 1, 2)
        if len(lines) > most:
            lines = [*lines[: most - 1], f"... {len(lines) - most + 1:,} more lines: make the window taller"]
        sys.stdout.write(_TOP + "".join(f"{line}{_END}\n" for line in lines) + _REST)

    def _draw(self, status: StatusReport, moments: Moments) -> Iterator[str]:
        """The report on a terminal: problems first, then the channels, then the rest."""
        problems = find_problems(status, moments)
        for problem in problems[:_ALIKE]:
            yield from problem.draw()
        if more := len(problems) - _ALIKE if len(problems) > _ALIKE else 0:
            yield from prose.fold(f"{more:,} more: `telekeep status 2>&1 | less`", first="! ", style=prose.ALARM)
        if problems:
            yield ""
        if self.single:
            for channel in status.channels:
                yield from draw_channel(channel, moments)
            return
        if status.channels:
            yield from self._draw_channels(status, moments)
        else:
            yield "no channels yet; add one: `telekeep add @name`"
        if not output.is_quiet():
            yield ""
            for line in self._rest(status, moments):
                label, _, text = line.partition(": ")
                yield from prose.fold(text, first=f"{label}: ", then="  ", style=prose.DIM)

    def _draw_channels(self, status: StatusReport, moments: Moments) -> Iterator[str]:
        """A table; with --wide a card for each channel if the table is wider than the terminal."""
        lines = list(draw_table(status.channels, moments, wide=self.wide))
        if not self.wide or max(map(visible_width, lines)) <= screen.columns():
            yield from lines
            return
        for channel in status.channels:
            yield from draw_channel(channel, moments)
            yield ""

    def _note(self, status: StatusReport, moments: Moments) -> None:
        """The notes when stdout is a pipe."""
        for problem in find_problems(status, moments):
            output.note(str(problem))
        if not status.channels:
            output.note("no channels yet; add one: `telekeep add @name`")
        for line in self._rest(status, moments):
            output.note(line)

    def _rest(self, status: StatusReport, moments: Moments) -> Iterator[str]:
        yield from describe_rest(status, moments)
        troubled = {problem.what for problem in find_problems(status, moments)}
        yield from (line for line in (node.describe(moments) for node in status.index) if line not in troubled)
        yield describe_archive(status)


def _can_redraw() -> bool:
    import os

    return output.is_terminal() and os.environ.get("TERM") != "dumb"
