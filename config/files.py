"""The settings file: where it is looked for, and who can read it.

Exactly one file is read: `--config`, else $TELEKEEP_CONFIG, else telekeep.toml in the working directory, else in the
user's configuration directory.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from config.errors import SettingsError
from config.paths import expand_home, user_config_path

FILE_NAME = "telekeep.toml"
PREFIX = "TELEKEEP_"
FILE_VARIABLE = "TELEKEEP_CONFIG"
_SECRET = re.compile(rb"^[ \t]*(api_hash|api_key|search_key)[ \t]*=", re.MULTILINE)


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
            raise SettingsError(f"the settings file {named} given by {origin} cannot be read: {why}.") from None
        if not is_there:
            raise SettingsError(_describe_absence(named, origin))
        return named
    return next((place for place in _usual_places() if place.is_file()), None)


def describe_sources(path: Path | None = None) -> str:
    """A sentence: which settings file is read, or which ones were looked for."""
    file = find_file(path)
    if file is not None:
        return f"The settings are those of {file}."
    here, home = _usual_places()
    return f"No settings file was found: neither ./{here} nor {home} exists."


def remark_on_access(file: Path) -> str | None:
    """A warning about a file with a secret that other users of this machine can read."""
    try:
        folders = file.resolve().parents
        is_open = file.is_file() and file.stat().st_mode & 0o004 and all(one.stat().st_mode & 0o001 for one in folders)
        secret = _SECRET.search(file.read_bytes()) if is_open else None
    except OSError:
        return None
    if secret is None:
        return None
    return (
        f"{file} can be read by other users of this machine, and holds {secret[1].decode()}."
        f" Make it private: chmod 600 {shlex.quote(str(file))}"
    )


def _usual_places() -> tuple[Path, Path]:
    return Path(FILE_NAME), user_config_path() / FILE_NAME


def _describe_absence(named: Path, origin: str) -> str:
    if not named.is_dir():
        return f"there is no settings file {named}, which {origin} names. Check the path, or leave {origin} out."
    inside = named / FILE_NAME
    advice = f"Name the file in it: {inside}" if inside.is_file() else f"Name a file, such as {inside}"
    return f"{named}, which {origin} names, is a directory, not a settings file. {advice}"
