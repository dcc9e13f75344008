"""The styles of HTML exports, part of each page, so that a page can be moved and printed. No scripts, no requests."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from archiver.formatting.html_writer import STYLES
from archiver.formatting.palette import PALETTE

STYLE = PALETTE + files(__package__).joinpath("export.css").read_text("utf-8") + STYLES
"""Styles of the page, and of the texts in it."""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src 'self' file:; media-src 'self' file:;"
    " base-uri 'none'; form-action 'none'"
)
"""Keeps texts from making the page run or load anything."""
