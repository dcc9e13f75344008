"""What is said of an option's value that cannot be: in words of ours, whatever library found it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def reword(told: Any) -> None:
    """Say the library's complaint about a value (pydantic's, by which typer reads options) in words for people."""
    found = getattr(told.__cause__, "errors", None)
    if callable(found):
        told.message = " ".join(describe(error) for error in found())


def describe(error: Mapping[str, Any]) -> str:
    """One line about one fault as pydantic describes it: its type, the value, and what would be allowed."""
    value, kind, limits = repr(str(error["input"])), str(error["type"]), error.get("ctx", {})
    if kind == "value_error":
        return str(limits["error"]).removesuffix(".") + "."
    if kind.startswith("int_"):
        return f"{value} is not a whole number."
    for name, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if name in limits:
            return f"{value} is out of range; allowed: {words} {limits[name]}."
    return f"{value} is not valid here."
