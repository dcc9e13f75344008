"""Names that settings have outside this package."""

from __future__ import annotations

from typing import Literal, TypeAlias

DIRECT = "direct"
"""Value of an account's `proxy` that means no proxy, even if [telegram] has one."""

HOOK_PLACEHOLDER = "{path}"
"""Replaced with the path of the file in the arguments of a hook."""

HistoryPace: TypeAlias = Literal["gentle", "normal"]


def fold_account_name(name: str) -> str:
    """Fold an account name as environment variables do: case does not matter, and - is _."""
    return name.lower().replace("-", "_")
