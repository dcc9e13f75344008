"""The order of hits: ranking rules one after the other, each parting what the one before it left together.

Of the rules that look at the words only `words` and `typo` are here; telekeep leaves the order by relevance to its own
engine. Rows of one bucket come by internal id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cmp_to_key
from typing import NamedTuple

from tests.doubles.meilisearch.asc_desc import Criterion, Value, compare_values, sort_value
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.matching import Graph, Node


class Score(NamedTuple):
    """What one rule said of a hit: how good it is of how much, or the value it is sorted by."""

    rule: str
    rank: int = 0
    most: int = 1
    value: Value = None
    ascending: bool | None = None  # set for a sort


Scores = tuple[Score, ...]
Rule = Callable[[set[int], int], Iterator[tuple[set[int], tuple[Score, ...], int]]]


def global_score(scores: Scores) -> float:
    """Between 0 and 1, sorts left out (score_details.rs)."""
    rank, most = 1, 1
    for score in scores:
        if score.ascending is None:
            rank, most = (rank - 1) * score.most + score.rank, most * score.most
    return rank / most


class Ranking:
    """The rules of one search."""

    def __init__(self, index: Index, graph: Graph | None, strategy: str, sort: list[Criterion]) -> None:
        self.index = index
        self.graph = graph
        self.kinds: list[str] = []
        self.rules = self._rules(strategy, sort)

    def _rules(self, strategy: str, sort: list[Criterion]) -> list[Rule]:
        found: list[Rule] = []
        names: set[str] = set()
        has_words = strategy == "all"
        sorted_fields: set[str] = set()
        for name in self.index.settings["rankingRules"]:
            if name in names and ":" not in name:
                continue
            names.add(name)
            if name == "sort":
                wanted = sort
            elif ":" in name:
                field, _, direction = name.rpartition(":")
                wanted = [Criterion(field, direction == "asc")]
            elif self.graph is None:
                continue
            else:
                if not has_words:
                    has_words = True
                    found.append(self._by_words)
                self.kinds += ["relevancy"] if self.kinds[-1:] != ["relevancy"] else []
                found += [self._by_typos] if name == "typo" else []
                continue
            for criterion in wanted:
                if criterion.field not in sorted_fields:
                    sorted_fields.add(criterion.field)
                    found.append(self._by_value(criterion))
                    self.kinds.append("asc" if criterion.ascending else "desc")
        return found

    def hits(self, rows: set[int], *, detailed: bool) -> Iterator[tuple[int, Scores]]:
        """Rows from the best to the worst; with `detailed` their scores by every rule."""
        return self._refined(rows, 0, (), 0, detailed)

    def _refined(
        self, rows: set[int], rule: int, scores: Scores, missing: int, detailed: bool
    ) -> Iterator[tuple[int, Scores]]:
        if rule == len(self.rules) or (len(rows) == 1 and not detailed):
            for row in self.index.ordered(rows):
                yield row, scores
            return
        for bucket, more, gone in self.rules[rule](rows, missing):
            yield from self._refined(bucket, rule + 1, scores + more, gone, detailed)

    # --- rules: buckets of rows from the best on, with what is said of them and how many groups of words are missing

    def _by_words(self, rows: set[int], _missing: int) -> Iterator[tuple[set[int], Scores, int]]:
        assert self.graph is not None
        most = self.graph.count
        left = set(rows)
        for missing in range(len(self.graph.groups) + 1):
            bucket = left & self.graph.rows(left, missing)
            if bucket:
                left -= bucket
                yield bucket, (Score("words", max(most - missing, 1), most),), missing
        if left:
            yield left, (Score("words", 0, most),), len(self.graph.groups)

    def _by_value(self, criterion: Criterion) -> Rule:
        def part(rows: set[int], missing: int) -> Iterator[tuple[set[int], Scores, int]]:
            values = self.index.facets.column(criterion.field).of_row
            buckets: dict[Value, set[int]] = {}
            for row in rows:
                buckets.setdefault(sort_value(values.get(row, ()), criterion.ascending), set()).add(row)

            def compare(left: Value, right: Value) -> int:
                return compare_values(left, right, criterion.ascending)

            for value in sorted(buckets, key=cmp_to_key(compare)):
                score = Score(f"sort:{criterion.field}", value=value, ascending=criterion.ascending)
                yield buckets[value], (score,), missing

        return part

    def _by_typos(self, rows: set[int], missing: int) -> Iterator[tuple[set[int], Scores, int]]:
        assert self.graph is not None
        nodes = self.graph.kept(missing)
        buckets: dict[int, set[int]] = {}
        greatest = 0
        for row in rows:
            found, most = _typos(row, nodes)
            greatest = max(greatest, most)
            buckets.setdefault(found, set()).add(row)
        for found in sorted(buckets):
            yield buckets[found], (Score("typo", max(greatest - found, 0) + 1, greatest + 1),), missing


def _typos(row: int, nodes: list[Node]) -> tuple[int, int]:
    """How many typos a row has on the best way through the terms, and how many it could have at most."""
    count = max(node.last for node in nodes) + 1
    best: dict[int, int] = {0: 0}
    most = dict.fromkeys(range(count + 1), 0)
    for at in range(count):
        begin_here = [node for node in nodes if node.first == at]
        if not begin_here and at in best:  # a term that may be missing
            best[at + 1] = min(best[at], best.get(at + 1, best[at]))
        for node in begin_here:
            end, joined = node.last + 1, node.last - node.first
            base = joined + 1 if joined else 0
            most[end] = max(most[end], most[at] + base + node.most_typos)
            typos = node.typos(row)
            if typos is not None and at in best:
                cost = best[at] + base + typos
                best[end] = min(cost, best.get(end, cost))
    return best.get(count, most[count]), most[count]
