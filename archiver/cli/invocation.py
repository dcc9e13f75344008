"""The global options, available to every command as `context.obj`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """The global options of this run."""

    config: Path | None = None
    quiet: bool = False
    verbosity: int = 0
    debug: bool = False

    def prepare(self) -> None:
        """Configure logging and output. Called once, before the command."""
        from archiver.cli import output
        from config import logging

        output.set_quiet(self.quiet)
        logging.configure(verbosity=-1 if self.quiet else self.verbosity)

    def settings(self) -> Settings:
        """Load the settings from the environment and the file. Raises SettingsError."""
        from config.load import load_settings

        return load_settings(self.config)
