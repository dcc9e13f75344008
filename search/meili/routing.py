"""Which node has a channel's documents, where there are several, and what a node is called. Pure.

Rendezvous hashing: each node draws a number for the channel, the highest has it. Whoever knows the same names of nodes
gives the same answer; a node that is added takes its share from the others and moves nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from urllib.parse import urlsplit


def node_name(url: str) -> str:
    """Host, port and path of an address: what messages call the node, without the name and password before them."""
    parts = urlsplit(url)
    return (parts.netloc.rpartition("@")[2].lower() + parts.path.rstrip("/")) or "its address"


def choose_node(channel_id: int, nodes: Sequence[str]) -> str:
    """The node of a channel among these names, at least one; their order does not matter."""
    return max(nodes, key=lambda name: (_draw(channel_id, name), name))


def _draw(channel_id: int, name: str) -> bytes:
    return blake2b(f"{channel_id} {name}".encode(), digest_size=16).digest()
