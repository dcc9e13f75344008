"""Readers for filters by link: `domain:` takes a host, `url:` the beginning of a link."""

from __future__ import annotations

from search.errors import QueryError
from search.query.filters import Context, split_star
from search.query.tags import tag_value
from search.query.tree import Node, Tag
from search.text.hosts import plain_host, split_link, without_port


def read_domain(value: str, _: Context) -> Node:
    """Read a host, or take it from a link without a path."""
    stem, prefix = split_star(value.removeprefix("*."))
    authority, path = split_link(stem)
    if path.strip("/") or (path and prefix):
        raise QueryError(
            "'domain:' takes a host only, and this has a path.", hint=f"Write url:{authority}{path}{'*' * prefix}."
        )
    host = plain_host(without_port(authority))
    if not tag_value("domain", host) or " " in host:
        raise QueryError(f"'{value}' is not a domain.", hint="Write domain:example.org.")
    if prefix and "xn--" in host:
        raise QueryError("Punycode cannot be cut.", hint="Write the whole domain, or its beginning in its own letters.")
    return Tag("domain", host, prefix)


def read_url(value: str, _: Context) -> Node:
    """Read the beginning of a link."""
    stem, prefix = split_star(value)
    authority, _path = split_link(stem)
    host = without_port(authority)
    if not plain_host(host) or ("." not in host and ":" not in stem and not prefix):
        hint = f"Write the link from its beginning: url:example.org/{stem.strip('/')}."
        raise QueryError(f"'{value}' is not the beginning of a link.", hint=hint)
    return Tag("url", stem, prefix)
