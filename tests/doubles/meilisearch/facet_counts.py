"""Facets of a search: how many hits have which value, and the least and greatest number."""

from __future__ import annotations

from typing import Any

from tests.doubles.meilisearch import patterns
from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.facets import Column
from tests.doubles.meilisearch.filter_values import short_number
from tests.doubles.meilisearch.index import Index

Distribution = dict[str, dict[str, int]]
Stats = dict[str, dict[str, float]]


def counted(index: Index, wanted: list[str], rows: set[int]) -> tuple[Distribution, Stats]:
    """Raises ApiError (`invalid_search_facets`)."""
    rules = index.settings["filterableAttributes"]
    for pattern in wanted:
        _check(pattern, rules)
    distribution: Distribution = {}
    stats: Stats = {}
    faceting = index.settings["faceting"]
    for name in sorted({*index.fields, *index.facets.nested()}):
        if not any(patterns.matches(pattern, name) or patterns.is_below(name, pattern) for pattern in wanted):
            continue
        matched = patterns.matching_features(name, rules)
        if matched is None or not matched[1].filterable:
            continue
        order = faceting["sortFacetValuesBy"]
        column = index.facets.column(name)
        distribution[name] = _values(column, rows, order.get(name, order["*"]), faceting["maxValuesPerFacet"])
        numbers = [value for value, where in column.numbers.items() if not where.isdisjoint(rows)]
        if numbers:
            stats[name] = {"min": min(numbers), "max": max(numbers)}
    return distribution, stats


def merged(parts: list[tuple[Distribution, Stats]]) -> tuple[Distribution, Stats]:
    distribution: Distribution = {}
    stats: Stats = {}
    for counts, ranges in parts:
        for name, values in counts.items():
            sums = distribution.setdefault(name, {})
            for value, count in values.items():
                sums[value] = sums.get(value, 0) + count
        for name, one in ranges.items():
            old = stats.get(name, one)
            stats[name] = {"min": min(old["min"], one["min"]), "max": max(old["max"], one["max"])}
    return distribution, stats


def _values(column: Column, rows: set[int], order: str, most: int) -> dict[str, int]:
    found: list[tuple[str, int]] = []
    numbers = [(short_number(value), len(where & rows)) for value, where in sorted(column.numbers.items())]
    strings = [(column.originals[value], len(where & rows)) for value, where in sorted(column.strings.items())]
    for counts in (numbers, strings):
        some = [pair for pair in counts if pair[1]]
        if order == "count":  # of equally many the greatest value comes first
            some.reverse()
            some.sort(key=lambda pair: -pair[1])
        found += some
    return dict(found[:most])


def _check(pattern: str, rules: list[Any]) -> None:
    for place, rule in enumerate(rules):
        if patterns.features_of(rule).filterable:
            if patterns.intersects(rule, pattern):
                return
        elif patterns.matches_rule(rule, pattern):
            raise ApiError(
                "invalid_search_facets",
                f"Invalid facet distribution: Attribute `{pattern}` matched rule #{place} in filterableAttributes, "
                "but this rule does not enable filtering.\n"
                f"Hint: enable filtering in rule #{place} by modifying the features.filter object\n"
                f"Hint: prepend another rule matching `{pattern}` with appropriate filter features before rule "
                f"#{place}",
            )
    known = sorted(patterns.matching(rules, lambda features: features.filterable))
    why = (
        f"Available filterable attributes patterns are: `{', '.join(known)}`."
        if known
        else "This index does not have configured filterable attributes."
    )
    raise ApiError("invalid_search_facets", f"Invalid facet distribution: Pattern `{pattern}` is not filterable. {why}")
