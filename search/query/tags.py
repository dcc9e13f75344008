"""How the value of a tag is written, in documents and in questions: `hashtag:word`, `domain:example.org`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from string import ascii_lowercase, digits
from typing import Final

from search.text.normalize import fold

TERM_SIGNS: Final = ":./-_@+"
"""ASCII characters within a term besides letters and digits; texts are folded to letters, digits and spaces."""

_NO_SIGNS = "".join(sign for sign in map(chr, range(128)) if sign not in ascii_lowercase + digits + TERM_SIGNS)
_NO_TERM = re.compile(f"[{re.escape(_NO_SIGNS)}\ud800-\udfff]+")


@lru_cache(maxsize=4096)
def tag_term(field: str, value: str) -> str:
    """The whole tag, as a term."""
    if field in {"hashtag", "mention"}:
        return f"{field}:{'_'.join(fold(value).split())}"
    return f"{field}:{_NO_TERM.sub('', value.casefold())}"


@lru_cache(maxsize=4096)
def domain_terms(host: str) -> tuple[str, ...]:
    """The host and every domain above it, so that `domain:` finds the subdomains."""
    labels = host.casefold().removeprefix("www.").strip(".").split(".")
    return tuple(tag_term("domain", ".".join(labels[at:])) for at in range(len(labels)))


def tag_value(field: str, value: str) -> str:
    """How a value of a tag is written, in documents and in questions."""
    return tag_term(field, value)[len(field) + 1 :]


def domain_values(host: str) -> Sequence[str]:
    """The host and every domain above it."""
    return [term.removeprefix("domain:") for term in domain_terms(host)]
