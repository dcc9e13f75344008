"""Load the settings, environment over file over defaults, with errors that say what to fix.

Errors never show secrets.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from config.errors import SettingsError
from config.files import FILE_NAME, FILE_VARIABLE, PREFIX, find_file
from config.names import fold_account_name
from config.paths import expand_home
from config.settings import Settings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_OTHER_VARIABLES = (FILE_VARIABLE, "TELEKEEP_LOG", "TELEKEEP_PAGER")
_MOST_NAMED = 5
"""Wrong settings named besides the first."""
ANY = "NAME"
"""Placeholder in setting names for the name that the user gives a section."""
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
"""User and password in a URL."""
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
        raise SettingsError(_describe(exc, file)) from None
    except ValueError:
        raise SettingsError("a setting in the environment cannot be read.") from None
    if str(settings.archive.dir).startswith("~"):
        raise SettingsError(
            "the home directory is unknown, so there is no place for the archive. Set archive.dir, or HOME."
        )
    return settings


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Yield the dotted name of every setting, such as `telegram.server.port` or `telegram.accounts.NAME.proxy`."""
    for name, field in model.model_fields.items():
        section = _section_of(field)
        if section and not _is_listed(field):
            yield from setting_names(section, f"{prefix}{name}.{f'{ANY}.' if _is_named(field) else ''}")
        else:
            yield prefix + name


def list_sections(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each section, such as `telegram.accounts.NAME`, and its allowed settings."""
    fields = model.model_fields.items()
    inner = {name: field for name, field in fields if _section_of(field) and not _is_listed(field)}
    if plain := {name: field.description or "" for name, field in fields if name not in inner}:
        yield prefix, plain
    for name, field in inner.items():
        section = _section_of(field)
        if section is not None:
            yield from list_sections(section, f"{prefix}.{name}{f'.{ANY}' if _is_named(field) else ''}".strip("."))


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
        section = _section_of(field)
        if section and isinstance(value, dict):
            for part in value.values() if _is_named(field) else [value]:
                if isinstance(part, dict):
                    _resolve_paths(section, part, folder)
        elif section and isinstance(value, list):
            for part in value:
                if isinstance(part, dict):
                    _resolve_paths(section, part, folder)
        elif isinstance(value, str) and value and _mentions(field.annotation, Path):
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
        known = [_variable(_named(one, account and account["name"])) for one in setting_names()]
        if name not in [*known, *_OTHER_VARIABLES]:
            raise SettingsError(
                f"the environment variable {variable} is not a setting of telekeep, so it would have no effect."
                f"{_suggest(name, [*known, *_OTHER_VARIABLES])}"
            )


def _describe(exc: ValidationError, file: Path | None) -> str:
    errors = exc.errors(include_url=False)
    # An unknown key may explain a missing one, so report it first.
    first = min(errors, key=lambda error: error["type"] != "extra_forbidden")
    parts = [str(part) for part in first["loc"]]
    name = ".".join(parts)
    variable = next((key for key in os.environ if key.upper().replace("-", "_") == _variable(name)), None)
    origin = f"${variable}" if variable else str(file or "the settings")
    more = _name_others(name, errors)
    if first["type"] == "extra_forbidden":
        account = parts[2] if parts[:2] == ["telegram", "accounts"] and len(parts) > 2 else None
        known = [*Settings.model_fields, *(_named(one, account) for one in setting_names())]
        return f"{name} in {origin} is not a setting.{_suggest(name, known)}{more}"
    if first["type"] == "missing":
        return f"{name} is missing: set it in {file or FILE_NAME} or as {_variable(name)}.{more}"
    field = _field(parts)
    if first["type"] == "value_error" and field is not None and _section_of(field):
        return f"[{name}] in {origin}: {first['ctx']['error']}.{more}"
    # A value in place of a section may be a misplaced secret.
    secret = field is None or not field.repr or _section_of(field) or _mentions(field.annotation, SecretStr)
    shown = "" if secret else _CREDENTIALS.sub("//", f" {_shown(first['input']):.80}")
    allowed = field.description if field and field.description else "see docs/telekeep.example.toml"
    if first["type"] == "value_error" and (why := str(first["ctx"]["error"])):
        allowed += f" ({why})"
    wrong = f"cannot be{shown}" if shown else "is not valid (its value is not shown)"
    return f"{name} in {origin} {wrong}; allowed: {allowed}.{more}"


def _name_others(name: str, errors: Sequence[ErrorDetails]) -> str:
    """Name the other settings that are wrong, without their values."""
    others = dict.fromkeys(".".join(map(str, error["loc"])) for error in errors)
    others.pop(name)
    if not others:
        return ""
    named = ", ".join(f"{one:.40}" for one in list(others)[:_MOST_NAMED])
    left = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    return f" Also to fix: {named}{left}."


def _shown(value: Any) -> str:
    """A value as the file has it."""
    return repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _field(parts: list[str]) -> FieldInfo | None:
    """Return the field that an error's location names, or its deepest known parent."""
    model: type[BaseModel] | None = Settings
    field = None
    rest = iter(parts)
    for part in rest:
        if model is None or part not in model.model_fields:
            return field
        field = model.model_fields[part]
        model = _section_of(field)
        if _is_named(field) or _is_listed(field):
            next(rest, None)
    return field


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def _is_named(field: FieldInfo) -> bool:
    """Whether the setting is a table of sections named by the user."""
    return get_origin(field.annotation) is dict


def _is_listed(field: FieldInfo) -> bool:
    """Whether the setting is a list of sections."""
    return get_origin(field.annotation) is tuple and _section_of(field) is not None


def _named(setting: str, account: str | None) -> str:
    return setting.replace(f".{ANY}.", f".{account}.") if account else setting


def _mentions(annotation: Any, kind: type) -> bool:
    return annotation is kind or any(_mentions(part, kind) for part in get_args(annotation))


def _variable(name: str) -> str:
    return PREFIX + name.upper().replace(".", "__").replace("-", "_")


def _suggest(word: str, known: list[str]) -> str:
    """The nearest setting, by its last part or by its letters."""
    parts = "__" if word.startswith(PREFIX) else "."
    plain = {one.removeprefix(PREFIX): one for one in known}
    wanted = word.removeprefix(PREFIX)
    ends = [one for name, one in plain.items() if name.rpartition(parts)[2] == wanted.rpartition(parts)[2]]
    section, _, last = wanted.rpartition(parts)
    beside = {name.rpartition(parts)[2]: name for name in plain if section and name.rpartition(parts)[0] == section}
    near = difflib.get_close_matches(last if beside else wanted, beside or plain, n=1, cutoff=0.6)
    close = ends[:1] if len(ends) == 1 else [beside.get(one, one) for one in near]
    if not close:
        return " `telekeep help settings` lists them all."
    return f" Did you mean {plain.get(close[0], close[0])}?"
