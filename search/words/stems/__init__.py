"""Stems of folded words, one module a script. Pure; `search/words/forms.py` puts them together."""

from __future__ import annotations
