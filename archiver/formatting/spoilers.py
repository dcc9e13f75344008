"""Spoilers: words that apps cover until a reader asks for them. Pure."""

from __future__ import annotations

from archiver.formatting.ranges import Entities, list_ranges

VEIL = "▒"


def find_covered(text: str, entities: Entities) -> bytearray | None:
    """For each character, whether it is covered; None if none is."""
    if not entities or (isinstance(entities, str) and "spoiler" not in entities):
        return None
    covered = None
    for one in list_ranges(text, entities):
        if one.kind == "spoiler":
            covered = covered or bytearray(len(text))
            covered[one.start : one.end] = b"\1" * (one.end - one.start)
    return covered


def veiled(text: str, entities: Entities) -> str:
    """A text without the words of its spoilers, for an excerpt where nobody can ask for them; as long as before."""
    covered = find_covered(text, entities)
    return text if covered is None else "".join(map(_veil, text, covered))


def veil(text: str) -> str:
    """Signs in place of letters."""
    return "".join(_veil(letter, 1) for letter in text)


def _veil(letter: str, covered: int) -> str:
    return VEIL if covered and not letter.isspace() else letter
