"""The colours and fonts of the page and of HTML exports, so that an export looks as the page does."""

from __future__ import annotations

from importlib.resources import files

PALETTE = files(__package__).joinpath("palette.css").read_text("utf-8")
"""CSS, to come before a page's own styles."""
