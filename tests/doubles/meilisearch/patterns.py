"""Attribute patterns of settings: which fields they mean, and what may be done with those (granular filters)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


def is_below(field: str, parent: str) -> bool:
    """`a.b` is below `a`, and so is `a` itself."""
    return field == parent or field.startswith(parent + ".")


def matches(pattern: str, field: str) -> bool:
    """A name, or a pattern with `*` at its ends."""
    if pattern == "*":
        return True
    if len(pattern) > 1 and pattern[0] == pattern[-1] == "*":
        return pattern[1:-1] in field
    if pattern.startswith("*"):
        return field.endswith(pattern[1:])
    if pattern.endswith("*"):
        return field.startswith(pattern[:-1])
    return pattern == field


@dataclass(frozen=True)
class Features:
    facet_search: bool = False
    equality: bool = True
    comparison: bool = False

    @property
    def filterable(self) -> bool:
        return self.equality or self.comparison

    def operators(self) -> list[str]:
        if not self.filterable:
            return []
        return [
            *("OR", "AND", "NOT"),
            *(("=", "!=", "IN") if self.equality else ()),
            *(("<", ">", "<=", ">=", "TO") if self.comparison else ()),
            *("IS EMPTY", "IS NULL", "EXISTS"),
        ]


_LEGACY = Features(facet_search=True, equality=True, comparison=True)


def features_of(rule: Any) -> Features:
    """Of a rule of `filterableAttributes`: a plain name may do everything."""
    if isinstance(rule, str):
        return _LEGACY
    features = rule.get("features") or {}
    inner = features.get("filter") or {}
    return Features(features.get("facetSearch", False), inner.get("equality", True), inner.get("comparison", False))


def names_of(rule: Any) -> list[str]:
    return [rule] if isinstance(rule, str) else rule["attributePatterns"]


def matches_rule(rule: Any, field: str) -> bool:
    if isinstance(rule, str):
        return is_below(field, rule)
    return any(matches(pattern, field) for pattern in rule["attributePatterns"])


def matching_features(field: str, rules: Iterable[Any]) -> tuple[int, Features] | None:
    """The first rule that means the field: its place and what it allows."""
    for place, rule in enumerate(rules):
        if matches_rule(rule, field):
            return place, features_of(rule)
    return None


def matching(rules: Iterable[Any], wanted: Callable[[Features], bool]) -> set[str]:
    return {name for rule in rules if wanted(features_of(rule)) for name in names_of(rule)}


def intersects(rule: Any, pattern: str) -> bool:
    """Whether a pattern of `facets` and a rule may mean the same field."""
    if isinstance(rule, str):
        return is_below(rule, pattern) or is_below(pattern, rule) or matches(pattern, rule)
    return any(
        matches(pattern, name) or matches(name, pattern) or is_below(name, pattern) or is_below(pattern, name)
        for name in rule["attributePatterns"]
    )
