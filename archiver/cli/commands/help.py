"""`telekeep help`: the first screen, the help of a command, and topics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from archiver.cli.parsing.command import Command, find_command
from archiver.cli.parsing.nearest import did_you_mean
from archiver.cli.parsing.parameters import Argument, CommandContext
from archiver.cli.table import COMMANDS
from archiver.errors import UsageError

EXIT_STATUS = {0: "done", 2: "no such command or topic"}


def command(
    context: CommandContext,
    words: Annotated[list[str] | None, Argument(metavar="COMMAND | TOPIC", help="A command or a topic.")] = None,
) -> int:
    """Show the help of a command, or explain a topic.

    \b
    Examples:
      telekeep help
      telekeep help search
      telekeep help index rebuild
      telekeep help query
      telekeep help dates

    \b
    Topics:
    query       the query language of search, with all filters
    dates       how to write dates, times, ranges and time zones
    options     the options of every command
    settings    the settings file and what can be set
    exit-codes  the exit statuses, for scripts
    """
    from archiver.cli.view.help_page import command_page, overview, page_width, show
    from archiver.cli.view.topics import TOPICS, topic

    width = page_width()
    if not words:
        lines = overview(COMMANDS, width)
    elif len(words) == 1 and words[0] in TOPICS:
        lines = topic(words[0], width)
    else:
        lines = command_page(_find(words, TOPICS), width)
    show(lines)
    return 0


def _find(words: list[str], topics: Iterable[str]) -> Command:
    if words[0] not in COMMANDS:
        hint = did_you_mean(words[0], [*COMMANDS, *topics], form="`telekeep help {}`")
        raise UsageError(f'there is no command or topic "{words[0]}".', hint=hint or "`telekeep help` lists them.")
    command, rest = find_command(COMMANDS, words)
    if rest:
        raise UsageError(f'there is no help for "{" ".join(words)}".', hint=f"See `telekeep help {command.name}`.")
    return command
