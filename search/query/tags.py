"""Tags as index terms, the same for documents and queries: `hashtag:word`, `domain:example.org`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from string import ascii_lowercase, digits
from typing import Final

from search.text.normalize import fold

TERM_SIGNS: Final = ":./-_@+"
"""ASCII punctuation allowed in tag terms; folded texts contain letters, digits and spaces only."""

_FORBIDDEN = "".join(sign for sign in map(chr, range(128)) if sign not in ascii_lowercase + digits + TERM_SIGNS)
_NOT_IN_TERMS = re.compile(f"[{re.escape(_FORBIDDEN)}\ud800-\udfff]+")


@lru_cache(maxsize=4096)
def tag_term(field: str, value: str) -> str:
    """Return the index term of a tag."""
    if field in {"hashtag", "mention"}:
        return f"{field}:{'_'.join(fold(value).split())}"
    return f"{field}:{_NOT_IN_TERMS.sub('', value.casefold())}"


@lru_cache(maxsize=4096)
def domain_terms(host: str) -> tuple[str, ...]:
    """Return the terms of a host and all its parent domains, so that `domain:` finds subdomains."""
    labels = host.casefold().removeprefix("www.").strip(".").split(".")
    return tuple(tag_term("domain", ".".join(labels[at:])) for at in range(len(labels)))


def tag_value(field: str, value: str) -> str:
    """Return the value of a tag as it is indexed and queried."""
    return tag_term(field, value)[len(field) + 1 :]


def domain_values(host: str) -> Sequence[str]:
    """Return a host and all its parent domains."""
    return [term.removeprefix("domain:") for term in domain_terms(host)]
