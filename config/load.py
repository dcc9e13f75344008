"""Load the settings, environment over file over defaults, with errors that say what to fix.

Exactly one file is read: `--config`, else $TELEKEEP_CONFIG, else telekeep.toml in the working directory, else in the
user's configuration directory. Errors never show secrets.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config.declare import Problem, Section, Setting
from config.errors import SettingsError
from config.kinds import path as path_kind
from config.paths import expand_home, user_config_path
from config.settings import Settings, fold_account_name

FILE_NAME = "telekeep.toml"
PREFIX = "TELEKEEP_"
FILE_VARIABLE = "TELEKEEP_CONFIG"
_OTHER_VARIABLES = (FILE_VARIABLE, "TELEKEEP_LOG", "TELEKEEP_PAGER")
ANY = "NAME"
"""Placeholder in setting names for the name that the user gives a section."""
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
"""User and password in a URL."""
_ACCOUNT_VARIABLE = re.compile(rf"{PREFIX}TELEGRAM__ACCOUNTS__(?P<name>(?:(?!__)[A-Z0-9_])+)__")


def load_settings(path: Path | None = None) -> Settings:
    """Load the settings. Raises SettingsError with a one-line text."""
    file = find_file(path)
    _check_variables()
    values = _read(file) if file else {}

    problems: list[Problem] = []
    settings = Settings.read(_merge(values, _spell_accounts_as(values, _environment())), (), problems)
    if settings is None or problems:
        raise SettingsError(_describe(problems, file))
    if str(settings.archive.dir).startswith("~"):
        raise SettingsError("archive.dir is not set, and the home directory is unknown; set archive.dir.")
    return settings


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


def setting_names(kind: type[Section] = Settings, prefix: str = "") -> Iterator[str]:
    """Yield the dotted name of every setting, such as `telegram.server.port` or `telegram.accounts.NAME.proxy`."""
    for name, one in kind.declared.items():
        if one.section and one.shape != "listed":
            yield from setting_names(one.section, f"{prefix}{name}.{f'{ANY}.' if one.shape == 'named' else ''}")
        else:
            yield prefix + name


def _read(file: Path) -> dict[str, Any]:
    import tomllib

    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"{file} is not valid TOML: {_position(exc)}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is not UTF-8.") from None
    except OSError as exc:
        raise SettingsError(f"{file} cannot be read: {exc.strerror}.") from None
    _resolve_paths(Settings, values, file.resolve().parent)
    return values


def _position(exc: ValueError) -> str:
    """Return only the position of a syntax error; the library's message quotes values."""
    found = re.search(r"line (\d+), column (\d+)", str(exc))
    return f"see line {found[1]}, column {found[2]}" if found else "see its last line"


def _resolve_paths(kind: type[Section], values: dict[str, Any], folder: Path) -> None:
    """Resolve relative paths against the directory of the settings file."""
    for name, one in kind.declared.items():
        value = values.get(name)
        if one.section:
            for part in _parts(one, value):
                if isinstance(part, dict):
                    _resolve_paths(one.section, part, folder)
        elif one.kind is path_kind and isinstance(value, str) and value:
            with contextlib.suppress(ValueError):  # validation reports what is wrong with it
                values[name] = str(folder / expand_home(value))


def _parts(one: Setting, value: Any) -> list[Any]:
    """The sections in a value."""
    if one.shape == "one":
        return [value]
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _environment() -> dict[str, Any]:
    """The settings in environment variables, nested as in a file; empty ones count as not set."""
    values: dict[str, Any] = {}
    known = {_variable(name): name for name in setting_names()}
    for variable, text in os.environ.items():
        written = variable.upper().replace("-", "_")
        account = _ACCOUNT_VARIABLE.match(written)
        name = known.get(_ACCOUNT_VARIABLE.sub(f"{PREFIX}TELEGRAM__ACCOUNTS__{ANY}__", written))
        if name is None or not text:
            continue
        *sections, key = _named(name, account and account["name"].lower()).split(".")
        inside = values
        for part in sections:
            inside = inside.setdefault(part, {})
        inside[key] = text
    return values


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        merged[name] = _merge(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


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
        if not name.startswith(PREFIX) or name in _OTHER_VARIABLES:
            continue
        account = _ACCOUNT_VARIABLE.match(name)
        known = [_variable(_named(one, account and account["name"])) for one in setting_names()]
        if name not in [*known, *_OTHER_VARIABLES]:
            raise SettingsError(
                f"{variable} is not a setting of telekeep.{_suggest(name, [*known, *_OTHER_VARIABLES])}"
            )


def _describe(problems: list[Problem], file: Path | None) -> str:
    # An unknown key may explain a missing one, so report it first.
    first = min(problems, key=lambda problem: problem.what != "unknown")
    name = ".".join(first.at)
    variable = next((key for key in os.environ if key.upper().replace("-", "_") == _variable(name)), None)
    origin = f"${variable}" if variable else str(file or "the settings")
    more = f" ({len(problems) - 1} more to fix.)" if len(problems) > 1 else ""
    if first.what == "unknown":
        account = first.at[2] if first.at[:2] == ("telegram", "accounts") and len(first.at) > 2 else None
        known = [*Settings.declared, *(_named(one, account) for one in setting_names())]
        return f"{name} in {origin} is not a setting.{_suggest(name, known)}{more}"
    if first.what == "missing":
        return f"{name} is missing: set it in {file or FILE_NAME} or as {_variable(name)}.{more}"
    field = _find(first.at)
    if first.what == "section" or (first.reason and field.section):
        return f"[{name}] in {origin}: {first.reason}.{more}"
    # A value in place of a section may be a misplaced secret.
    shown = "" if field.hidden or field.section else _CREDENTIALS.sub("//", f" {_shown(first.value):.80}")
    allowed = f"{field.description} ({first.reason})" if first.reason else field.description
    wrong = f"cannot be{shown}" if shown else "is not valid (its value is not shown)"
    return f"{name} in {origin} {wrong}; allowed: {allowed}.{more}"


def _shown(value: Any) -> str:
    """A value as the file has it."""
    return repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _find(at: tuple[str, ...]) -> Setting:
    """The setting of this name, or the section that it is in."""
    declared: Mapping[str, Setting] = Settings.declared
    parts = iter(at)
    found = declared[next(parts)]
    for part in parts:
        if found.shape != "one" and (part := next(parts, "")) == "":
            break
        assert found.section is not None, "only sections have parts"
        found = found.section.declared[part]
    return found


def _named(setting: str, account: str | None) -> str:
    return setting.replace(f".{ANY}.", f".{account}.") if account else setting


def _variable(name: str) -> str:
    return PREFIX + name.upper().replace(".", "__").replace("-", "_")


def _suggest(word: str, known: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else f" Known settings: {', '.join(sorted(known))}."
