"""Which servers are new enough. A key that may fill one index only may not ask for the version; an old server then
shows by the settings that it does not know.
"""

from __future__ import annotations

import re

from search.errors import RequestRefused, WrongVersion

OLDEST_VERSION = (1, 36)
"""The first with the ranking rules attributeRank and wordPosition."""


def expect_new_enough(host: str, version: str | None) -> None:
    """Raises WrongVersion for a version that is too old; an unknown one passes."""
    numbers = re.match(r"(\d+)\.(\d+)", version or "")
    if numbers and (int(numbers[1]), int(numbers[2])) < OLDEST_VERSION:
        raise _too_old(host, f"is {version}")


def expect_known_settings(host: str, error: RequestRefused) -> None:
    """Raises WrongVersion where settings were refused because the server does not know them."""
    if (error.code or "").startswith("invalid_settings_"):
        raise _too_old(host, "does not know our settings") from None


def _too_old(host: str, what: str) -> WrongVersion:
    oldest = ".".join(map(str, OLDEST_VERSION))
    return WrongVersion(f"Meilisearch at {host} {what}; telekeep needs {oldest} or newer.", hint="Update the server.")
