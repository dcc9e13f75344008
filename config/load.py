"""Load the settings, environment over file over defaults, with errors that say what to fix.

Errors never show secrets.
"""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import EnvSettingsSource

from config.errors import SettingsError
from config.explain import describe_errors, suggest
from config.fields import insert_account, is_named, mentions, section_of, setting_names, variable_of
from config.files import FILE_VARIABLE, PREFIX, find_file
from config.names import fold_account_name
from config.paths import expand_home
from config.settings import Settings

_OTHER_VARIABLES = (FILE_VARIABLE, "TELEKEEP_LOG", "TELEKEEP_PAGER")
_ACCOUNT_VARIABLE = re.compile(rf"{PREFIX}TELEGRAM__ACCOUNTS__(?P<name>(?:(?!__)[A-Z0-9_])+)__")


def load_settings(path: Path | None = None, *, without: Sequence[tuple[str, str]] = ()) -> Settings:
    """Load the settings, but for some (section, name). Raises SettingsError with a one-line text."""
    file = find_file(path)
    _check_variables()
    values = _read(file) if file else {}

    try:
        merged = _merge(values, _spell_accounts_as(values, EnvSettingsSource(Settings)()))
        settings = Settings(**_leave_out(merged, without))
    except ValidationError as exc:
        # `from None`: pydantic's own text would show values, which may be secrets.
        raise SettingsError(describe_errors(exc, file)) from None
    except ValueError:
        raise SettingsError("a setting in the environment cannot be read.") from None
    if str(settings.archive.dir).startswith("~"):
        raise SettingsError(
            "the home directory is unknown, so there is no place for the archive. Set archive.dir, or HOME."
        )
    return settings


def _read(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"the settings file {file} is not valid TOML: {_position(exc)}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"the settings file {file} is not UTF-8 text. Save it as UTF-8.") from None
    except OSError as exc:
        raise SettingsError(f"the settings file {file} cannot be read: {exc.strerror}.") from None
    _resolve_paths(Settings, values, file.resolve().parent)
    return values


def _position(exc: tomllib.TOMLDecodeError) -> str:
    """Return only the position of a syntax error; the library's message quotes values."""
    found = re.search(r"line (\d+), column (\d+)", str(exc))
    return f"see line {found[1]}, column {found[2]}" if found else "see its last line"


def _resolve_paths(model: type[BaseModel], values: dict[str, Any], folder: Path) -> None:
    """Resolve relative paths against the directory of the settings file."""
    for name, field in model.model_fields.items():
        value = values.get(name)
        section = section_of(field)
        if section and isinstance(value, dict):
            for part in value.values() if is_named(field) else [value]:
                if isinstance(part, dict):
                    _resolve_paths(section, part, folder)
        elif section and isinstance(value, list):
            for part in value:
                if isinstance(part, dict):
                    _resolve_paths(section, part, folder)
        elif isinstance(value, str) and value and mentions(field.annotation, Path):
            with contextlib.suppress(ValueError):  # validation reports what is wrong with it
                values[name] = str(folder / expand_home(value))


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        merged[name] = _merge(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _leave_out(values: dict[str, Any], without: Sequence[tuple[str, str]]) -> dict[str, Any]:
    for section, name in without:
        if isinstance(inside := values.get(section), dict):
            values[section] = {one: value for one, value in inside.items() if one != name}
    return values


def _spell_accounts_as(values: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Spell account names from the environment as the file does, since variables have no lower case."""
    named = [part.get("telegram", {}) for part in (values, above)]
    below, over = (part.get("accounts", {}) if isinstance(part, dict) else {} for part in named)
    if not (isinstance(below, dict) and isinstance(over, dict) and over):
        return above
    spelled = {fold_account_name(name): name for name in below}
    accounts = {spelled.get(fold_account_name(name), name): value for name, value in over.items()}
    return above | {"telegram": above["telegram"] | {"accounts": accounts}}


def _check_variables() -> None:
    """Reject TELEKEEP_* variables that are not settings: a typo would otherwise be ignored silently."""
    for variable in sorted(os.environ):
        name = variable.upper().replace("-", "_")
        if not name.startswith(PREFIX):
            continue
        account = _ACCOUNT_VARIABLE.match(name)
        known = [variable_of(insert_account(one, account and account["name"])) for one in setting_names()]
        if name not in [*known, *_OTHER_VARIABLES]:
            raise SettingsError(
                f"the environment variable {variable} is not a setting of telekeep, so it would have no effect."
                f"{suggest(name, [*known, *_OTHER_VARIABLES])}"
            )
