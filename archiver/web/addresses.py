"""The addresses of views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup

from archiver.model.row import ChannelName


def channel_url(channel: ChannelName) -> str:
    """The address of a channel's view: by its name where that is plain, else by its id."""
    plain = channel.name.isascii() and channel.name.replace("_", "").replace("-", "").isalnum()
    return f"/c/{channel.name if plain else channel.channel_id}"


def message_url(channel: ChannelName, message_id: int) -> str:
    """The address of a message's view."""
    return f"{channel_url(channel)}/{message_id}"


def link(path: str, fields: Mapping[str, Any] | None = None, **changed: Any) -> Markup:
    """A path with a query: these fields, some of them changed; empty ones are left out."""
    kept = {**(fields or {}), **changed}
    query = urlencode([(name, value) for name, value in kept.items() if value not in (None, "")])
    return Markup("{}").format(f"{own_path(path, safe='/-_.~@')}{'?' if query else ''}{query}")


def own_path(path: str, *, safe: str) -> str:
    """A path quoted, except for `safe`; with one slash in front: two would lead to another host."""
    return "/" + quote(path.lstrip("/\\"), safe=safe)
