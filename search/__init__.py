"""Search: documents, the query language, the engines, highlighting."""

from __future__ import annotations
