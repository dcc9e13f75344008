"""All about finding: what an engine knows of a message, the grammar, the engines."""

from __future__ import annotations
