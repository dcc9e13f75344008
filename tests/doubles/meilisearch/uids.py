"""Index uids: which are valid, and what is said of those that are not."""

from __future__ import annotations

import re

from tests.doubles.meilisearch.errors import ApiError

_UID = re.compile(r"[A-Za-z0-9_-]{1,400}")


def is_index_uid(text: str) -> bool:
    return _UID.fullmatch(text) is not None


def refusal(text: str) -> str:
    return (
        f"`{text}` is not a valid index uid. Index uid can be an integer or a string containing only alphanumeric "
        "characters, hyphens (-) and underscores (_), and can not be more than 512 bytes."
    )


def check(text: str) -> str:
    """The uid. Raises ApiError (`invalid_index_uid`)."""
    if not is_index_uid(text):
        raise ApiError("invalid_index_uid", refusal(text))
    return text


def index_uid_parameter(text: str) -> str:
    if not is_index_uid(text):
        raise ValueError(refusal(text))
    return text
