"""Columns of values: for each field the rows that hold a value, as filters, facets, sorting and distinct need them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.doubles.meilisearch import patterns
from tests.doubles.meilisearch.filter_values import MAX_FACET_BYTES, is_empty, leaves, normalize, parse_float, scalars

if TYPE_CHECKING:
    from tests.doubles.meilisearch.index import Index

Bounds = tuple[Any, bool, Any, bool]  # low, with it, high, with it; None is no bound


class Column:
    """One field: rows by number, by normalised string, and which have it at all, null or empty."""

    def __init__(self) -> None:
        self.numbers: dict[float, set[int]] = {}
        self.strings: dict[str, set[int]] = {}
        self.originals: dict[str, str] = {}  # how a normalised string was written, for facets
        self.exists: set[int] = set()
        self.null: set[int] = set()
        self.empty: set[int] = set()
        self.of_row: dict[int, tuple[float | str, ...]] = {}  # normalised

    def add(self, row: int, value: Any) -> None:
        self.exists.add(row)
        if value is None:
            self.null.add(row)
        elif is_empty(value):
            self.empty.add(row)
        found = list(self.of_row.get(row, ()))
        for one in scalars(value):
            if isinstance(one, float):
                self.numbers.setdefault(one, set()).add(row)
                found.append(one)
                continue
            if not one:
                continue
            key = _cut(normalize(one))
            self.strings.setdefault(key, set()).add(row)
            self.originals.setdefault(key, _cut(one))
            found.append(key)
        if found:
            self.of_row[row] = tuple(found)

    def equal(self, text: str) -> set[int]:
        found = self.strings.get(normalize(text), set())
        number = parse_float(text)
        return found if number is None else found | self.numbers.get(number, set())

    def strings_where(self, wanted: Callable[[str], bool]) -> set[int]:
        return set().union(*(rows for value, rows in self.strings.items() if wanted(value)))

    def between(self, numbers: Bounds | None, strings: Bounds) -> set[int]:
        found: list[set[int]] = []
        if numbers is not None:
            found += [rows for value, rows in self.numbers.items() if _within(value, numbers)]
        found += [rows for value, rows in self.strings.items() if _within(value, strings, _bytes)]
        return set().union(*found)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _cut(text: str) -> str:
    data = _bytes(text)
    return text if len(data) <= MAX_FACET_BYTES else data[:MAX_FACET_BYTES].decode("utf-8", "ignore")


def _within(value: Any, bounds: Bounds, key: Callable[[Any], Any] = lambda value: value) -> bool:
    low, with_low, high, with_high = bounds
    value = key(value)
    if low is not None and not (value >= key(low) if with_low else value > key(low)):
        return False
    return high is None or bool(value <= key(high) if with_high else value < key(high))


class Facets:
    """Columns of an index. All that its settings mean are made at once, when the first one is asked for."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._columns: dict[str, Column] = {}
        self._means: dict[str, bool] = {}  # whether the settings mean a nested field
        self._seen = 0  # rows below this one are in

    def column(self, name: str) -> Column:
        if name not in self._columns:
            self._columns = {one: Column() for one in {name, *self._columns, *self._named()}}
            self._seen = 0
        self._update()
        return self._columns[name]

    def nested(self) -> list[str]:
        """Fields within fields that the settings mean and a document has."""
        self.column("")
        return [name for name, column in self._columns.items() if "." in name and column.exists]

    def _update(self) -> None:
        for row in range(self._seen, self._index.next_row):
            if row in self._index.raw:
                for path, value in leaves(self._index.document(row)):
                    column = self._columns.get(path)
                    if column is None and "." in path and self._is_meant(path):
                        column = self._columns[path] = Column()
                    if column is not None:
                        column.add(row, value)
        self._seen = self._index.next_row

    def _is_meant(self, path: str) -> bool:
        known = self._means.get(path)
        if known is None:
            rules = self._index.settings["filterableAttributes"]
            sortable = self._index.settings["sortableAttributes"]
            known = patterns.matching_features(path, rules) is not None
            known = self._means[path] = known or any(patterns.is_below(path, one) for one in sortable)
        return known

    def _named(self) -> set[str]:
        """What the settings name, patterns left out, and every field that a pattern means."""
        settings = self._index.settings
        rules = settings["filterableAttributes"]
        named = {name for rule in rules for name in patterns.names_of(rule)} | set(settings["sortableAttributes"])
        named |= {rule.rpartition(":")[0] for rule in settings["rankingRules"] if ":" in rule}
        named |= {name for name in self._index.fields if patterns.matching_features(name, rules)}
        return {name for name in named if "*" not in name}
