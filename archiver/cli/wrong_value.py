"""Reword library errors about invalid option values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def reword(exc: Any) -> None:
    """Replace the message of pydantic, by which typer parses options, with one for users."""
    found = getattr(exc.__cause__, "errors", None)
    if callable(found):
        exc.message = " ".join(describe(error) for error in found())


def describe(error: Mapping[str, Any]) -> str:
    """Describe one pydantic error in a line: the value, and what is allowed."""
    value, kind, limits = repr(str(error["input"])), str(error["type"]), error.get("ctx", {})
    if kind == "value_error":
        return str(limits["error"]).removesuffix(".") + "."
    if kind.startswith("int_"):
        return f"{value} is not an integer."
    for name, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if name in limits:
            return f"{value} is out of range; it must be {words} {limits[name]}."
    return f"{value} is not valid here."
