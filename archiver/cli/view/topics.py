"""The topics of `telekeep help`: query, dates, options, settings, exit-codes."""

from __future__ import annotations

from collections.abc import Callable

from archiver.cli.parsing.global_options import global_options
from archiver.cli.view.help_page import exit_codes, option_row, rows, wrap, wrap_example

EXIT_STATUS = {
    0: "success: done, or found",
    1: "nothing found, nothing to do, or no such message",
    2: "wrong usage, or failure",
    3: "partial success: some channels, messages or files failed",
    4: "login required",
    5: "flood wait: run again after the delay shown",
    6: "integrity failure: archived or exported data is damaged",
    130: "interrupted",
}
_DATES = (
    ("7d, 2h, 30m, 2w", "this long before now"),
    ("today, yesterday, now", "in the time zone of --tz"),
    ("2021-12-16", "a day: all of it, in the time zone of --tz, even when the clocks change"),
    ("2021-12, 2021", "a month, a year"),
    ("2021-12-16T10:30", "a time, with or without seconds; Z or +03:00 at the end overrides --tz"),
    ("@1639612800", "a time in unix seconds"),
    ("A..B, A.., ..B", "a range, for --on and on: in a query; the last day is included"),
)
_OPTIONS = (
    ("--since DATE", "from the start of DATE on"),
    ("--until DATE", "to the end of DATE: a day, month or year is included, a time is not"),
    ("--on DATE", "all of DATE, or a range"),
    ("--tz ZONE", "a name such as Asia/Baghdad, an offset such as +03:00, or UTC; default: [display] tz, else UTC"),
)
_DATE_EXAMPLES = (
    "telekeep search convoy --since 7d",
    "telekeep search 'convoy on:2021-12' --tz Asia/Baghdad",
    "telekeep export --on 2021-12-16..2021-12-18 --tz Europe/Kyiv -o days.csv",
)
ENVIRONMENT = (
    ("TELEKEEP_CONFIG", "the configuration file, like --config"),
    ("TELEKEEP_LOG", "error, warning, info or debug"),
    ("TELEKEEP_SECTION__KEY", "a setting, such as TELEKEEP_ARCHIVE__DIR; it overrides the file"),
    ("NO_COLOR", "no colours"),
    ("COLUMNS", "the width of the output"),
)


def guide(width: int) -> list[str]:
    """The query language."""
    from search.query.guide import sections

    lines: list[str] = []
    for section in sections():
        lines += [*([""] if lines else []), f"{section.title}:"]
        lines += rows(section.examples, width, 2)
        lines += [line for note in section.notes for line in wrap(note, width, 2)]
    return lines


def dates(width: int) -> list[str]:
    """How to write dates."""
    examples = [line for example in _DATE_EXAMPLES for line in wrap_example(example, width)]
    lines = ["Examples:", *examples, "", "Dates:", *rows(_DATES, width, 2), "", "Options:", *rows(_OPTIONS, width, 2)]
    return [*lines, "", *wrap("Digits of all scripts are accepted. Other forms, such as 16.12.21, are rejected"
                              " because people read them differently.", width)]  # fmt: skip


def options(width: int) -> list[str]:
    """The options of every command."""
    given = [*map(option_row, global_options()), ("-h, --help", "Show the help of the command.")]
    lines = ["Options of every command:", *rows(given, width, 2)]
    return [*lines, "", "Environment:", *rows(ENVIRONMENT, width, 2)]


def settings(width: int) -> list[str]:
    """All settings, by section."""
    from config.fields import list_sections

    lines = wrap(
        "One file is read, in TOML: that of --config, else of TELEKEEP_CONFIG, else ./telekeep.toml, else telekeep.toml"
        " in the user's configuration directory (Linux: ~/.config/telekeep). docs/telekeep.example.toml explains each.",
        width,
    )
    for name, found in list_sections():
        lines += ["", f"[{name}]", *rows(found.items(), width, 2)]
    more = "An environment variable overrides the file: TELEKEEP_ARCHIVE__DIR is dir of [archive]."
    return [*lines, "", *wrap(more, width)]


TOPICS: dict[str, Callable[[int], list[str]]] = {
    "query": guide,
    "dates": dates,
    "options": options,
    "settings": settings,
    "exit-codes": lambda width: exit_codes(EXIT_STATUS, width),
}


def topic(name: str, width: int) -> list[str]:
    """The lines of a topic."""
    return TOPICS[name](width)
