"""The global options, available to every command as `context.obj`."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from config.frozen import frozen

if TYPE_CHECKING:
    from config.settings import Settings


@frozen(kw_only=True)
class Invocation:
    """The global options of this run."""

    config: Path | None = None
    quiet: bool = False
    verbosity: int = 0
    debug: bool = False
    no_pager: bool = False
    loaded: list[Settings] = field(default_factory=list, repr=False, compare=False)
    """The settings, once they are loaded."""

    def prepare(self) -> None:
        """Configure logging and output. Called once, before the command."""
        from archiver.cli import output, pager
        from config import logging

        output.set_quiet(self.quiet)
        pager.set_off(self.no_pager)
        logging.configure(verbosity=-1 if self.quiet else self.verbosity)

    def settings(self) -> Settings:
        """Load the settings from the environment and the file. Raises SettingsError."""
        from archiver.cli import output, pager
        from config.load import load_settings

        if not self.loaded:
            self.loaded.append(load_settings(self.config))
            output.set_colour(self.loaded[0].display.color)
            pager.set_pager(self.loaded[0].display.pager)
        return self.loaded[0]

    def zone(self, given: str | None) -> str:
        """The time zone of `--tz`, by default that of [display] tz. Raises SettingsError."""
        return self.settings().display.tz if given is None else given
