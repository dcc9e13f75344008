"""The one renderer of texts with entities: a tree of spans, cut into blocks, written as HTML, Markdown or lines."""

from __future__ import annotations
