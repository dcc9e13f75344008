"""Which tier of the tests runs: `scripts/test fast`, all of them, or `scripts/test soak`."""

from __future__ import annotations

import os

FAST = os.environ.get("TELEKEEP_FAST") == "1"
SOAK = os.environ.get("TELEKEEP_SOAK") == "1"


def examples(number: int) -> int:
    """Number of examples of a hypothesis test: all of them in the soak tier only, a fifth of them in the fast one."""
    return number if SOAK else max(5, number // 5 if FAST else number // 2)
