"""Completion candidates for a word of a command line: commands, options, and their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from archiver.cli.completion import values
from archiver.cli.completion.candidate import FILES, Candidate
from archiver.cli.parsing.command import Command, Table, load
from archiver.cli.parsing.global_options import global_options
from archiver.cli.parsing.parameters import Parameter
from archiver.cli.table import COMMANDS

__all__ = ["FILES", "Candidate", "list_candidates"]

_BY_METAVAR: Mapping[str, Callable[[str], Iterable[Candidate]]] = {
    "CHANNEL": values.channels,
    "CHANNEL/ID": values.messages,
    "CHANNEL|CHANNEL/ID": values.channels,
    "POLICY": values.policies,
    "KIND=SIZE": values.caps,
    "QUERY": values.queries,
    "ZONE": values.zones,
    "DATE": values.dates,
    "DAY": values.dates,
    "KIND": values.kinds,
    "WHAT": values.facets,
    "FORMAT": values.search_formats,
    "A,B": values.fields,
    "ACCOUNT[:METHOD]": values.accounts,
    "COMMAND | TOPIC": values.topics,
    "FILE": values.files,
    "PATH": values.files,
    "DIR": values.files,
}
_BY_FLAG: Mapping[str, Callable[[str], Iterable[Candidate]]] = {"--account": values.accounts, "--to": values.accounts}


class _Cursor(NamedTuple):
    """Where the cursor is in a command."""

    option: Parameter | None = None
    """The option whose value is typed."""
    place: int = 0
    """Number of preceding arguments."""
    only_words: bool = False
    """Whether `--` precedes the word."""


def list_candidates(before: Sequence[str], current: str) -> Iterable[Candidate]:
    """The candidates; some may not start with `current`."""
    before = list(before)
    options = global_options()
    while before and before[0].startswith("-"):
        value_follows = any(one.takes_value and before[0] in one.flags for one in options)
        if value_follows and len(before) == 1:
            return values.files(current)
        before = before[2 if value_follows else 1 :]
    if not before:
        return _flags(options, current) if current.startswith("-") else _commands(COMMANDS)
    if before[0] not in COMMANDS:
        return ()
    command, rest = load(COMMANDS, before[0]), before[1:]
    if command.table:
        if not rest:
            return _commands(command.table)
        if rest[0] not in command.table:
            return ()
        command, rest = load(command.table, rest[0], under=command.name), rest[1:]
    return _in_command(command, rest, current)


def _in_command(command: Command, before: Sequence[str], current: str) -> Iterable[Candidate]:
    parameters = (*command.parameters, *global_options())
    cursor = _locate(parameters, before)
    if cursor.option is not None:
        return _values(cursor.option, command, current)
    flag, equals, value = current.partition("=")
    if equals and (option := _find(parameters, flag)) is not None:
        return [found.prefixed(f"{flag}=") for found in _values(option, command, value)]
    if current.startswith("-") and not cursor.only_words:
        given = set(before)
        free = [one for one in parameters if one.shape == "list" or given.isdisjoint((*one.flags, *one.off))]
        return _flags(free, current)
    arguments = [one for one in command.parameters if not one.flags]
    if not arguments:
        return ()
    taken = arguments[min(cursor.place, len(arguments) - 1)]
    if cursor.place >= len(arguments) and taken.shape != "list":
        return ()
    return _values(taken, command, current)


def _locate(parameters: Sequence[Parameter], before: Sequence[str]) -> _Cursor:
    words, place = iter(before), 0
    for word in words:
        if word == "--":
            return _Cursor(place=place + len(list(words)), only_words=True)
        if not word.startswith("-") or word == "-":
            place += 1
        elif (option := _find(parameters, word)) is not None and option.takes_value and next(words, None) is None:
            return _Cursor(option=option)
    return _Cursor(place=place)


def _find(parameters: Iterable[Parameter], flag: str) -> Parameter | None:
    return next((one for one in parameters if flag in (*one.flags, *one.off)), None)


def _values(one: Parameter, command: Command, current: str) -> Iterable[Candidate]:
    if one.choices:
        return [Candidate(choice) for choice in one.choices]
    if command.name == "query remove" and not one.flags:
        return values.saved(current)
    list_values = _BY_FLAG.get(one.flag) or _BY_METAVAR.get(one.metavar)
    return list_values(current) if list_values else ()


def _commands(table: Table) -> Iterator[Candidate]:
    return (Candidate(name, line) for name, (_, _, line) in table.items())


def _flags(parameters: Iterable[Parameter], current: str) -> Iterator[Candidate]:
    """Long flags, and short ones once a single dash is typed."""
    for one in parameters:
        for flag in (*one.flags, *one.off):
            if flag.startswith("--") or current == "-" or len(one.flags) == 1:
                yield Candidate(flag, one.help)
    yield Candidate("--help", "Show this help.")
