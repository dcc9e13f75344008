"""The global options, available to every command as `context.obj`."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    no_pager: bool = False
    loaded: list[Settings] = field(default_factory=list, repr=False, compare=False)
    """The settings, once they are loaded."""
    checked: list[Settings] = field(default_factory=list, repr=False, compare=False)
    """The settings as they were checked before, once they are loaded."""

    def prepare(self) -> None:
        """Configure logging and output. Called once, before the command."""
        from archiver.cli import output, pager
        from config import logging

        output.set_quiet(self.quiet)
        pager.set_off(self.no_pager)
        logging.configure(verbosity=-1 if self.quiet else self.verbosity)

    def settings(self) -> Settings:
        """Load the settings from the environment and the file. Raises SettingsError."""
        from config.load import load_settings

        self._check_file_access()
        if not self.loaded:
            self.loaded.append(_show_as(load_settings(self.config)))
        return self.loaded[0]

    def settings_without(self, *names: tuple[str, str]) -> Settings:
        """Load the settings but for these, which a command is to make: (section, name). Raises SettingsError."""
        from config.load import load_settings

        self._check_file_access()
        return _show_as(load_settings(self.config, without=names))

    def checked_settings(self) -> Settings:
        """Load the settings quickly, for commands that read (`config.checked`). Raises SettingsError."""
        from config.checked import load_checked

        self._check_file_access()
        if not self.checked:
            self.checked.append(_show_as(load_checked(self.config)))
        return self.checked[0]

    def archive_directory(self) -> Path:
        """The archive's directory. Raises SettingsError."""
        found = self.loaded[0] if self.loaded else self.checked_settings()
        return found.archive.dir

    def describe_settings(self) -> str:
        """Which settings file is read, or which ones were looked for."""
        from config.files import describe_sources

        return describe_sources(self.config)

    def _check_file_access(self) -> None:
        """Warn, once a run, if others can read the secrets in the settings file."""
        from archiver.cli import output
        from config.files import find_file, remark_on_access

        if self.loaded or self.checked:
            return
        file = find_file(self.config)
        if file is not None and (remark := remark_on_access(file)):
            output.warn(remark)

    def zone(self, given: str | None) -> str:
        """The time zone of `--tz`, by default that of [display] tz. Raises SettingsError."""
        return self.checked_settings().display.tz if given is None else given


def _show_as(settings: Settings) -> Settings:
    """Apply [display]."""
    from archiver.cli import output, pager

    output.set_colour(settings.display.color)
    pager.set_pager(settings.display.pager)
    return settings
