"""Words that are a few letters from another one: a swap of neighbours counts once, the first letter counts twice."""

from __future__ import annotations

MAX_ONE, MAX_TWO = 150, 50  # how many derived words are looked at


def allowed(word: str, typo_tolerance: dict[str, object]) -> int:
    """How many typos a word may have under the settings."""
    sizes = typo_tolerance["minWordSizeForTypos"]
    assert isinstance(sizes, dict)
    if not typo_tolerance["enabled"] or len(word) < sizes["oneTypo"]:
        return 0
    words = typo_tolerance["disableOnWords"]
    assert isinstance(words, list)
    if word in words:
        return 0
    return 1 if len(word) < sizes["twoTypos"] else 2


def typos(word: str, other: str, most: int, *, prefix: bool) -> int | None:
    """How many typos `other` is away from `word` (with `prefix`: any beginning of it); None for more than `most`."""
    if not prefix and abs(len(word) - len(other)) > most:
        return None
    if prefix and len(other) < len(word) - most:
        return None
    other = other[: len(word) + most] if prefix else other
    before: list[int] = []
    row = list(range(len(word) + 1))
    best = row[-1]
    for i, a in enumerate(other, 1):
        older, before, row = before, row, [i] + [0] * len(word)
        for j, b in enumerate(word, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == word[j - 2] and b == other[i - 2]:
                row[j] = min(row[j], older[j - 2] + 1)
        if min(row) > most:
            break
        best = min(best, row[-1])
    else:
        if not prefix:
            best = row[-1]
        return best if best <= most else None
    return best if prefix and best <= most else None


def derived(word: str, most: int, candidates: list[str], *, prefix: bool) -> tuple[list[str], list[str]]:
    """Words one and two typos away, of those that the index has (sorted)."""
    one: list[str] = []
    two: list[str] = []
    if most < 1:
        return one, two
    for other in candidates:
        same_start = other[:1] == word[:1]
        if not same_start and most < 2:
            continue
        distance = typos(word, other, most if same_start else 1, prefix=prefix)
        if not distance:
            continue
        if same_start and distance == 1:
            if len(one) < MAX_ONE:
                one.append(other)
        elif len(two) < MAX_TWO:
            two.append(other)
        if len(one) >= MAX_ONE and (most < 2 or len(two) >= MAX_TWO):
            break
    return one, two
