"""Assign channels to nodes, and name nodes. Pure.

Rendezvous hashing: each node gets a score for the channel, and the highest wins. The same node names always give the
same assignment; an added node takes its share from the others and moves nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from urllib.parse import urlsplit


def node_name(url: str) -> str:
    """Return host, port and path of a URL, without user name and password, as messages name the node."""
    parts = urlsplit(url)
    return (parts.netloc.rpartition("@")[2].lower() + parts.path.rstrip("/")) or "its address"


def choose_node(channel_id: int, nodes: Sequence[str]) -> str:
    """Choose the node of a channel, regardless of the order of the names."""
    return max(nodes, key=lambda name: (_draw(channel_id, name), name))


def _draw(channel_id: int, name: str) -> bytes:
    return blake2b(f"{channel_id} {name}".encode(), digest_size=16).digest()
