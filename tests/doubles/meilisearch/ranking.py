"""The order of hits: ranking rules one after the other, each parting what the one before it left together.

Costs are worked out from the words of a row, not from Meilisearch's databases: the same in the clear cases, near in the
others (README.md). Rows of one bucket come by internal id.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cmp_to_key
from typing import Any, NamedTuple

from tests.doubles.meilisearch.asc_desc import Criterion, Value, compare_values, sort_value
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.matching import MAX_DISTANCE, Graph, Matcher, Node, proximity


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

    def __init__(
        self, index: Index, matcher: Matcher | None, graph: Graph | None, strategy: str, sort: list[Criterion]
    ) -> None:
        self.index = index
        self.matcher = matcher
        self.graph = graph
        self.kinds: list[str] = []
        self.rules = self._rules(strategy, sort)

    def _rules(self, strategy: str, sort: list[Criterion]) -> list[Rule]:
        found: list[Rule] = []
        names: set[str] = set()
        has_words = strategy == "all"
        sorted_fields: set[str] = set()
        by_query = {
            "typo": (self._by_typo,),
            "proximity": (self._by_proximity,),
            "attribute": (self._by_attribute, self._by_position),
            "attributeRank": (self._by_attribute,),
            "wordPosition": (self._by_position,),
            "exactness": (self._by_exact_attribute, self._by_exact_words),
        }
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
                found += [self._costly(name, rule) for rule in by_query.get(name, ())]
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

    def _costly(self, name: str, cost: Callable[[int, list[Node]], tuple[int, int]]) -> Rule:
        """A rule by a cost for each row: (cost, greatest cost)."""

        def part(rows: set[int], missing: int) -> Iterator[tuple[set[int], Scores, int]]:
            assert self.graph is not None
            nodes = self.graph.kept(missing)
            buckets: dict[int, set[int]] = {}
            greatest = 0
            for row in rows:
                found, most = cost(row, nodes)
                greatest = max(greatest, most)
                buckets.setdefault(found, set()).add(row)
            for found in sorted(buckets):
                yield buckets[found], (Score(name, max(greatest - found, 0) + 1, greatest + 1),), missing

        return part

    # --- costs of a row

    def _by_typo(self, row: int, nodes: list[Node]) -> tuple[int, int]:
        best, most = {0: 0}, {0: 0}
        for node in nodes:
            size = node.last - node.first + 1
            base = size if size > 1 else 0
            before = max((cost for last, cost in most.items() if last <= node.first), default=0)
            most[node.last + 1] = max(before + base + node.most_typos, most.get(node.last + 1, 0))
            count = node.typos(row)
            if count is None:
                continue
            cost = min((cost for last, cost in best.items() if last <= node.first), default=0) + count + base
            best[node.last + 1] = min(cost, best.get(node.last + 1, cost))
        greatest = max(most.values())
        return (best[max(best)] if len(best) > 1 else greatest), greatest

    def _matched(self, row: int, nodes: list[Node]) -> list[list[tuple[str, int, int, int, bool]]]:
        """For each single term the places where it stands: attribute, weight, first and last position, exactly."""
        assert self.matcher is not None
        found = []
        for node in nodes:
            if node.first != node.last or node.typos(row) is None:
                continue
            words = set().union(*node.words[: (node.typos(row) or 0) + 1])
            places: list[tuple[str, int, int, int, bool]] = []
            for place in self.matcher.words.places[row]:
                if self.matcher.attributes is not None and place.attribute not in self.matcher.attributes:
                    continue
                stands = zip(place.positions, place.words, strict=True)
                long = len(node.term.words) - 1 if node.term.is_phrase else 0
                places += [
                    (place.attribute, place.weight, at, at + long, word == node.term.word or node.term.is_phrase)
                    for at, word in stands
                    if (word == node.term.words[0] if node.term.is_phrase else word in words)
                ]
            if places:
                found.append(places)
        return found

    def _by_proximity(self, row: int, nodes: list[Node]) -> tuple[int, int]:
        terms = self._matched(row, nodes)
        cost = 0
        for left, right in itertools.pairwise(terms):
            cost += min(
                (proximity(a[3], b[2]) - 1 for a in left[:50] for b in right[:50] if a[0] == b[0] and a[2] != b[2]),
                default=MAX_DISTANCE - 1,
            )
        return cost, max(sum(node.first == node.last for node in nodes) - 1, 0) * (MAX_DISTANCE - 1)

    def _by_attribute(self, row: int, nodes: list[Node]) -> tuple[int, int]:
        terms = self._matched(row, nodes)
        assert self.matcher is not None
        searchable = self.matcher.words.searchable
        most = 0 if "*" in searchable else max(len(searchable) - 1, 0)
        return sum(min(place[1] for place in places) for places in terms), most * len(terms)

    def _by_position(self, row: int, nodes: list[Node]) -> tuple[int, int]:
        """How far each term is from where it stands in the question."""
        terms = self._matched(row, nodes)
        starts = [node.term.start for node in nodes if node.first == node.last and node.typos(row) is not None]
        total = sum(
            min(_distance_cost(abs(_bucketed(place[2]) - start)) for place in places)
            for places, start in zip(terms, starts, strict=False)
        )
        return total, 10 * len(terms)

    def _by_exact_attribute(self, row: int, nodes: list[Node]) -> tuple[int, int]:
        assert self.matcher is not None
        asked = [
            word for node in nodes if node.first == node.last
            for word in (node.term.words if node.term.is_phrase else (node.term.word,))
        ]  # fmt: skip
        best = 2
        for place in self.matcher.words.places[row]:
            if self.matcher.attributes is not None and place.attribute not in self.matcher.attributes:
                continue
            words = list(place.words[: len(asked)])
            if words == asked:
                best = min(best, 0 if len(place.words) == len(asked) else 1)
        return best, 2

    def _by_exact_words(self, row: int, nodes: list[Node]) -> tuple[int, int]:
        terms = self._matched(row, nodes)
        count = sum(node.first == node.last for node in nodes)
        return count - sum(any(place[4] for place in places) for places in terms), count


def _distance_cost(distance: int) -> int:
    return bisect_right((1, 2, 5, 8, 12, 17, 25, 65, 257, 1025), distance)


def _bucketed(position: int) -> int:
    """Positions are known exactly at the beginning of a text only."""
    if position < 16:
        return position
    return 24 if position < 24 else 1 << (position - 1).bit_length()


def explained(scores: Scores) -> dict[str, Any]:
    """`_rankingScoreDetails`, without what telekeep does not read."""
    return {
        score.rule: {"order": order, "value": score.value}
        if score.ascending is not None
        else {"order": order, "score": score.rank / score.most}
        for order, score in enumerate(scores)
    }
