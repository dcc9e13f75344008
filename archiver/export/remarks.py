"""What formats for readers say of the whole export: what is not known, and what telekeep did not see itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from archiver.export.manifest import ChannelPart
from archiver.export.writer import RowSink, StreamRows, TellsReaders

IMPORTED: Final = "imported"
"""The key that a row for readers has in addition, if telekeep never read the message."""
NEVER_CAPTURED: Final = 0
"""The layer of what came by an import."""


def find_told(rows: RowSink) -> TellsReaders | None:
    """The format that is for readers; None for others."""
    if isinstance(rows, StreamRows):
        return rows.told
    return rows if isinstance(rows, TellsReaders) else None


def list_remarks(parts: Sequence[ChannelPart]) -> list[str]:
    """A line for each channel that is not complete."""
    return [
        f"not complete: {part.name.title or part.name.name}: {'; '.join(reasons)} (manifest.json has the ids)"
        for part in parts
        if (reasons := part.completeness.shortfall.reasons)
    ]
