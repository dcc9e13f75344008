"""Tables for a terminal of any width: columns are dropped in a set order, and cells are cut last.

Nothing wraps. A column that may be cut says down to which width; a column that may go says in which order. What people
cannot do without (a channel's name, a date) is cut only if the terminal is narrower than that alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, set_cell_size

from archiver.cli import output, screen
from archiver.cli.terminal import fold_note, isolate, terminal_safe

if TYPE_CHECKING:
    from archiver.store.channels.channel import Mirrored

_UNBOUNDED = 100_000
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_GAP = 2
"""Cells between two columns."""
_TITLE = 24
"""Cells of a title that stands for a name."""
_LEAST = 4
"""Minimum width in cells; nothing is cut further, however narrow the terminal."""


class Column(NamedTuple):
    """A column of a table for people."""

    header: str
    """May have two lines."""
    right: bool = False
    drop_order: int = 0
    """Order in which columns are dropped: 1 first; 0: never."""
    least: int = 0
    """Width to which cells may be cut before a column is dropped; 0: not cut."""


def lay_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> tuple[list[str], list[list[str]]]:
    """The lines of the header, and the cells of each row padded to columns that fit into `width` together."""
    natural = [_natural(column, [row[at] for row in rows]) for at, column in enumerate(columns)]
    chosen = _choose(columns, natural, width)
    widths = _cut(columns, natural, chosen, width)
    heads = [columns[at].header.split("\n") for at in chosen]
    depth = max(map(len, heads), default=0)
    lines = [
        [_pad(head[line - depth] if depth - line <= len(head) else "", columns[at], widths[at]) for at, head in pairs]
        for line in range(depth)
        for pairs in [list(zip(chosen, heads, strict=True))]
    ]
    cells = [[_pad(row[at], columns[at], widths[at]) for at in chosen] for row in rows]
    return [_join(line) for line in lines], cells


def draw(columns: Sequence[Column], rows: Sequence[Sequence[str]], *, wide: bool = False) -> Iterator[str]:
    """The lines of a table on a terminal, within its width unless `wide`."""
    safe = [[terminal_safe(cell) for cell in row] for row in rows]
    heads, cells = lay_out(columns, safe, _UNBOUNDED if wide else screen.columns())
    for head in heads:
        yield f"\x1b[1m{head}\x1b[0m" if output.use_colour() else head
    for row in cells:
        yield _join([isolate(cell) for cell in row])


def print_grid(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, wide: bool = False) -> None:
    """Print a table on a terminal."""
    for line in draw(columns, list(rows), wide=wide):
        output.line(line)


def print_whole(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on a terminal, and name the columns for which there is no room."""
    print_grid(columns, rows)
    if missing := list_dropped(columns, rows, screen.columns()):
        print_sentences([f"(no room for: {', '.join(missing)}; --json has them.)"])


def list_dropped(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """The headers of columns that have something to show, and do not fit."""
    natural = [_natural(column, [row[at] for row in rows]) for at, column in enumerate(columns)]
    chosen = _choose(columns, natural, width)
    return [
        column.header.replace("\n", " ")
        for at, column in enumerate(columns)
        if at not in chosen and any(row[at] for row in rows)
    ]


def name_cell(channel: Mirrored) -> str:
    """A channel's name, never cut; of one that has only its id, the beginning of its title, too."""
    if channel.label == channel.name:
        return channel.name
    title = terminal_safe(channel.title)
    if cell_len(title) > _TITLE:
        title = f"{set_cell_size(title, _TITLE - 1).rstrip()}…"
    return f"{title} ({channel.name})"


def print_sentences(lines: Iterable[str]) -> None:
    """Print sentences on a terminal, each broken between words only."""
    for line in lines:
        for part in fold_note(terminal_safe(line), screen.columns()):
            output.line(isolate(part))


def visible_width(line: str) -> int:
    """Cells of a line that may be styled."""
    return cell_len(_STYLE.sub("", line))


def _join(cells: Sequence[str]) -> str:
    return (" " * _GAP).join(cells).rstrip()


def _natural(column: Column, cells: Sequence[str]) -> int:
    return max(map(cell_len, (*column.header.split("\n"), *cells)))


def _choose(columns: Sequence[Column], natural: Sequence[int], width: int) -> list[int]:
    """Choose the columns to show, with cells cut as far as allowed."""
    least = [
        min(found, column.least) if column.least else found for column, found in zip(columns, natural, strict=True)
    ]
    chosen = list(range(len(columns)))
    for at in _going(columns):
        if sum(least[one] + _GAP for one in chosen) - _GAP <= width:
            break
        chosen.remove(at)
    return chosen


def _going(columns: Sequence[Column]) -> Iterator[int]:
    yield from sorted(
        (at for at, column in enumerate(columns) if column.drop_order), key=lambda at: columns[at].drop_order
    )


def _cut(columns: Sequence[Column], natural: Sequence[int], chosen: Sequence[int], width: int) -> dict[int, int]:
    """Widths that fit: cut the widest column that may be cut, and the first column last."""
    widths = {at: natural[at] for at in chosen}
    for down_to in ({at: columns[at].least for at in chosen if columns[at].least}, dict.fromkeys(chosen[:1], _LEAST)):
        excess = sum(widths.values()) + _GAP * (len(widths) - 1) - width
        while excess > 0 and (wide := [at for at in down_to if widths[at] > down_to[at]]):
            widths[max(wide, key=lambda at: widths[at])] -= 1
            excess -= 1
    return widths


def _pad(cell: str, column: Column, width: int) -> str:
    length = cell_len(cell)
    if length > width:
        cell = f"{set_cell_size(cell, width - 1).rstrip()}…"
        length = cell_len(cell)
    space = " " * (width - length)
    return space + cell if column.right else cell + space
