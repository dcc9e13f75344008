"""The application: global options, then a command, which is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.cli.invocation import Invocation
from archiver.cli.parsing.command import Command, find_command
from archiver.cli.parsing.global_options import global_options
from archiver.cli.parsing.parameters import CommandContext
from archiver.cli.parsing.scan import CommandLine, HelpWantedError
from archiver.cli.table import COMMANDS, PROGRAM
from archiver.errors import Error


def run(words: Sequence[str]) -> int:
    """Run the command line. Returns the exit status. Raises what the command raises, and UsageError."""
    try:
        options, _, rest = CommandLine(PROGRAM, global_options(), leading=True).read(words)
    except HelpWantedError:
        return show_overview()
    if options.pop("version"):
        from archiver.cli import output
        from archiver.version import version

        output.line(f"{PROGRAM} {version()}")
        return 0
    if not rest:
        return show_overview()
    command, rest = find_command(COMMANDS, rest)
    try:
        parsed = command.parse(rest) if not command.table or rest else None
    except HelpWantedError:
        parsed = None
    if parsed is None:
        return _show_help(command)
    invocation = Invocation(**options)
    invocation.prepare()
    try:
        return int(command.function(CommandContext(invocation, parsed.given), **parsed.values) or 0)
    except Error as exc:
        if exc.depends_on_settings:
            exc.hint = f"{exc.hint} {invocation.describe_settings()}"
        raise


def show_overview() -> int:
    """Print the first screen."""
    from archiver.cli.view.help_page import overview, page_width, show

    show(overview(COMMANDS, page_width()))
    return 0


def _show_help(command: Command) -> int:
    from archiver.cli.view.help_page import command_page, page_width, show

    show(command_page(command, page_width()))
    return 0
