"""The parts of a text that its entities mark. Pure.

Entities count UTF-16 units and may come from anywhere: a range may be negative, end beyond the text, split a surrogate
pair or be no number at all. A range is cut to the text and widened to whole characters; anything else is dropped.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

Entities: TypeAlias = str | bytes | Sequence[Mapping[str, Any]] | None
"""Entities as JSON text or as read from it."""

_MOST = 10_000
"""Maximum number of entities that are read; servers send at most a hundred."""


@dataclass(frozen=True, slots=True)
class MarkedRange:
    """An entity with its characters [start, end)."""

    kind: str
    start: int
    end: int
    details: Mapping[str, Any] = field(default_factory=dict)


def list_ranges(text: str, entities: Entities) -> list[MarkedRange]:
    """The ranges of a text, in the order of its entities."""
    wanted = _load(entities)
    if not wanted:
        return []
    locate = _locator(text)
    return list(_ranges(wanted, len(text.encode("utf-16-le", "surrogatepass")) // 2, locate))


def _load(entities: Entities) -> Sequence[Any]:
    if isinstance(entities, str | bytes):
        try:
            entities = orjson.loads(entities)
        except ValueError:
            return ()
    return entities[:_MOST] if isinstance(entities, Sequence) else ()


def _ranges(entities: Sequence[Any], units: int, locate: Callable[[int, bool], int]) -> Iterator[MarkedRange]:
    for entity in entities:
        if not isinstance(entity, Mapping):
            continue
        kind, offset, length = entity.get("type"), entity.get("offset"), entity.get("length")
        if type(kind) is not str or type(offset) is not int or type(length) is not int:
            continue
        first, last = max(offset, 0), min(offset + length, units)
        if first < last:
            yield MarkedRange(kind, locate(first, False), locate(last, True), entity)


def _locator(text: str) -> Callable[[int, bool], int]:
    """Translate a place in UTF-16 units to characters; one within a pair goes to its start, or to its end if `up`."""
    if text.isascii() or max(text) < "\U00010000":
        return lambda unit, _: unit
    starts, ends = array("l"), array("l")
    for at, letter in enumerate(text):
        starts.append(at)
        ends.append(at)
        if letter >= "\U00010000":
            starts.append(at)
            ends.append(at + 1)
    starts.append(len(text))
    ends.append(len(text))
    return lambda unit, up: (ends if up else starts)[unit]
