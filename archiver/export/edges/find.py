"""The edges of a row. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from archiver.export.edges.edge import Edge, EdgeKind, EdgeNode
from archiver.export.formats.post import load_nested
from archiver.export.telegram_paths import HOSTS, NOT_USERNAMES, USERNAME
from archiver.formatting.ranges import list_ranges
from archiver.model.row import ChannelName, Row
from search.text.hosts import link_host, split_link


class EdgeFinder:
    """Finds edges of one kind. `channels`: the archived ones; `usernames`: theirs, in lower case, by channel id."""

    def __init__(self, kind: EdgeKind, channels: Mapping[int, ChannelName], usernames: Mapping[str, int]) -> None:
        self._channels, self._usernames = channels, usernames
        self._find: Callable[[Row], Iterator[Edge]] = {
            "forwards": self._forwards,
            "mentions": self._mentions,
            "links": self._links,
        }[kind]

    def list_edges(self, row: Row) -> list[Edge]:
        """The edges of a row, each once."""
        return list(dict.fromkeys(self._find(row)))

    def _forwards(self, row: Row) -> Iterator[Edge]:
        """From the origin of the post to the channel that forwarded it."""
        forward = load_nested(row["fwd_from"])
        if not isinstance(forward, dict):
            return
        peer, post = forward.get("from_id"), forward.get("channel_post")
        name = str(forward.get("name") or forward.get("from_name") or forward.get("username") or "")
        if isinstance(peer, dict) and type(peer.get("id")) is int:
            source = self._peer(str(peer.get("type")), peer["id"], name)
        elif name:
            source = EdgeNode(f"name:{name}", "name", None, name)
        else:
            return
        yield Edge(source, self._own(row), post if type(post) is int else None)

    def _mentions(self, row: Row) -> Iterator[Edge]:
        """From the channel to everyone its post mentions."""
        own, text = self._own(row), row["text"]
        marked = list_ranges(text, row["entities"]) if row["entities"] != "[]" else []
        for one in marked:
            words = text[one.start : one.end]
            if one.kind == "mention":
                yield from self._mention(own, words)
            elif one.kind == "mention_name" and type(one.details.get("user_id")) is int:
                yield Edge(own, self._peer("user", one.details["user_id"], words))
        for kind, words, number in _of_blocks(load_nested(row["rich"])):
            if kind == "TextMention":
                yield from self._mention(own, words)
            elif type(number) is int:
                yield Edge(own, self._peer("user", number, words))

    def _mention(self, own: EdgeNode, words: str) -> Iterator[Edge]:
        name = words.strip().removeprefix("@")
        if USERNAME.fullmatch(name):
            yield Edge(own, self._named(name))

    def _links(self, row: Row) -> Iterator[Edge]:
        """From the channel to the hosts, and the places on Telegram, that its post links to."""
        own = self._own(row)
        for url in load_nested(row["links"]) or ():
            yield from self._link(own, str(url))

    def _link(self, own: EdgeNode, url: str) -> Iterator[Edge]:
        host = link_host(url)
        if url.lower().startswith("tg:"):
            found = self._of_application(url)
        elif host in HOSTS:
            found = self._of_telegram([step for step in re.split(r"[/?#]", split_link(url)[1]) if step])
        else:
            found = None
        if found is not None:
            yield Edge(own, found[0], found[1], url)
        elif host and "." in host and host.isprintable():
            yield Edge(own, EdgeNode(f"host:{host}", "host", None, host), None, url)

    def _of_telegram(self, steps: list[str]) -> tuple[EdgeNode, int | None] | None:
        if steps[:1] == ["s"]:
            steps = steps[1:]
        if not steps:
            return None
        first, *more = steps
        if first == "c" and more and more[0].isdecimal() and len(more[0]) < 16:
            return self._peer("channel", int(more[0]), ""), _number(more[-1]) if len(more) > 1 else None
        name = first.removeprefix("@")
        if first.lower() in NOT_USERNAMES or USERNAME.fullmatch(name) is None:
            return None
        return self._named(name), _number(more[-1]) if more else None

    def _of_application(self, url: str) -> tuple[EdgeNode, int | None] | None:
        try:
            query = parse_qs(urlsplit(url).query)
        except ValueError:
            return None
        name, post = query.get("domain", [""])[0], _number(query.get("post", [""])[0])
        if USERNAME.fullmatch(name):
            return self._named(name), post
        number = _number(query.get("channel", [""])[0])
        return (self._peer("channel", number, ""), post) if number else None

    def _own(self, row: Row) -> EdgeNode:
        return self._peer("channel", row["channel_id"], str(row["channel"]))

    def _named(self, name: str) -> EdgeNode:
        number = self._usernames.get(name.lower())
        if number is not None:
            return self._peer("channel", number, name)
        return EdgeNode(f"@{name.lower()}", "username", None, name)

    def _peer(self, kind: str, number: int, name: str) -> EdgeNode:
        known = self._channels.get(number) if kind == "channel" else None
        own = (known.username or known.alias or known.title) if known else None
        return EdgeNode(f"{kind}:{number}", kind, number, own or name or f"{kind} {number}")


def _of_blocks(node: Any) -> Iterator[tuple[str, str, Any]]:
    """Mentions in a rich message."""
    if isinstance(node, list):
        for one in node:
            yield from _of_blocks(one)
    elif isinstance(node, dict):
        kind = str(node.get("_"))
        if kind in ("TextMention", "TextMentionName"):
            yield kind, _words(node.get("text")), node.get("user_id")
        else:
            for value in node.values():
                if isinstance(value, dict | list):
                    yield from _of_blocks(value)


def _words(node: Any) -> str:
    if isinstance(node, list):
        return "".join(map(_words, node))
    if isinstance(node, dict):
        return "".join(_words(node[key]) for key in ("text", "texts") if key in node)
    return node if isinstance(node, str) else ""


def _number(step: str) -> int | None:
    return int(step) if step.isascii() and step.isdecimal() and len(step) < 16 else None
