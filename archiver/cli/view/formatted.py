"""The text of a message with its formatting on a terminal: bold, links, quotes with a bar, code blocks indented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from archiver.cli.terminal import is_clean_link, terminal_safe
from archiver.cli.view.wrapping import wrap
from archiver.formatting.terminal_writer import StyledRun, to_lines

if TYPE_CHECKING:
    from rich.style import Style
    from rich.text import Text

_STYLES = {
    "bold": "bold",
    "italic": "italic",
    "underline": "underline",
    "strike": "strike",
    "code": "cyan",
    "pre": "cyan",
    "spoiler": "dim",
    "diff_insert": "green",
    "diff_delete": "red",
}


def format_text(text: str, entities: str, width: int) -> Iterator[Text]:
    """The lines of a text, wrapped; characters that could harm the terminal are made visible."""
    from rich.text import Text

    for line in to_lines(text, entities):
        styled = Text.assemble(*((terminal_safe(run.text, multiline=True), _style(run)) for run in line.runs))
        for part in wrap(styled, width - len(line.indent)):
            yield Text.assemble((line.indent, "dim"), part) if line.indent else part


def _style(run: StyledRun) -> Style:
    from rich.style import Style

    style = Style.parse(" ".join(_STYLES[kind] for kind in sorted(run.kinds) if kind in _STYLES))
    return style + Style(link=run.url) if run.url and is_clean_link(run.url) else style
