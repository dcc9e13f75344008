"""Report where a link, or something else, is in the place of a stored file."""

from __future__ import annotations

from collections.abc import Collection

from archiver.cli import output
from archiver.cli.view.figures import count

NAMED = 10
"""Maximum number of places named."""


def name_blocked(blocked: Collection[str]) -> None:
    """Print these lines, one for each place, up to a limit."""
    for sentence in sorted(blocked)[:NAMED]:
        output.error(sentence)
    if (more := len(blocked) - NAMED) > 0:
        output.error(f"{count(more, 'more link')} in the place of stored files.")
