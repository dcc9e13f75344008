"""Types of identifiers, so that mypy finds swapped arguments."""

from __future__ import annotations

from typing import NewType

AccessHash = NewType("AccessHash", int)
"""What one account needs, besides the channel's id, to request a channel. Valid for that account only."""
