from __future__ import annotations

from tests.doubles.meilisearch.fixtures import meili

__all__ = ["meili"]
