"""Settings and logging."""

from __future__ import annotations
