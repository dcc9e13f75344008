"""Replace parts of a text, and move its entities so that they mark the same words. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple


class Replacement(NamedTuple):
    """Characters [start, end) of a text, and their replacement."""

    start: int
    end: int
    instead: str


def merge(spans: Sequence[Replacement]) -> list[Replacement]:
    """Sort the spans, and merge those that overlap into one with the replacement of the first and longest."""
    merged: list[Replacement] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if merged and span.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, span.end))
        elif span.start < span.end:
            merged.append(span)
    return merged


def replace_spans(text: str, spans: Sequence[Replacement]) -> str:
    """The text with its spans replaced; they must not overlap."""
    parts, at = [], 0
    for start, end, instead in spans:
        parts += [text[at:start], instead]
        at = end
    return "".join([*parts, text[at:]])


def move_entities(text: str, entities: Sequence[Any], spans: Sequence[Replacement]) -> list[Any]:
    """Move the entities of a text to where their words are once its spans are replaced; invalid ones stay unchanged."""
    places = _Places(text, spans)
    return [_moved(entity, places) for entity in entities]


def _moved(entity: Any, places: _Places) -> Any:
    if not isinstance(entity, dict):
        return entity
    offset, length = entity.get("offset"), entity.get("length")
    if type(offset) is not int or type(length) is not int:
        return entity
    start = places.move(offset, at_end=False)
    return {**entity, "offset": start, "length": places.move(offset + length, at_end=True) - start}


class _Places:
    """Maps UTF-16 offsets in a text to offsets in the text with its spans replaced."""

    def __init__(self, text: str, spans: Sequence[Replacement]) -> None:
        self._starts: list[int] = []
        self._spans: list[tuple[int, int, int, int]] = []
        at, old, moved = 0, 0, 0
        for span in spans:
            start = old + _units(text[at : span.start])
            end = start + _units(text[span.start : span.end])
            length = _units(span.instead)
            self._starts.append(start)
            self._spans.append((start, end, start + moved, start + moved + length))
            at, old, moved = span.end, end, moved + length - (end - start)

    def move(self, place: int, *, at_end: bool) -> int:
        """The new offset; a place within a span moves to the start of the span, or to its end."""
        found = bisect_right(self._starts, place) - 1
        if found < 0:
            return place
        start, end, new_start, new_end = self._spans[found]
        if place >= end:
            return place - end + new_end
        return new_start if place == start or not at_end else new_end


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
