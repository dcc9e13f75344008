"""One search on one index: what is asked, the hits in their order, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.meilisearch import filters, patterns
from tests.doubles.meilisearch.asc_desc import Criterion, parse_sort
from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.facets import Column
from tests.doubles.meilisearch.filter_parser import parse
from tests.doubles.meilisearch.filter_tree import written
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.matching import Graph, Matcher, Node
from tests.doubles.meilisearch.query import ask
from tests.doubles.meilisearch.ranking import Ranking, Scores, global_score


@dataclass
class Found:
    """The hits of a page, and all rows that fit."""

    hits: list[tuple[int, Scores]]
    rows: set[int]
    nodes: list[Node] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)  # of the ranking rules: relevancy, asc, desc


def with_index(index: Index, code: str, message: str) -> ApiError:
    return ApiError(code, f"Index `{index.uid}`: {message}")


def search(index: Index, query: dict[str, Any], offset: int, limit: int, *, contains: bool, exhaustive: bool) -> Found:
    """Find what a read query asks for. Raises ApiError."""
    _refuse_vectors(query)
    tree = None
    if query["filter"] is not None:
        tree = filters.read(query["filter"], "invalid_search_filter", contains=contains)
    if tree is not None:  # a search tells mistakes by its own writing of the filter
        tree = parse(written(tree))
    sort = [] if query["sort"] is None else parse_sort(query["sort"], "invalid_search_sort")
    attributes = _attributes(index, query["attributesToSearchOn"])
    distinct = _distinct(index, query["distinct"])
    try:
        universe = set(index.raw) if tree is None else index.evaluation().rows(tree)
    except ApiError as exc:
        raise with_index(index, exc.code, exc.message) from None
    _check_sort(index, sort)
    ranking, universe, nodes = _question(index, query, attributes, sort, universe)
    detailed = (
        query["showRankingScore"] or query["showRankingScoreDetails"] or query["rankingScoreThreshold"] is not None
    )
    hits = ranking.hits(universe, detailed=detailed)
    if query["rankingScoreThreshold"] is not None:
        good = [hit for hit in hits if global_score(hit[1]) >= query["rankingScoreThreshold"]]
        universe, hits = {row for row, _ in good}, iter(good)
    if distinct is None:
        return Found(_page(hits, offset, limit), universe, nodes, ranking.kinds)
    each = Distinct(index, index.facets.column(distinct))
    found = each.found(hits, universe, slice(offset, offset + limit), exhaustive=exhaustive)
    found.nodes, found.kinds = nodes, ranking.kinds
    return found


def _refuse_vectors(query: dict[str, Any]) -> None:
    if query["hybrid"] is not None:
        name = query["hybrid"].get("embedder")
        raise ApiError("invalid_search_embedder", f"Cannot find embedder with name `{name}`.")
    if query["vector"] is not None or query["media"] is not None:
        raise ApiError(
            "missing_search_hybrid",
            "Invalid request: missing `hybrid` parameter when `vector` or `media` are present.",
        )


def _question(
    index: Index, query: dict[str, Any], attributes: set[str] | None, sort: list[Criterion], universe: set[int]
) -> tuple[Ranking, set[int], list[Node]]:
    strategy = query["matchingStrategy"]
    text = query["q"] or ""
    if not text.strip():
        return Ranking(index, None, None, strategy, sort), universe, []
    words = index.words
    languages = query["locales"] or words.query_languages(attributes)
    question = ask(text, words.tokenizer, languages, prefix=index.settings["prefixSearch"] != "disabled")
    matcher = Matcher(index, attributes, set(index.raw))
    universe = universe - matcher.excluded(question)
    if not question.terms:
        return Ranking(index, None, None, strategy, sort), universe, []
    nodes = matcher.nodes(question.terms)
    graph = Graph(nodes, len(question.terms), strategy)
    universe = graph.rows(universe, len(graph.groups))
    return Ranking(index, matcher, graph, strategy, sort), universe, nodes


def _page(hits: Iterator[tuple[int, Scores]], offset: int, limit: int) -> list[tuple[int, Scores]]:
    found = []
    for place, hit in enumerate(hits):
        if place >= offset + limit:
            break
        if place >= offset:
            found.append(hit)
    return found


@dataclass
class Distinct:
    """One hit for each value of a field. How many there are is known only as far as was looked, unless all is asked."""

    index: Index
    column: Column

    def same(self, row: int) -> set[int]:
        return self.with_values(self.column.of_row.get(row, ()))

    def with_values(self, values: tuple[float | str, ...]) -> set[int]:
        numbers, strings = self.column.numbers, self.column.strings
        return set().union(*(numbers.get(v, ()) if isinstance(v, float) else strings.get(v, ()) for v in values))

    def found(
        self, hits: Iterator[tuple[int, Scores]], universe: set[int], wanted: slice, *, exhaustive: bool
    ) -> Found:
        excluded: set[int] = set()
        taken: list[tuple[int, Scores]] = []
        for row, scores in hits:
            if len(taken) >= wanted.stop:
                break
            if row not in excluded:
                excluded |= self.same(row)
                taken.append((row, scores))
        rows = (universe - excluded) | {row for row, _ in taken}
        return Found(taken[wanted], self._each_once(rows) if exhaustive else rows)

    def _each_once(self, rows: set[int]) -> set[int]:
        found: set[int] = set()
        gone: set[int] = set()
        for row in self.index.ordered(rows):
            if row not in gone:
                gone |= self.same(row)
                found.add(row)
        return found


def _known_attributes(index: Index) -> list[str]:
    words = index.words_so_far
    return [name for name in index.fields if words.weight(name) is not None]


def _listed(index: Index, names: list[str]) -> str:
    shown = [name for name in names if index.is_shown(name)]
    return ", ".join(shown) + (", <..hidden-attributes>" if len(shown) < len(names) else "")


def _attributes(index: Index, wanted: list[str] | None) -> set[str] | None:
    """The attributes to search in; None for all. Raises ApiError."""
    if wanted is None:
        return None
    known = _known_attributes(index)
    declared: list[str] = index.settings["searchableAttributes"]
    found: set[str] = set()
    everything = False
    for name in wanted:
        if name == "*":
            everything = True
        elif name in known:
            found.add(name)
        elif "*" in name and any(patterns.matches(name, one) for one in known):
            found |= {one for one in known if patterns.matches(name, one)}
        elif "*" not in declared and name not in declared:
            message = (
                f"Attribute `{name}` is not searchable. Available searchable attributes are: "
                f"`{_listed(index, sorted(known))}`."
            )
            raise with_index(index, "invalid_search_attributes_to_search_on", message)
    return None if everything else found


def _distinct(index: Index, wanted: str | None) -> str | None:
    if wanted is None:
        declared: str | None = index.settings["distinctAttribute"]
        return declared
    rules = index.settings["filterableAttributes"]
    matched = patterns.matching_features(wanted, rules)
    if matched is not None and matched[1].filterable:
        return wanted
    known = sorted(patterns.matching(rules, lambda features: features.filterable))
    if matched is not None:
        rule = matched[0]
        why = (
            f"Note: this attribute matches rule #{rule} in filterableAttributes, but this rule does not enable "
            f"filtering.\nHint: enable filtering in rule #{rule} by adding appropriate filter features.\nHint: prepend "
            f"another rule matching {wanted} with filter features before rule #{rule}"
        )
    elif known:
        why = f"Available filterable attributes patterns are: `{_listed(index, known)}`."
    else:
        why = "This index does not have configured filterable attributes."
    raise with_index(
        index,
        "invalid_search_distinct",
        f"Attribute `{wanted}` is not filterable and thus, cannot be used as distinct attribute. {why}",
    )


def _check_sort(index: Index, sort: list[Criterion]) -> None:
    if not sort:
        return
    if "sort" not in index.settings["rankingRules"]:
        raise with_index(
            index,
            "invalid_search_sort",
            "You must specify where `sort` is listed in the rankingRules setting to use the sort parameter at search "
            "time.",
        )
    sortable: list[str] = index.settings["sortableAttributes"]
    for criterion in sort:
        if not any(patterns.is_below(criterion.field, name) for name in sortable):
            known = (
                f"Available sortable attributes are: `{_listed(index, sortable)}`."
                if sortable
                else "This index does not have configured sortable attributes."
            )
            raise with_index(index, "invalid_search_sort", f"Attribute `{criterion.field}` is not sortable. {known}")
