"""Stemmers for folded words, one module per script or language. Pure; `search/words/forms.py` combines them."""

from __future__ import annotations
