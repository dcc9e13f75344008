from __future__ import annotations

from tests.meilisearch.fixtures import meili

__all__ = ["meili"]
