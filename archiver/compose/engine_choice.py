"""The names of the engines that a person can choose from."""

from __future__ import annotations

from typing import Literal

Choice = Literal["auto", "exact", "meilisearch"]
