"""The first line of a card, and lines of mixed direction: a right-to-left title must not reorder its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from archiver.cli.terminal import isolate, terminal_safe
from archiver.cli.view.prose import keep_together
from archiver.cli.view.wrapping import wrap
from archiver.model.row import ChannelName

if TYPE_CHECKING:
    from rich.text import Text

_OPENING, _FSI, _PDI = "\u2066\u2067\u2068", "\u2068", "\u2069"


def called(channel: ChannelName) -> str:
    """The alias if one is set, since people type that; else the username or the id."""
    return channel.alias or channel.name


def heading(title: str, address: str, columns: int) -> Iterator[Text]:
    """Title and address, on a line each if they do not fit on one."""
    from rich.text import Text

    name, place = Text(terminal_safe(title), style="bold"), Text(terminal_safe(address), style="cyan")
    # Joined before it is measured: a joiner at the end of a title takes the next sign's width.
    whole = Text.assemble(Text(isolate(name.plain), style="bold"), "  ", Text(isolate(place.plain), style="cyan"))
    if whole.cell_len <= columns:
        yield whole
        return
    yield from wrap(name, columns)
    yield place


def wrap_prose(text: Text, columns: int) -> Iterator[Text]:
    """Wrap our own words, which may quote others': never within a date, and each line with its own isolates."""
    from rich.text import Text

    kept = Text(keep_together(text.plain), spans=text.spans, style=text.style)
    for line in wrap(kept, columns):
        whole = Text(line.plain.replace("\u00a0", " "), spans=line.spans, style=line.style)
        yield balanced(whole)


def balanced(line: Text) -> Text:
    """Close and reopen the isolates that wrapping split across lines."""
    from rich.text import Text

    depth = lowest = 0
    for char in line.plain:
        depth += (char in _OPENING) - (char == _PDI)
        lowest = min(lowest, depth)
    return Text.assemble(_FSI * -lowest, line, _PDI * (depth - lowest))
