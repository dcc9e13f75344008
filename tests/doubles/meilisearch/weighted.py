"""Comparing hits of different queries: by weighted scores, and by values where they are sorted."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.doubles.meilisearch.asc_desc import compare_values
from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.ranking import Scores


class Hit(NamedTuple):
    body: dict[str, Any]
    position: int  # of the query
    values: list[dict[str, Any]]  # what hits are compared by, one after the other
    score: float  # the whole, weighted: for hits that cannot be compared otherwise
    order: int  # the place within its own result
    document: tuple[str, int] | None = None  # index and row, when it is from here


def weighted(scores: Scores, weight: float) -> list[dict[str, Any]]:
    """The score of the rules up to a sort, the value of the sort, and so on: as nodes tell them to each other."""
    found: list[dict[str, Any]] = []
    rank, most, pending = 1, 1, False
    for score in scores:
        if score.ascending is None:
            rank, most, pending = (rank - 1) * score.most + score.rank, most * score.most, True
            continue
        if pending:
            found.append({"weightedScore": rank / most * weight})
            pending = False
        found.append({"sort": {"asc": score.ascending, "value": score.value}})
    if pending:
        found.append({"weightedScore": rank / most * weight})
    return found


def compare(left: Hit, right: Hit) -> int:
    """Negative when the left one comes first."""
    found = _better(left, right)
    if found:
        return -found
    return -1 if (left.position, left.order) < (right.position, right.order) else 1


def _better(left: Hit, right: Hit) -> int:
    """Positive when the left one is better (weighted_scores.rs)."""
    for place, (one, other) in enumerate(zip(left.values, right.values, strict=False), 1):
        found = _compared(one, other)
        if found is None:
            groups = len(left.values[place:]) - len(right.values[place:])
            return groups or (left.score > right.score) - (left.score < right.score)
        if found:
            return found
    return len(left.values) - len(right.values)


def _compared(one: dict[str, Any], other: dict[str, Any]) -> int | None:
    """None: a score and a value, or values in different directions."""
    if "weightedScore" in one and "weightedScore" in other:
        difference = one["weightedScore"] - other["weightedScore"]
        return 0 if abs(difference) <= 2.220446049250313e-16 else 1 if difference > 0 else -1
    if "sort" not in one or "sort" not in other or one["sort"]["asc"] != other["sort"]["asc"]:
        return None
    return -compare_values(one["sort"]["value"], other["sort"]["value"], bool(one["sort"]["asc"]))


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
