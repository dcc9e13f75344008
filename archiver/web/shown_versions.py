"""The versions of a message that fit on a page, newest first, and where the older ones are. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from archiver.model.versions import Version
from archiver.reading.message_history import MessageHistory
from archiver.reading.word_diff import diff
from archiver.web.covered_diff import CoveredPiece, MarkedText, cover

MOST: Final = 20
BUDGET: Final = 45_000
"""Bytes of text on a page, roughly; one version is always shown."""

_ELEMENT, _COVER = 12, 60
"""Bytes of the element of a piece, and of one that covers it."""


class ShownVersions(NamedTuple):
    """Versions with what changed, newest first."""

    diffs: Sequence[tuple[Version, list[CoveredPiece]]]
    before: int | None
    """Earlier revisions are not shown; None: all are."""


def find_range(revisions: int, before: int | None) -> tuple[int, int]:
    """The first and last revision to read: those of a page, and the one that its oldest is compared with."""
    last = revisions if before is None else min(before - 1, revisions)
    return max(1, last - MOST), last


def choose_versions(history: MessageHistory, first: int) -> ShownVersions:
    """Choose the versions to show, from revision `first` on."""
    versions = history.versions
    last_to_show = 1 if first > 1 and len(versions) > 1 else 0
    diffs: list[tuple[Version, list[CoveredPiece]]] = []
    budget = BUDGET
    for at in range(len(versions) - 1, last_to_show - 1, -1):
        new = versions[at]
        old = new.base or new
        pieces = cover(diff(old.text, new.text), MarkedText(old.text, old.entities), MarkedText(new.text, new.entities))
        budget -= sum(map(_count_bytes, pieces))
        if diffs and (budget < 0 or len(diffs) == MOST):
            break
        diffs.append((new, pieces))
    rest = [version.revision or 0 for version in versions[: len(versions) - len(diffs)]]
    return ShownVersions(diffs, max(rest) + 1 if rest else None)


def _count_bytes(piece: CoveredPiece) -> int:
    return len(piece.text.encode("utf-8", "replace")) + _ELEMENT + _COVER * piece.is_covered
