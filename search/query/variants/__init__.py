"""Spelling variants of query words that form keys do not cover, one module per writing system or kind. Pure.

`search/query/widen.py` combines them. They are computed at query time and need nothing in the index.
"""

from __future__ import annotations
