"""Filters on an index: reading them from JSON, which fields may be asked for, and the rows that pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.doubles.meilisearch import patterns
from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.filter_errors import FilterFault
from tests.doubles.meilisearch.filter_parser import parse
from tests.doubles.meilisearch.filter_tree import And, Condition, Filter, In, Not, Or, conditions
from tests.doubles.meilisearch.filter_values import normalize, parse_float
from tests.doubles.meilisearch.reading import compact

if TYPE_CHECKING:
    from tests.doubles.meilisearch.facets import Bounds, Column, Facets

_COMPARISONS = {"<", "<=", ">", ">=", "TO"}
_CONTAINS_OFF = (
    "Using `CONTAINS` in a filter requires enabling the `contains filter` experimental feature. "
    "See https://github.com/orgs/meilisearch/discussions/763"
)


def read(value: Any, code: str, *, contains: bool = False) -> Filter | None:
    """A filter as it comes in a body: text, or a list whose inner lists are joined by OR. None when it is empty."""
    if isinstance(value, str):
        tree = _parse(value, code)
    elif isinstance(value, list):
        tree = _parse_list(value, code)
    else:
        raise _wrong_type("String, Array", value, code)
    if tree is not None and not contains:
        used = [c.keyword for c in conditions(tree) if isinstance(c, Condition) and c.operator == "CONTAINS"]
        if used and used[-1] is not None:
            raise ApiError("feature_not_enabled", used[-1].located(_CONTAINS_OFF))
    return tree


def _parse_list(values: list[Any], code: str) -> Filter | None:
    parts = []
    for value in values:
        if isinstance(value, str):
            part = _parse(value, code)
        elif isinstance(value, list):
            for one in value:
                if not isinstance(one, str):
                    raise _wrong_type("String", one, code)
            inner = [found for one in value if (found := _parse(one, code)) is not None]
            part = None if not inner else inner[0] if len(inner) == 1 else Or(tuple(inner))
        else:
            raise _wrong_type("String, [String]", value, code)
        if part is not None:
            parts.append(part)
    return None if not parts else parts[0] if len(parts) == 1 else And(tuple(parts))


def _parse(text: str, code: str) -> Filter | None:
    try:
        return parse(text)
    except FilterFault as fault:
        raise ApiError(code, fault.message()) from None


def _wrong_type(expected: str, value: Any, code: str) -> ApiError:
    return ApiError(code, f"Invalid syntax for the filter parameter: `expected {expected}, found: {compact(value)}`.")


class Evaluation:
    """Which rows of an index pass a filter. Raises ApiError (`invalid_search_filter`)."""

    def __init__(self, facets: Facets, rules: list[Any], fields: set[str], everything: set[int]) -> None:
        self.facets = facets
        self.rules = rules
        self.fields = fields
        self.everything = everything

    def rows(self, tree: Filter) -> set[int]:
        for condition in conditions(tree):
            name = condition.field.text
            matched = patterns.matching_features(name, self.rules)
            if matched is None or not matched[1].filterable:
                raise ApiError("invalid_search_filter", condition.field.span.located(self._not_filterable(name)))
        return self._rows(tree, self.everything)

    def _not_filterable(self, name: str) -> str:
        known = sorted(patterns.matching(self.rules, lambda features: features.filterable))
        start = f"Attribute `{name}` is not filterable. "
        if not known:
            return start + "This index does not have configured filterable attributes."
        listed = ", ".join(f"`{one}`" for one in known)
        return f"{start}Available filterable attribute patterns are: {listed}."

    def _rows(self, tree: Filter, universe: set[int]) -> set[int]:
        if not universe:
            return set()
        match tree:
            case Not(inner):
                return universe - self._rows(inner, universe)
            case And(parts):
                for part in parts:
                    universe = universe & self._rows(part, universe)
                    if not universe:
                        break
                return universe
            case Or(parts):
                return set().union(*(self._rows(part, universe) for part in parts))
            case In(field, values):
                return set().union(*(self._condition(Condition(field, "=", value), universe) for value in values))
            case Condition() as condition:
                return self._condition(condition, universe)
        raise TypeError(tree)

    def _condition(self, condition: Condition, universe: set[int]) -> set[int]:
        name = condition.field.text
        matched = patterns.matching_features(name, self.rules)
        if name.split(".")[0] not in self.fields or matched is None:
            return set()
        rule, features = matched
        operator = condition.operator
        allowed = (
            features.comparison
            if operator in _COMPARISONS
            else features.equality
            if operator in ("=", "!=")
            else features.filterable
        )
        if not allowed:
            raise ApiError("invalid_search_filter", _not_allowed(name, operator, rule, features))
        column = self.facets.column(name)
        if operator == "!=":
            return self.everything - column.equal(condition.value.text)  # type: ignore[union-attr]
        return universe & _matches(column, condition)


def _matches(column: Column, condition: Condition) -> set[int]:
    match condition.operator:
        case "IS NULL":
            return column.null
        case "IS EMPTY":
            return column.empty
        case "EXISTS":
            return column.exists
    assert condition.value is not None
    text = condition.value.text
    match condition.operator:
        case "=":
            return column.equal(text)
        case "CONTAINS":
            wanted = normalize(text)
            return column.strings_where(lambda value: wanted in value)
        case "STARTS WITH":
            wanted = normalize(text)
            return column.strings_where(lambda value: value.startswith(wanted)) if wanted else column.exists
        case "TO":
            assert condition.upper is not None
            upper = condition.upper.text
            low, high = parse_float(text), parse_float(upper)
            both: Bounds | None = None if low is None or high is None else (low, True, high, True)
            return column.between(both, (normalize(text), True, normalize(upper), True))
    number, string = parse_float(text), normalize(text)
    inclusive = condition.operator.endswith("=")
    numbers: Bounds | None
    if condition.operator.startswith(">"):
        numbers = None if number is None else (number, inclusive, None, True)
        return column.between(numbers, (string, inclusive, None, True))
    numbers = None if number is None else (None, True, number, inclusive)
    return column.between(numbers, (None, True, string, inclusive))


def _not_allowed(name: str, operator: str, rule: int, features: patterns.Features) -> str:
    if operator in ("=", "!=", "IN"):
        enable = "equality"
    else:
        enable = "comparison" if operator in _COMPARISONS else "the appropriate filter operators"
    return (
        f"Filter operator `{operator}` is not allowed for the attribute `{name}`.\n"
        f"  - Note: allowed operators: {', '.join(features.operators())}.\n"
        f"  - Note: field `{name}` matched rule #{rule} in `filterableAttributes`\n"
        f"  - Hint: enable {enable} in rule #{rule} by modifying the features.filter object\n"
        f"  - Hint: prepend another rule matching `{name}` with appropriate filter features before rule #{rule}"
    )
