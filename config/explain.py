"""Errors in the settings: what is wrong, where it is set, and what is allowed. Secrets are never shown."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

from config.fields import find_field, insert_account, mentions, section_of, setting_names, variable_of
from config.files import FILE_NAME, PREFIX
from config.settings import Settings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MOST_NAMED = 5
"""Wrong settings named besides the first."""
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
"""User and password in a URL."""


def describe_errors(exc: ValidationError, file: Path | None) -> str:
    """The first error, with where it is and what is allowed there, and the names of the other settings to fix."""
    errors = exc.errors(include_url=False)
    # An unknown key may explain a missing one, so report it first.
    first = min(errors, key=lambda error: error["type"] != "extra_forbidden")
    parts = [str(part) for part in first["loc"]]
    name = ".".join(parts)
    variable = next((key for key in os.environ if key.upper().replace("-", "_") == variable_of(name)), None)
    origin = f"${variable}" if variable else str(file or "the settings")
    more = _name_others(name, errors)
    if first["type"] == "extra_forbidden":
        account = parts[2] if parts[:2] == ["telegram", "accounts"] and len(parts) > 2 else None
        known = [*Settings.model_fields, *(insert_account(one, account) for one in setting_names())]
        return f"{name} in {origin} is not a setting.{suggest(name, known)}{more}"
    if first["type"] == "missing":
        return f"{name} is missing: set it in {file or FILE_NAME} or as {variable_of(name)}.{more}"
    field = find_field(parts)
    if first["type"] == "value_error" and field is not None and section_of(field):
        return f"[{name}] in {origin}: {first['ctx']['error']}.{more}"
    # A value in place of a section may be a misplaced secret.
    secret = field is None or not field.repr or section_of(field) or mentions(field.annotation, SecretStr)
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


def suggest(word: str, known: list[str]) -> str:
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
