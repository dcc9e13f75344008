"""Help pages: the first screen, and the page of a command, wrapped to the terminal."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from archiver.cli import output
from archiver.cli.pager import page
from archiver.cli.table import MINOR, PROGRAM
from archiver.cli.view.wrapping import wrap_lines

if TYPE_CHECKING:
    from archiver.cli.parsing.command import Command, Table
    from archiver.cli.parsing.parameters import Parameter
    from archiver.cli.parsing.prose import Row

LEAST, MOST = 40, 110
"""Columns at which pages wrap, regardless of the terminal."""
_TERM = 28
"""Widest term, in columns, whose meaning is on the same line; a longer term gets its own line."""


def page_width() -> int:
    """The columns of a page on this terminal, to which stderr may lead if stdout is a pipe into a pager."""
    columns = shutil.get_terminal_size((0, 0)).columns
    for stream in (2, 0) if not columns else ():
        with contextlib.suppress(OSError):
            columns = columns or os.get_terminal_size(stream).columns
    return min(max(columns or 80, LEAST), MOST)


def show(lines: Iterable[str]) -> None:
    """Print a page, by a pager if it does not fit on the screen; headings are bold where there is colour."""
    with page():
        for line in lines:
            is_heading = line.endswith(":") and not line.startswith(" ")
            text = output.text(line)
            output.line(f"\x1b[1m{text}\x1b[0m" if is_heading and output.use_colour() else text)


def overview(table: Table, width: int) -> list[str]:
    """The first screen: the commands by section, one line each."""
    lines = [*wrap(f"{PROGRAM}: archive public Telegram channels completely; find, verify, export.", width), ""]
    names = [name for name in table if name not in MINOR]
    sections = dict.fromkeys(table[name][0] for name in names)
    left = max(map(len, sections)) + 2
    middle = max(map(len, names)) + 2
    for section in sections:
        heading = section
        for name in names:
            if table[name][0] == section:
                lines += _hang(f"{heading:{left}}{name:{middle}}", table[name][2], left + middle, width)
                heading = ""
    also = ", ".join(name for name in table if name in MINOR)
    lines += _hang(f"{'Also':{left}}", also, left, width)
    lines += [
        "",
        *wrap(f"More: `{PROGRAM} help COMMAND`; help query, dates, options, settings, exit-codes.", width),
    ]
    return lines


def command_page(command: Command, width: int) -> list[str]:
    """The help of one command."""
    manual = command.manual
    lines = wrap(manual.summary, width)
    lines += ["", "Examples:", *(line for example in manual.examples for line in wrap_example(example, width))]
    lines += ["", *usage(command, width)]
    for paragraph in manual.paragraphs:
        lines += ["", *(wrap(paragraph, width) if isinstance(paragraph, str) else rows(paragraph, width))]
    if command.table:
        lines += ["", "Commands:", *rows([(name, line) for name, (_, _, line) in command.table.items()], width, 2)]
    arguments = [(one.metavar, one.help) for one in command.parameters if not one.flags]
    if any(meaning for _, meaning in arguments):
        lines += ["", "Arguments:", *rows(arguments, width, 2)]
    options = [option_row(one) for one in command.parameters if one.flags]
    lines += ["", "Options:", *rows([*options, ("-h, --help", "Show this help.")], width, 2)]
    return [*lines, "", *exit_codes(command.exit_status, width)]


def usage(command: Command, width: int) -> list[str]:
    """The usage line."""
    parts = [_usage(one) for one in command.parameters if one.required and one.flags]
    parts += ["[options]", *(_usage(one) for one in command.parameters if not one.flags)]
    if command.table:
        parts = ["COMMAND ..."]
    head = f"Usage: {PROGRAM} {command.name} "
    return _hang(head, " ".join(parts), min(len(head), width // 2), width)


def _usage(one: Parameter) -> str:
    word = f"{one.flag} {one.metavar}" if one.flags else one.metavar
    more = f"{word}..." if one.shape == "list" else word
    return more if one.required else f"[{more}]"


def exit_codes(meanings: Mapping[int, str], width: int) -> list[str]:
    """The exit statuses and what they mean."""
    return ["Exit status:", *rows([(f"{status:3}", meaning) for status, meaning in meanings.items()], width, 2)]


def option_row(one: Parameter) -> Row:
    """An option and its meaning, with its default."""
    flags = sorted((*one.flags, *one.off), key=lambda flag: flag.startswith("--"))
    term = f"{', '.join(flags)} {one.metavar if one.takes_value else ''}".strip()
    default = one.default
    if one.required:
        return term, f"{one.help} [required]"
    is_plain = one.shape == "value" and isinstance(default, str | int) and not isinstance(default, bool)
    return term, f"{one.help} [default: {default}]" if is_plain and "default" not in one.help else one.help


def rows(pairs: Iterable[Row], width: int, indent: int = 0) -> list[str]:
    """Terms and their meanings in two columns; a long term goes above its meaning."""
    pairs = list(pairs)
    most = min(_TERM, width // 3)
    left = max((cells(term) for term, meaning in pairs if meaning and cells(term) <= most), default=0)
    lines: list[str] = []
    for term, meaning in pairs:
        start = " " * indent + term
        if not meaning:
            lines += wrap(term, width, indent)
        elif cells(term) > left:
            lines += [*wrap(term, width, indent), *wrap(meaning, width, indent + left + 2)]
        else:
            lines += _hang(start + " " * (left - cells(term) + 2), meaning, indent + left + 2, width)
    return lines


def wrap(text: str, width: int, indent: int = 0) -> list[str]:
    """Wrap a paragraph."""
    return [" " * indent + text[start:end] for start, end in wrap_lines(text, max(width - indent, 8))]


def _hang(head: str, text: str, indent: int, width: int) -> list[str]:
    """A paragraph with a hanging indent after its head."""
    if cells(head) > indent:
        return [head.rstrip(), *wrap(text, width, indent)]
    first, *more = wrap(text, width, indent)
    return [head + first[indent:], *more]


def wrap_example(example: str, width: int) -> list[str]:
    """Break a command between its words, as a shell continues it."""
    lines, line = [], "  "
    for word in _shell_words(example):
        if line.strip() and cells(line) + cells(word) + 3 > width:
            lines.append(f"{line.rstrip()} \\")
            line = "      "
        line += f"{word} "
    return [*lines, line.rstrip()]


def _shell_words(text: str) -> Iterator[str]:
    """The words of a command as written, quotes kept."""
    word, quote = "", ""
    for char in text:
        if char == " " and not quote:
            yield word
            word = ""
            continue
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        word += char
    yield word


def cells(text: str) -> int:
    """Columns on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
