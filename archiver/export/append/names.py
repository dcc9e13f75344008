"""The file names of a series: `day.jsonl`, `day_0002.jsonl`, `day_0003.jsonl`... Pure.

In byte order, which `glob`, DuckDB and `ls` in the C locale sort by, the first file comes first: `.` before `_`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_PART = re.compile(r"(.+)_([0-9]{4,9})(\.[^.]+)?", re.DOTALL)


def part_name(first: str, number: int) -> str:
    """The name of a file of the series that begins with `first`; it is number 1 itself."""
    if number == 1:
        return first
    at = first.rfind(".")
    at = at if 0 < at < len(first) - 1 else len(first)
    return f"{first[:at]}_{number:04d}{first[at:]}"


def read_part(name: str) -> tuple[str, int]:
    """The first file of the series that a file name may belong to, and its number there."""
    if found := _PART.fullmatch(name):
        first, number = found[1] + (found[3] or ""), int(found[2])
        if number > 1 and part_name(first, number) == name:
            return first, number
    return name, 1


def list_numbers(first: str, names: Iterable[str]) -> list[int]:
    """The numbers, except 1, of the files with these names in the series."""
    found = (read_part(name) for name in names)
    return sorted({number for begin, number in found if begin == first and number > 1})
