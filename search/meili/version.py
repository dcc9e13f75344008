"""Check that a server is new enough. A key restricted to one index may not read the version; an old server is then
recognised by the settings it rejects.
"""

from __future__ import annotations

import re

from search.errors import RequestRefused, WrongVersion

OLDEST_VERSION = (1, 36)
"""The first version with the ranking rules attributeRank and wordPosition."""


def expect_new_enough(host: str, version: str | None) -> None:
    """Raise WrongVersion if the version is too old; an unknown version passes."""
    numbers = re.match(r"(\d+)\.(\d+)", version or "")
    if numbers and (int(numbers[1]), int(numbers[2])) < OLDEST_VERSION:
        raise _too_old(host, f"is {version}")


def expect_known_settings(host: str, error: RequestRefused) -> None:
    """Raise WrongVersion if the server rejected our settings as unknown."""
    if (error.code or "").startswith("invalid_settings_"):
        raise _too_old(host, "does not know our settings") from None


def _too_old(host: str, what: str) -> WrongVersion:
    oldest = ".".join(map(str, OLDEST_VERSION))
    return WrongVersion(f"Meilisearch at {host} {what}; telekeep needs {oldest} or newer.", hint="Update the server.")
