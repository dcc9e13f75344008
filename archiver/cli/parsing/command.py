"""Find a command by its words, import its module, and read what it accepts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

from archiver.cli.parsing.nearest import did_you_mean
from archiver.cli.parsing.parameters import Parameter, read_signature
from archiver.cli.parsing.prose import Manual, read_manual
from archiver.cli.parsing.scan import CommandLine, Parsed
from archiver.errors import UsageError

Table: TypeAlias = Mapping[str, tuple[str, str, str]]
"""Section, module and one line for the list, by name."""


class Command:
    """A command, or a group of them."""

    def __init__(self, name: str, module: ModuleType) -> None:
        self.name = name
        """Without the program's."""
        self.table: Table = getattr(module, "SUBCOMMANDS", {})
        """Of a group."""
        self.exit_status: Mapping[int, str] = module.EXIT_STATUS
        self.function: Callable[..., Any] = module.command
        self._text: str = getattr(module, "HELP", None) or self.function.__doc__ or ""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its parameters."""
        return read_signature(self.function)

    @property
    def manual(self) -> Manual:
        """The text of its help."""
        return read_manual(self._text)

    def parse(self, words: Sequence[str]) -> Parsed:
        """Read its command line. Raises UsageError and HelpWantedError."""
        plainest = sorted(self.manual.examples, key=lambda one: (one.count(" -"), len(one)))
        return CommandLine(self.name, self.parameters, examples=plainest).read(words)


def find_command(table: Table, words: Sequence[str]) -> tuple[Command, list[str]]:
    """The command that the words start with, and the remaining words. Raises UsageError for an unknown one."""
    name, rest = words[0], list(words[1:])
    command = load(table, name)
    if command.table and rest and not rest[0].startswith("-"):
        inner = load(command.table, rest[0], under=name)
        return inner, rest[1:]
    return command, rest


def load(table: Table, name: str, *, under: str = "") -> Command:
    """Import a command of the table. Raises UsageError for an unknown one."""
    full = f"{under} {name}".strip()
    if name not in table:
        hint = did_you_mean(name, table, form=f"`{f'telekeep {under}'.strip()} {{}}`")
        # Not `telekeep help query`, which explains the query language.
        listing = f"telekeep {under} --help" if under else "telekeep help"
        raise UsageError(f'there is no command "{full}".', hint=hint or f"`{listing}` lists all.")
    return Command(full, import_module(table[name][1]))
