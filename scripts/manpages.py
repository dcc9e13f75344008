"""Write the man pages from the help of each command: .venv/bin/python scripts/manpages.py [DIRECTORY]

Without a directory, those of the repository (docs/man), which the wheel installs under share/man.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archiver.cli.parsing.command import Command
    from archiver.cli.parsing.prose import Row

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "man"
DATE = "2026-11-30"
WIDTH = 78
TOPICS = {"query": "telekeep-query-language.7", "dates": "telekeep-dates.7", "settings": "telekeep-settings.5"}
ABOUT = {
    "query": "the query language of telekeep",
    "dates": "how to write dates, ranges and time zones for telekeep",
    "settings": "the settings of telekeep",
}
_CODE = re.compile(r"`([^`\n]+)`")
_SIGNS = str.maketrans({"\\": r"\e", "-": r"\-", "~": r"\(ti", "^": r"\(ha", "'": r"\(aq", "`": r"\(ga"})


def render() -> dict[str, str]:
    """The pages by file name."""
    from archiver.cli.parsing.command import load
    from archiver.cli.table import COMMANDS, PROGRAM

    pages = {f"{PROGRAM}.1": _page(f"{PROGRAM}.1", _overview())}
    for name in COMMANDS:
        command = load(COMMANDS, name)
        found = [command, *(load(command.table, part, under=name) for part in command.table)]
        pages |= {file: _page(file, _command(one)) for one in found for file in [f"{_name(one.name)}.1"]}
    pages |= {file: _page(file, _topic(name)) for name, file in TOPICS.items()}
    return pages


def _name(command: str) -> str:
    return f"telekeep-{command.replace(' ', '-')}"


def _page(file: str, lines: Iterable[str]) -> str:
    name, _, section = file.rpartition(".")
    head = f'.TH {name.upper()} {section} {DATE} telekeep "telekeep"'
    return "\n".join([r".\" Made by scripts/manpages.py from the help; do not edit.", head, *lines]) + "\n"


def _overview() -> Iterator[str]:
    from archiver.cli.parsing.global_options import global_options
    from archiver.cli.table import COMMANDS
    from archiver.cli.view.help_page import option_row
    from archiver.cli.view.topics import ENVIRONMENT, EXIT_STATUS

    yield from _head("telekeep", "archive public Telegram channels completely; find, verify, export")
    yield from (".B telekeep", "[options] COMMAND ...")
    yield ".SH COMMANDS"
    for section in dict.fromkeys(section for section, _, _ in COMMANDS.values()):
        yield f".SS {section}"
        for name, (kind, _, line) in COMMANDS.items():
            if kind == section:
                yield from _item(f"telekeep {name}", line)
    yield from _list("OPTIONS", map(option_row, global_options()))
    yield from _list("ENVIRONMENT", ENVIRONMENT)
    yield from _list("EXIT STATUS", ((str(status), meaning) for status, meaning in EXIT_STATUS.items()))
    also = [f"{_name(name)}.1" for name in COMMANDS] + list(TOPICS.values())
    yield from _see_also(also)


def _command(command: Command) -> Iterator[str]:
    from archiver.cli.view.help_page import option_row, usage

    manual = command.manual
    summary = manual.summary.rstrip(".")
    yield from _head(_name(command.name), summary[0].lower() + summary[1:])
    synopsis = " ".join(usage(command, 10_000)).removeprefix("Usage: ").removeprefix(f"telekeep {command.name}")
    yield from (f".B telekeep {command.name}", _text(synopsis.strip()))
    yield from (".SH DESCRIPTION", _text(manual.summary))
    for paragraph in manual.paragraphs:
        if isinstance(paragraph, str):
            yield from (".PP", _text(paragraph))
        else:
            for term, meaning in paragraph:
                yield from _item(term, meaning) if meaning else (".PP", _text(term))
    yield from _list("COMMANDS", ((name, line) for name, (_, _, line) in command.table.items()))
    yield from _list("ARGUMENTS", ((one.metavar, one.help) for one in command.parameters if not one.flags))
    yield from _list("OPTIONS", (option_row(one) for one in command.parameters if one.flags))
    yield from _list("EXIT STATUS", ((str(status), meaning) for status, meaning in command.exit_status.items()))
    yield from (".SH EXAMPLES", *_verbatim(manual.examples))
    yield from _see_also(["telekeep.1", *(f"{_name(f'{command.name} {part}')}.1" for part in command.table)])


def _topic(name: str) -> Iterator[str]:
    from archiver.cli.view.topics import topic

    yield from _head(TOPICS[name].rpartition(".")[0], ABOUT[name], synopsis=False)
    yield from (".SH DESCRIPTION", *_verbatim(topic(name, WIDTH)))
    yield from _see_also(["telekeep.1", "telekeep-search.1"])


def _head(name: str, about: str, *, synopsis: bool = True) -> Iterator[str]:
    yield from (".SH NAME", rf"{_text(name)} \- {_text(about)}")
    if synopsis:
        yield ".SH SYNOPSIS"


def _list(title: str, rows: Iterable[Row]) -> Iterator[str]:
    rows = list(rows)
    if rows:
        yield f".SH {title}"
        for term, meaning in rows:
            yield from _item(term, meaning)


def _item(term: str, meaning: str) -> Iterator[str]:
    yield from (".TP", rf"\fB{_text(term)}\fR", _text(meaning))


def _verbatim(lines: Iterable[str]) -> Iterator[str]:
    yield from (".nf", *map(_text, lines), ".fi")


def _see_also(files: Iterable[str]) -> Iterator[str]:
    named = (rf"\fB{_text(name)}\fR({section})" for name, _, section in (file.rpartition(".") for file in files))
    yield from (".SH SEE ALSO", ", ".join(named))


def _text(text: str) -> str:
    parts = _CODE.split(text.rstrip())
    whole = "".join(
        rf"\fB{part.translate(_SIGNS)}\fR" if at % 2 else part.translate(_SIGNS) for at, part in enumerate(parts)
    )
    return rf"\&{whole}" if whole.startswith(".") or not whole else whole


def write(directory: Path) -> None:
    """Write the pages, and remove those of commands that are gone."""
    directory.mkdir(parents=True, exist_ok=True)
    pages = render()
    for old in directory.glob("telekeep*.[157]"):
        if old.name not in pages:
            old.unlink()
    for name, page in pages.items():
        (directory / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGES)
