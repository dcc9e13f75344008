"""All keys of a row: with their values in columns on a terminal, one TSV line each in a pipe."""

from __future__ import annotations

from collections.abc import Mapping

from archiver.cli import output
from archiver.cli.terminal import line_isolates, terminal_safe
from archiver.model.row import ChannelName, Row


def print_keys(
    channel: ChannelName, row: Row, raw: Mapping[str, object] | None, *, file: str = "", differs: str = ""
) -> None:
    """Print the keys; `raw`: those of the payload, prefixed with `raw_`; `file`: the import that alone has it;
    `differs`: what imports have otherwise.
    """
    fields: dict[str, object] = {"title": channel.title, **row}
    if file:
        fields["only_in_import"] = file
    if differs:
        fields["differs"] = differs
    if raw is not None:
        fields |= {f"raw_{key}": value for key, value in raw.items()}
    text = str(fields.pop("text"))
    if output.is_terminal():
        _print_listed(fields, text)
        return
    for key, value in [*fields.items(), ("text", text)]:
        output.tsv(key, value)


def _print_listed(fields: Mapping[str, object], text: str) -> None:
    from rich.text import Text

    console = output.console()
    for key, value in fields.items():
        if value not in {None, "[]"}:
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            console.print(Text(f"{key:>14}  ", style="dim"), output.text(shown), sep="", soft_wrap=True)
    if text:
        console.print()
        for line in terminal_safe(text, multiline=True).split("\n"):
            before, after = line_isolates(line)
            console.print(f"{before}{line}{after}", soft_wrap=True)
