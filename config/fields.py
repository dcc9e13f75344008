"""The settings as a tree of fields: their names, their sections, and what kind of value each takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.files import PREFIX
from config.settings import Settings

ANY = "NAME"
"""Placeholder in setting names for the name that the user gives a section."""


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Yield the dotted name of every setting, such as `telegram.server.port` or `telegram.accounts.NAME.proxy`."""
    for name, field in model.model_fields.items():
        section = section_of(field)
        if section and not is_listed(field):
            yield from setting_names(section, f"{prefix}{name}.{f'{ANY}.' if is_named(field) else ''}")
        else:
            yield prefix + name


def list_sections(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each section, such as `telegram.accounts.NAME`, and its allowed settings."""
    fields = model.model_fields.items()
    inner = {name: field for name, field in fields if section_of(field) and not is_listed(field)}
    if plain := {name: field.description or "" for name, field in fields if name not in inner}:
        yield prefix, plain
    for name, field in inner.items():
        section = section_of(field)
        if section is not None:
            yield from list_sections(section, f"{prefix}.{name}{f'.{ANY}' if is_named(field) else ''}".strip("."))


def find_field(parts: list[str]) -> FieldInfo | None:
    """Return the field that an error's location names, or its deepest known parent."""
    model: type[BaseModel] | None = Settings
    field = None
    rest = iter(parts)
    for part in rest:
        if model is None or part not in model.model_fields:
            return field
        field = model.model_fields[part]
        model = section_of(field)
        if is_named(field) or is_listed(field):
            next(rest, None)
    return field


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, also as a table or list of several; None for a plain setting."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def is_named(field: FieldInfo) -> bool:
    """Whether the setting is a table of sections named by the user."""
    return get_origin(field.annotation) is dict


def is_listed(field: FieldInfo) -> bool:
    """Whether the setting is a list of sections."""
    return get_origin(field.annotation) is tuple and section_of(field) is not None


def mentions(annotation: Any, kind: type) -> bool:
    """Whether a type is, or contains, this one."""
    return annotation is kind or any(mentions(part, kind) for part in get_args(annotation))


def insert_account(setting: str, account: str | None) -> str:
    """The name of a setting with the account's name in place of ANY."""
    return setting.replace(f".{ANY}.", f".{account}.") if account else setting


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper().replace(".", "__").replace("-", "_")
