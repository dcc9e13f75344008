"""The versions of a message that fit on a page, newest first, and where the older ones are. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from archiver.model.versions import Version
from archiver.reading.message_history import MessageHistory
from archiver.reading.word_diff import DiffPiece

MOST: Final = 20
BUDGET: Final = 45_000
"""Bytes of text on a page, roughly; one version is always shown."""


class ShownVersions(NamedTuple):
    """Versions with what changed, newest first."""

    diffs: Sequence[tuple[Version, list[DiffPiece]]]
    before: int | None
    """Revisions with numbers below it are not shown; None: there are none."""


def find_range(revisions: int, before: int | None) -> tuple[int, int]:
    """The first and last revision to read: those of a page, and the one that its oldest is compared with."""
    last = revisions if before is None else min(before - 1, revisions)
    return max(1, last - MOST), last


def choose_versions(history: MessageHistory, first: int) -> ShownVersions:
    """Those that are shown of these, of which the oldest is of the revision `first` or later."""
    newest = list(zip(history.versions, history.diffs(), strict=True))[::-1]
    end, budget = 0, BUDGET
    while end < len(newest) and end < MOST and (end == 0 or budget > 0):
        budget -= sum(len(piece.text.encode("utf-8", "replace")) + 12 for piece in newest[end][1])
        if budget < 0 < end:
            break
        end += 1
    if first > 1 and end == len(newest) > 1:
        end -= 1
    rest = [version.revision or 0 for version, _ in newest[end:]]
    return ShownVersions(newest[:end], max(rest) + 1 if rest else None)
