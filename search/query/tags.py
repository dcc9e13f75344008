"""Tags as index terms, the same for documents and queries: `:hashtag:word`, `:domain:example.org`. Pure.

A term begins with a colon, so that no word and no beginning of one (`hash*`) can equal it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from string import ascii_lowercase, digits
from typing import Final, NamedTuple
from unicodedata import normalize

from search.text.hosts import plain_host, plain_link
from search.text.normalize import fold

TERM_SIGNS: Final = ":./-_@+?=&%#~!$*,;()"
"""ASCII punctuation allowed in tag terms; folded texts contain letters, digits and spaces only."""

_FORBIDDEN = "".join(sign for sign in map(chr, range(128)) if sign not in ascii_lowercase + digits + TERM_SIGNS)
_NOT_IN_TERMS = re.compile(f"[{re.escape(_FORBIDDEN)}\ud800-\udfff]+")
LONGEST_LINK: Final = 400
"""Bytes: Meilisearch does not index values of more than 468."""
_AFTER_NUMBER: Final = "/?#&.-_=+,;:~!@%"
"""What may follow a number in a link: `/12` is the beginning of `/12?single`, not of `/123`."""
_USERNAME: Final = re.compile("@?[A-Za-z0-9_]{1,32}")


class TagNeedle(NamedTuple):
    """A value to find."""

    value: str
    prefix: bool = False


@lru_cache(maxsize=4096)
def tag_term(field: str, value: str) -> str:
    """Return the index term of a tag."""
    return f":{field}:{tag_value(field, value)}"


@lru_cache(maxsize=4096)
def tag_value(field: str, value: str) -> str:
    """Return the value of a tag as it is indexed and queried."""
    match field:
        case "hashtag":
            return _hashtag(value)
        case "mention":
            return "_".join(fold(value).split())
        case "domain":
            host = plain_host("".join(value.split()))
            return normalize("NFC", _NOT_IN_TERMS.sub("", host))  # a mark may have lost what was before it
        case "url":
            return _cut(_NOT_IN_TERMS.sub("", plain_link(value)))
        case _:
            return _NOT_IN_TERMS.sub("", value.casefold())


@lru_cache(maxsize=4096)
def domain_values(host: str) -> Sequence[str]:
    """Return a host and all its parent domains, so that `domain:` finds subdomains."""
    labels = tag_value("domain", host).split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


def user_value(name: str) -> str:
    """Return a username as it is indexed along with the words of names: with its `@`."""
    return f"@{_NOT_IN_TERMS.sub('', name.lstrip('@＠').casefold())}"


def may_be_username(name: str) -> bool:
    """Whether a name in a query may be a username, or the beginning of one."""
    return _USERNAME.fullmatch(name) is not None


def link_needles(value: str, *, prefix: bool) -> Iterator[TagNeedle]:
    """Yield what a link must be or begin with; a number at the end is whole, unless the query says `*`."""
    plain = tag_value("url", value)
    if prefix:
        # plain_link ends a bare host with a slash; `*` may continue the host.
        yield TagNeedle(plain if "/" in value.rpartition("://")[2] else plain.removesuffix("/"), True)
    elif plain[-1:].isdigit():
        yield TagNeedle(plain)
        yield from (TagNeedle(plain + sign, True) for sign in _AFTER_NUMBER)
    else:
        yield TagNeedle(plain, True)
        if plain.endswith("/") and plain.count("/") > 1:
            yield TagNeedle(plain.removesuffix("/"))  # /a/ is /a


def _hashtag(tag: str) -> str:
    if tag.startswith("$") and len(tag) > 1:
        return f"${_hashtag(tag[1:])}"
    bare, sign, channel = tag.partition("@")
    return f"{_folded(bare)}{sign and f'@{_folded(channel)}'}"


def _folded(words: str) -> str:
    return "_".join(fold(words).split())


def _cut(link: str) -> str:
    """Cut a link that is longer than a term may be."""
    return link.encode("utf-8", "replace")[:LONGEST_LINK].decode("utf-8", "ignore")
