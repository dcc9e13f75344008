"""Names of the search engines to choose from."""

from __future__ import annotations

from typing import Literal

Choice = Literal["auto", "exact", "meilisearch"]
