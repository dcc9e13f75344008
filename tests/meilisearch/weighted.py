"""Comparing hits of different queries: by weighted scores, and by values where they are sorted."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.meilisearch.asc_desc import Value, compare_values
from tests.meilisearch.errors import ApiError
from tests.meilisearch.ranking import Scores


class Hit(NamedTuple):
    body: dict[str, Any]
    position: int  # of the query
    values: list[Any]  # weighted scores (numbers) and sorted values (dicts), by which hits are compared
    order: int  # the place within its own result
    document: tuple[str, int] | None = None  # index and row, when it is from here


def weighted(scores: Scores, weight: float) -> list[Any]:
    """What hits are compared by: a score of the rules up to a sort, the value of the sort, and so on."""
    found: list[Any] = []
    rank, most, pending = 1, 1, False
    for score in scores:
        if score.ascending is None:
            rank, most, pending = (rank - 1) * score.most + score.rank, most * score.most, True
            continue
        if pending:
            found.append(rank / most * weight)
            pending = False
        found.append({"value": score.value, "ascending": score.ascending})
    if pending:
        found.append(rank / most * weight)
    return found


def weighted_details(details: dict[str, Any], weight: float) -> list[Any]:
    found: list[Any] = []
    score: float | None = None
    for name, one in sorted(details.items(), key=lambda pair: pair[1]["order"]):
        if "value" in one:
            if score is not None:
                found.append(score * weight)
                score = None
            found.append({"value": one["value"], "ascending": one.get("ascending", not name.endswith(":desc"))})
        else:
            score = one["score"] if score is None else score * one["score"]
    if score is not None:
        found.append(score * weight)
    return found


def compare(left: Hit, right: Hit) -> int:
    for one, other in zip(left.values, right.values, strict=False):
        if isinstance(one, dict) and isinstance(other, dict):
            values: tuple[Value, Value] = one["value"], other["value"]
            found = compare_values(*values, bool(one["ascending"]))
        elif isinstance(one, dict) or isinstance(other, dict):
            continue
        else:
            found = (one < other) - (one > other)
        if found:
            return found
    return (left.position, left.order) > (right.position, right.order) or -1


def check_kinds(kinds: list[tuple[int, list[str]]]) -> None:
    """Whether the last query's rules can be compared with those before. Raises ApiError."""
    place, rules = kinds[-1]
    for earlier, others in kinds[:-1]:
        for one, other in zip(others, rules, strict=False):
            if one != other:
                why = (
                    "cannot compare a relevancy rule with a sort rule"
                    if "relevancy" in (one, other)
                    else "cannot compare two sort rules in opposite directions"
                )
                raise ApiError(
                    "invalid_multi_search_query_ranking_rules",
                    f"The results of queries #{earlier} and #{place} are incompatible: \n  1. {one}\n  2. {other}\n"
                    f"  - {why}\n",
                )
