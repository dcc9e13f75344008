"""The formats of exports beyond JSON Lines and CSV, one or a few files each."""

from __future__ import annotations
