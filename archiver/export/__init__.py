"""One writer a format."""

from __future__ import annotations
