"""Archives made by `export --format sqlite`: nothing is mirrored into them, so they have no service or account."""

from __future__ import annotations

from pathlib import Path

from archiver.export.earlier_exports import find_exported_at
from archiver.store.medium import is_export


def name_extract(path: Path) -> str | None:
    """What the archive is and when it was made; None for a live one."""
    if not is_export(path):
        return None
    at = find_exported_at(path)
    made = f"made at {at}" if at else "made at an unknown time (its manifest is not beside it)"
    return f"an export (--format sqlite), {made}"


def describe_extract(path: Path) -> str | None:
    """`name_extract` with its consequences, as the end of a sentence."""
    named = name_extract(path)
    return None if named is None else f"{named}: it is only read, never changed, and nothing waits to be fetched"
