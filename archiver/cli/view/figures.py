"""Figures as people read them: `12,345`, `1.8k`, `17 %`, `41.5 MB`, `2 h 5 min`. One way everywhere; pure.

Machine output (JSON, TSV) never comes through here.
"""

from __future__ import annotations

from collections.abc import Sequence

from archiver.duration import in_words

_SHORT = ((1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G"))
_FEW = 3
"""Maximum number of names in a sentence."""
_SIZES = ("bytes", "kB", "MB", "GB", "TB", "PB")


def number(value: int) -> str:
    """`12,345`."""
    return f"{value:,}"


def count(value: int, one: str, many: str | None = None) -> str:
    """The number and its noun: `1 message`, `12,345 messages`, `2 copies` of ("copy", "copies")."""
    return f"{value:,} {one if value == 1 else many or f'{one}s'}"


def short(value: int) -> str:
    """At most four characters and a sign, rounded down: `999`, `1.8k`, `12k`, `3.4M`."""
    size, unit = next(((size, unit) for size, unit in reversed(_SHORT) if abs(value) >= size), (1, ""))
    whole, tenth = divmod(abs(value) * 10 // size, 10)
    digits = f"{whole}.{tenth}" if unit and whole < 10 and tenth else f"{whole}"
    return f"{'-' * (value < 0)}{digits}{unit}"


def percent(part: int, whole: int) -> str:
    """`17 %`, `<1 %`, `99.9 %`: never 100 % unless it is all, never 0 % unless it is none; all of nothing is 100 %."""
    if part >= whole:
        return "100 %"
    tenths = 1_000 * part // whole
    if part > 0 and tenths < 10:
        return "<1 %"
    return f"{tenths / 10} %" if tenths > 990 else f"{tenths // 10} %"


def size(octets: int) -> str:
    """`512 bytes`, `41.5 MB`: decimal units, as disks and file managers count."""
    value, unit = float(octets), _SIZES[0]
    for unit in _SIZES:
        if value < 999.5 or unit == _SIZES[-1]:
            break
        value /= 1_000
    if unit == "bytes":
        return count(octets, "byte")
    return f"{value:.0f} {unit}" if value >= 99.95 else f"{value:.1f} {unit}"


def rate(per_second: float, what: str = "") -> str:
    """`120/s`, `3.4 messages/s`."""
    figure = f"{per_second:,.0f}" if per_second >= 10 or per_second == 0 else f"{max(per_second, 0.1):.1f}"
    return f"{figure} {what}/s" if what else f"{figure}/s"


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `2 h 5 min`, `4 days`: the largest unit, and the next one where it matters."""
    return in_words(seconds)


def about(seconds: float | None) -> str:
    """`about 2 h 5 min`; empty when unknown."""
    return "" if seconds is None else f"about {in_words(seconds)}"


def name_few(names: Sequence[str]) -> str:
    """`a`, `a, b and c`, `a, b, c and 15 more`: at most three."""
    more = [f"{number(len(names) - _FEW)} more"] if len(names) > _FEW else []
    *first, last = [*names[:_FEW], *more]
    return f"{', '.join(first)} and {last}" if first else last
