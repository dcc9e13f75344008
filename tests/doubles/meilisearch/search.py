"""One search on one index: what is asked, the hits in their order, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.meilisearch import filters, patterns
from tests.doubles.meilisearch.asc_desc import Criterion, parse_sort
from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.filter_parser import parse
from tests.doubles.meilisearch.filter_tree import written
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.matching import Graph, Matcher, Node
from tests.doubles.meilisearch.query import ask
from tests.doubles.meilisearch.ranking import Ranking, Scores


@dataclass
class Found:
    """The hits of a page, and all rows that fit."""

    hits: list[tuple[int, Scores]]
    rows: set[int]
    nodes: list[Node] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)  # of the ranking rules: relevancy, asc, desc


def with_index(index: Index, code: str, message: str) -> ApiError:
    return ApiError(code, f"Index `{index.uid}`: {message}")


def search(index: Index, query: dict[str, Any], offset: int, limit: int, *, contains: bool) -> Found:
    """Find what a read query asks for. Raises ApiError."""
    tree = None
    if query["filter"] is not None:
        tree = filters.read(query["filter"], "invalid_search_filter", contains=contains)
    if tree is not None:  # a search tells mistakes by its own writing of the filter
        tree = parse(written(tree))
    sort = [] if query["sort"] is None else parse_sort(query["sort"], "invalid_search_sort")
    attributes = _attributes(index, query["attributesToSearchOn"])
    try:
        universe = set(index.raw) if tree is None else index.evaluation().rows(tree)
    except ApiError as exc:
        raise with_index(index, exc.code, exc.message) from None
    _check_sort(index, sort)
    ranking, universe, nodes = _question(index, query, attributes, sort, universe)
    hits = ranking.hits(universe, detailed=query["showRankingScore"])
    return Found(_page(hits, offset, limit), universe, nodes, ranking.kinds)


def _question(
    index: Index, query: dict[str, Any], attributes: set[str] | None, sort: list[Criterion], universe: set[int]
) -> tuple[Ranking, set[int], list[Node]]:
    strategy = query["matchingStrategy"]
    text = query["q"] or ""
    if not text.strip():
        return Ranking(index, None, strategy, sort), universe, []
    words = index.words
    languages = query["locales"] or words.query_languages(attributes)
    question = ask(text, words.tokenizer, languages, prefix=index.settings["prefixSearch"] != "disabled")
    matcher = Matcher(index, attributes, set(index.raw))
    universe = universe - matcher.excluded(question)
    if not question.terms:
        return Ranking(index, None, strategy, sort), universe, []
    nodes = matcher.nodes(question.terms)
    graph = Graph(nodes, len(question.terms), strategy)
    universe = graph.rows(universe, len(graph.groups))
    return Ranking(index, graph, strategy, sort), universe, nodes


def _page(hits: Iterator[tuple[int, Scores]], offset: int, limit: int) -> list[tuple[int, Scores]]:
    found = []
    for place, hit in enumerate(hits):
        if place >= offset + limit:
            break
        if place >= offset:
            found.append(hit)
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
