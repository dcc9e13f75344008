"""What formats for readers say about the export as a whole: which channels are not complete, and why. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.export.manifest import ChannelPart
from archiver.export.writer import ForReaders, RowSink, StreamRows


def find_for_readers(rows: RowSink) -> ForReaders | None:
    """The format that is for readers; None for others."""
    if isinstance(rows, StreamRows):
        return rows.for_readers
    return rows if isinstance(rows, ForReaders) else None


def list_remarks(parts: Sequence[ChannelPart]) -> list[str]:
    """A line for each channel that is not complete."""
    return [
        f"not complete: {part.name.title or part.name.name}: {'; '.join(reasons)} (manifest.json has the ids)"
        for part in parts
        if (reasons := part.completeness.shortfall.reasons)
    ]
