"""Progress of a job on stderr: a moving line on a terminal, else a plain line from time to time, or JSON on request.

Nothing with --quiet, except for the JSON of `--progress json`. Every job shows its progress through here.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from types import TracebackType
from typing import Annotated, Any, Literal, Self, TypeAlias

from archiver.cli import output, screen
from archiver.cli.parsing.parameters import Option
from archiver.cli.terminal import isolate, terminal_safe
from archiver.cli.view import figures
from archiver.cli.view.measure import Measure, fit, sentence
from archiver.model.json_text import dump
from archiver.pacing.tasks import cancel_all
from archiver.pacing.throughput import Throughput

Style: TypeAlias = Literal["auto", "json"]
Medium: TypeAlias = Literal["line", "plain", "json", "nothing"]

ProgressOption: TypeAlias = Annotated[
    Style, Option("--progress", metavar="HOW", help="auto, or json: one JSON object per line on stderr.")
]

EVERY: dict[Medium, float] = {"line": 0.1, "plain": 10.0, "json": 1.0, "nothing": 0.0}
"""Seconds between two updates."""
_AFTER = 0.4
"""Seconds before a terminal shows the first progress: quicker jobs need none."""

_wanted: dict[str, Style] = {"style": "auto"}


def set_style(style: Style) -> None:
    """Set the style given by --progress."""
    _wanted["style"] = style


def choose_medium() -> Medium:
    """How progress is shown."""
    if _wanted["style"] == "json":
        return "json"
    if output.is_quiet():
        return "nothing"
    return "line" if output.is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb" else "plain"


class Progress:
    """Shows the progress of one job."""

    def __init__(self, what: str, *, unit: str = "rows", label: str | None = None) -> None:
        self._what, self._unit, self._label = what, unit, label or what
        self._medium = choose_medium()
        now = time.monotonic()
        self._speed = Throughput(now)
        self._done = self._amount = 0
        self._shown_at = now - EVERY["line"] + _AFTER if self._medium == "line" else now
        self._last: Measure | None = None
        self._drawn, self._level = "", 0
        self._open = ExitStack()

    @property
    def is_shown(self) -> bool:
        """Whether progress is shown."""
        return self._medium != "nothing"

    def __enter__(self) -> Self:
        if self._medium == "line":
            self._open.enter_context(output.above(self._erase))
            self._open.enter_context(_logs_above(self._erase))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._medium == "json" and self._last is not None:
            self._show(self._last)
        self.end()

    def begin(self, done: int) -> None:
        """Record what was done before; it does not count towards the rate."""
        self._done = done

    def end(self) -> None:
        """Erase the progress line."""
        self._erase()
        self._open.close()

    def add(self, count: int) -> None:
        """Record `count` more, of an unknown total."""
        if self._medium != "nothing":
            self.advance(self._done + count)

    def advance(
        self,
        done: int,
        total: int | None = None,
        *,
        amount: int | None = None,
        counted: str | None = None,
        label: str | None = None,
        waiting: float = 0.0,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Record progress, and show it if due.

        `amount`: the quantity for the rate, and `counted`: the same in words, if not `done`.
        """
        if self._medium == "nothing":
            return
        now, amount = time.monotonic(), done if amount is None else amount
        self._speed.add(max(amount - self._amount, 0), max(done - self._done, 0), now)
        self._done, self._amount = done, amount
        left = None if total is None else max(total - done, 0)
        measure = Measure(
            what=self._what,
            label=label or self._label,
            done=done,
            total=total,
            unit=self._unit,
            counted=counted or figures.count(done, self._unit.removesuffix("s"), self._unit),
            rate=self._speed.rate(now),
            seconds_left=self._speed.seconds_left(left, now) if left else None,
            waiting=waiting,
            more=more or {},
        )
        self._last = measure
        if now - self._shown_at >= EVERY[self._medium]:
            self._shown_at = now
            self._show(measure)

    def _show(self, measure: Measure) -> None:
        if self._medium == "json":
            self._last = None
            _write(dump(measure.as_object()).decode() + "\n")
        elif self._medium == "plain":
            output.note(sentence(measure))
        else:
            self._draw(measure)

    def _draw(self, measure: Measure) -> None:
        before, bar, after, self._level = fit(
            measure, screen.columns(sys.stderr) - 1, level=self._level, ascii_only=not _is_unicode()
        )
        if output.use_colour(sys.stderr):
            bar = f"\x1b[36m{bar}\x1b[0m" if bar else ""
        line = f"{isolate(terminal_safe(before))}{bar}{after}"
        if line != self._drawn:
            self._drawn = line
            _write(f"\r{line}\x1b[K")

    def _erase(self) -> None:
        if self._drawn:
            self._drawn = ""
            _write("\r\x1b[K")


@asynccontextmanager
async def refreshing(
    progress: Progress, refresh: Callable[[], Awaitable[None]], interval: float
) -> AsyncIterator[None]:
    """Call `refresh` every `interval` seconds inside the block, and once at its end, if progress is shown."""
    if not progress.is_shown:
        yield
        return
    repeating = asyncio.create_task(_repeat(refresh, interval))
    try:
        yield
    finally:
        await cancel_all([repeating])
        await refresh()


async def _repeat(refresh: Callable[[], Awaitable[None]], interval: float) -> None:
    while True:
        await refresh()
        await asyncio.sleep(interval)


@contextmanager
def _logs_above(erase: Callable[[], None]) -> Iterator[None]:
    """Print log records above the progress line."""

    def make_room(_: logging.LogRecord) -> bool:
        erase()
        return True

    handlers = list(logging.getLogger().handlers)
    for handler in handlers:
        handler.addFilter(make_room)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(make_room)


def _write(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _is_unicode() -> bool:
    """Whether the terminal shows more than ASCII."""
    named = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "")
    return "utf" in named.lower()
