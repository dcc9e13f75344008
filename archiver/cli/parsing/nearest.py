"""The known word that was probably meant, if one is close enough to suggest."""

from __future__ import annotations

from collections.abc import Iterable

_ENOUGH = 0.72
"""Minimum similarity at which a suggestion helps rather than puzzles."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word nearest to this one; None if none is close enough."""
    from difflib import get_close_matches

    words = list(known)
    begun = [one for one in words if len(word.lstrip("-")) > 2 and one.startswith(word)]
    if len(begun) == 1:
        return begun[0]
    close = get_close_matches(word, words, n=1, cutoff=_ENOUGH)
    return close[0] if close else None


def did_you_mean(word: str, known: Iterable[str], *, form: str = "{}", otherwise: str = "") -> str:
    """A sentence that names the nearest word, or `otherwise`."""
    near = nearest(word, known)
    return f"Did you mean {form.format(near)}?" if near else otherwise
