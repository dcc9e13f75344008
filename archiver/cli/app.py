"""The typer application: a group that imports each command's module on first use."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from archiver.cli.interrupted import StoppedError
from archiver.cli.invocation import Invocation
from archiver.cli.table import COMMANDS, PROGRAM
from archiver.cli.wrong_value import reword

_MEANING = 70
"""Columns for the meaning of an exit status, so that the line fits into 80."""
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110}

_EXIT_STATUS = {
    0: "success",
    1: "nothing found (search, changes, gaps)",
    2: "wrong usage, or failure",
    3: "partial success: some channels failed",
    4: "login required",
    5: "flood wait: run again after the delay shown",
    6: "integrity failure",
    130: "interrupted",
}


class Command(typer.core.TyperCommand):
    """A command; if it takes a query, its errors explain how to write one that starts with -."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, with our own wording of errors."""
        try:
            return list(super().parse_args(ctx, args))
        except Exception as exc:
            error: Any = exc  # where typer keeps its copy of the class depends on its version
            takes_query = any(one.name == "query" and one.nargs < 0 for one in self.params)
            if type(exc).__name__ == "NoSuchOption" and takes_query and not error.option_name.startswith("--"):
                ctx.fail(f"{error.format_message()}. Put -- before a query that starts with -, as in: -- -toll bridge")
            if hasattr(exc, "message"):
                reword(exc)
            raise


class LazyGroup(typer.core.TyperGroup):
    """Commands from a table (by default the top-level one), each imported on first use."""

    table: Mapping[str, tuple[str, str, str]] = COMMANDS

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command; None if the name is not in the table."""
        if cmd_name not in self.table:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = _load(cmd_name, self.table[cmd_name][1])
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Resolve the command named first; for an unknown name, suggest the closest ones."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = " or ".join(get_close_matches(args[0], self.table, n=2))
            ctx.fail(f"No such command {args[0]!r}.{f' Did you mean {near}?' if near else ''}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands by section, without importing any."""
        for section in dict.fromkeys(section for section, _, _ in self.table.values()):
            with formatter.section(section):
                formatter.write_dl([(name, line) for name, (kind, _, line) in self.table.items() if kind == section])

    def invoke(self, ctx: Any) -> Any:
        """Run the command; its return value is the exit status. Raises StoppedError."""
        try:
            status = super().invoke(ctx)
        except KeyboardInterrupt:
            raise StoppedError from None
        if ctx.parent is None:
            ctx.exit(status if isinstance(status, int) else 0)
        return status


def build() -> Any:
    """Build the application; call `main(arguments)` on it."""
    app = typer.Typer(
        cls=LazyGroup,
        name=PROGRAM,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings=_SETTINGS,
        epilog=_exit_status(_EXIT_STATUS),
    )
    app.callback()(_root)
    return typer.main.get_command(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        from archiver.version import version

        sys.stdout.write(f"{PROGRAM} {version()}\n")
        raise typer.Exit


def _root(
    context: typer.Context,
    *,
    config: Annotated[Path | None, typer.Option("--config", metavar="PATH", help="Configuration file to use.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Suppress notes and progress.")] = False,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, show_default=False, help="Log more; -vv logs everything.")
    ] = 0,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Do not page long output.")] = False,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Archive public Telegram channels completely; search, verify and export them (unofficial).

    \b
    Examples:
      telekeep login
      telekeep add @channel https://t.me/another
      telekeep sync
      telekeep search 'bridge closed' --since 7d
      telekeep export --on 2021-12-16 --format csv -o day.csv

    Data goes to stdout, everything else to stderr. See `telekeep COMMAND --help` for a command and
    `telekeep help query` for the query syntax.
    """
    context.obj = Invocation(config=config, quiet=quiet, verbosity=verbose, debug=debug, no_pager=no_pager)
    context.obj.prepare()


def _load(name: str, path: str) -> Any:
    module = import_module(path)
    if hasattr(module, "SUBCOMMANDS"):
        return _load_group(name, module)
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(
        name,
        cls=Command,
        help=getattr(module, "HELP", None),  # if the docstring would make the function too long
        epilog=_exit_status(module.EXIT_STATUS),
        context_settings=_SETTINGS,
    )(module.command)
    return typer.main.get_command(single)


def _load_group(name: str, module: Any) -> Any:
    kind = type("Subcommands", (LazyGroup,), {"table": module.SUBCOMMANDS})
    app = typer.Typer(
        cls=kind,
        name=name,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings=_SETTINGS,
        epilog=_exit_status(module.EXIT_STATUS),
    )
    app.callback()(module.command)
    return typer.main.get_command(app)


def _exit_status(meanings: Mapping[int, str]) -> str:
    lines = ["\b", "Exit status:"]
    for status, meaning in meanings.items():
        first, *more = textwrap.wrap(meaning, _MEANING)
        lines += [f"{status:5}  {first}", *(f"{'':7}{row}" for row in more)]
    return "\n".join(lines)
