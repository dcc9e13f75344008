"""The options that every command takes, before or after its name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from archiver.cli.parsing.parameters import Option, Parameter, read_signature


def global_options() -> tuple[Parameter, ...]:
    """The options that every command takes, before or after its name."""
    return read_signature(_globals)


def _globals(
    *,
    config: Annotated[Path | None, Option("--config", metavar="PATH", help="Configuration file to use.")] = None,
    quiet: Annotated[bool, Option("-q", "--quiet", help="Suppress notes and progress.")] = False,
    verbosity: Annotated[int, Option("-v", "--verbose", count=True, help="Log more; -vv logs everything.")] = 0,
    debug: Annotated[bool, Option("--debug", help="Show the traceback of an error.")] = False,
    no_pager: Annotated[bool, Option("--no-pager", help="Do not page long output.")] = False,
    version: Annotated[bool, Option("-V", "--version", help="Show the version and exit.")] = False,
) -> None:
    """Declare the global options; never called."""
