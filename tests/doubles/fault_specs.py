"""Faults as a command line gives them: `WHAT:ACTION(ARGS)+SKIPxTIMES%CHANCE`, several of them with `;` between."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

A = TypeVar("A")

_REST = r":(?P<action>\w+)(?:\((?P<args>[^)]*)\))?(?:\+(?P<skip>\d+))?(?:x(?P<times>\d+))?(?:%(?P<chance>[\d.]+))?"
_WORDS = {"on": True, "off": False}


def parse_faults(spec: str, what: str, actions: Mapping[str, Callable[..., A]]) -> list[tuple[str, A, dict[str, Any]]]:
    """What each fault concerns (matching the pattern `what`), its action and its conditions. Raises ValueError."""
    pattern, found = re.compile(f"(?P<what>{what}){_REST}"), []
    for part in filter(None, (one.strip() for one in spec.split(";"))):
        match = pattern.fullmatch(part)
        if match is None or match["action"] not in actions:
            raise ValueError(f"not a fault: {part!r} (known: {', '.join(actions)})")
        args = [_argument(one.strip()) for one in (match["args"] or "").split(",") if one.strip()]
        conditions: dict[str, Any] = {"skip": int(match["skip"] or 0)}
        if match["times"]:
            conditions["times"] = int(match["times"])
        if match["chance"]:
            conditions["probability"] = float(match["chance"])
        found.append((match["what"], actions[match["action"]](*args), conditions))
    return found


def _argument(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return _WORDS.get(text, text)
