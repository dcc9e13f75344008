"""Stems of folded words, one module a script. Pure; `search/forms.py` puts them together."""

from __future__ import annotations
