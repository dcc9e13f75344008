"""The nodes and edges of a network. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

EdgeKind: TypeAlias = Literal["forwards", "mentions", "links"]


class EdgeNode(NamedTuple):
    """A channel, user, group, name or host. Nodes with the same key are the same."""

    key: str
    """`channel:1234`, `user:1234`, `chat:1234`, `@username`, `name:Jane`, `host:example.org`."""
    kind: str
    number: int | None
    """The bare id; None if it is not known."""
    name: str
    """The name to show; the kind and id if no name is known."""


class Edge(NamedTuple):
    """One forward, mention or link."""

    source: EdgeNode
    target: EdgeNode
    post: int | None = None
    """The post that was forwarded, or is linked to."""
    url: str | None = None
