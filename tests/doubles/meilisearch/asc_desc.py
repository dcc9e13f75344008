"""`field:asc` and `field:desc`: reading them, and comparing rows by them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tests.doubles.meilisearch.errors import ApiError

if TYPE_CHECKING:
    from tests.doubles.meilisearch.facets import Facets

Value = float | str | None


class Criterion(NamedTuple):
    field: str
    ascending: bool


def parse_sort(texts: list[str], code: str) -> list[Criterion]:
    """Raises ApiError."""
    return [_parse(text, code) for text in texts]


def _parse(text: str, code: str) -> Criterion:
    field, colon, direction = text.rpartition(":")
    if not colon or direction not in ("asc", "desc"):
        raise ApiError(
            code,
            f"Invalid syntax for the sort parameter: expected expression ending by `:asc` or `:desc`, found `{text}`.",
        )
    if field == "_geo":
        raise ApiError(
            code,
            "`_geo` is a reserved keyword and thus can't be used as a sort expression. Use the _geoPoint(latitude, "
            "longitude) built-in rule to sort on _geo field coordinates.",
        )
    if re.fullmatch(r"_geoPoint\([-\d. ]+,[-\d. ]+\)", field):
        return Criterion("_geo", direction == "asc")
    if field in ("_geoDistance", "_geoRadius", "_geoBoundingBox", "_geoPolygon", "_geojson") or (
        field.startswith(("_geoPoint", "_geoRadius(", "_geoBoundingBox(", "_geo(", "_geoDistance("))
    ):
        raise ApiError(code, f"`{field}` is a reserved keyword and thus can't be used as a sort expression.")
    return Criterion(field, direction == "asc")


def sort_value(values: tuple[float | str, ...], ascending: bool) -> Value:
    """The value of a row that counts: the smallest or the greatest, numbers before strings."""
    for kind in (float, str):
        some = [value for value in values if isinstance(value, kind)]
        if some:
            return min(some) if ascending else max(some)
    return None


def compare_values(left: Value, right: Value, ascending: bool) -> int:
    """Numbers come before strings and those before nothing, whatever the direction."""
    ranks = [2 if value is None else int(isinstance(value, str)) for value in (left, right)]
    if ranks[0] != ranks[1]:
        return -1 if ranks[0] < ranks[1] else 1
    if left is None or left == right:
        return 0
    return -1 if (left < right) == ascending else 1  # type: ignore[operator]


def compare_rows(facets: Facets, criteria: list[Criterion]) -> Callable[[int, int], int]:
    columns = [(facets.column(one.field).of_row, one.ascending) for one in criteria]

    def compare(left: int, right: int) -> int:
        for values, ascending in columns:
            found = compare_values(
                sort_value(values.get(left, ()), ascending), sort_value(values.get(right, ()), ascending), ascending
            )
            if found:
                return found
        return 0

    return compare
