"""The settings file: where it is looked for.

Exactly one file is read: `--config`, else $TELEKEEP_CONFIG, else telekeep.toml in the working directory, else in the
user's configuration directory.
"""

from __future__ import annotations

import os
from pathlib import Path

from config.errors import SettingsError
from config.paths import expand_home, user_config_path

FILE_NAME = "telekeep.toml"
PREFIX = "TELEKEEP_"
FILE_VARIABLE = "TELEKEEP_CONFIG"


def find_file(path: Path | None = None) -> Path | None:
    """Find the settings file, or None. A file given by option or variable must exist."""
    named = path or (Path(os.environ[FILE_VARIABLE]) if os.environ.get(FILE_VARIABLE) else None)
    if named is not None:
        origin = "--config" if path else FILE_VARIABLE
        try:
            named = expand_home(named)
            is_there = named.is_file() or named.is_fifo()  # a shell passes <(...) as a FIFO
        except (OSError, ValueError) as exc:
            why = getattr(exc, "strerror", None) or exc
            raise SettingsError(f"cannot read the settings file {named} given by {origin}: {why}.") from None
        if not is_there:
            raise SettingsError(f"no settings file {named}, given by {origin}.")
        return named
    for folder in (Path(), user_config_path()):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None
