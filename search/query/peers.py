"""Readers for filters that name channels and people: by title, name, @username, id or t.me link alike."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, Literal, NamedTuple

from search.errors import QueryError
from search.query.filters import Context, named, suggest
from search.query.tree import InChannel, Is, Node, Not, Or, Tag, TagField, any_of
from search.text.normalize import fold

_ID: Final = r"(?:-100)?([0-9]{1,15})"
_LINK: Final = (
    r"(?i)(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/(?:s/)?@?(?P<name>c/[0-9]+|[^/?#]+)"
    r"(?:/(?P<post>[0-9]+))?(?:[/?#].*)?"
)
_SUBDOMAIN: Final = r"(?i)(?:https?://)?(?P<name>[a-z0-9_]{4,32})\.t\.me(?:/(?P<post>[0-9]+))?(?:[/?#].*)?"
_POST: Final = r"(?i)^tg:.*[?&]post=[0-9]"
_APP_LINK: Final = r"(?i)tg:(?://)?resolve/?\?(?:.*&)?domain=(?P<name>[a-z0-9_]+)(?:&.*)?"


class Peer(NamedTuple):
    """A channel or person as the value of a filter names it."""

    name: str
    """Username, alias, title or name; may end in `*`."""
    number: str | None = None
    """Bare id."""
    is_username: bool = False
    """Whether it is a username for certain: written with `@` or as a link."""


def read_channel(value: str, context: Context) -> Node:
    """Read a channel: any of its names, its link or its id."""
    peer = _read_peer(value)
    if (link := _find_link(value)) and (link.groupdict().get("post") or re.search(_POST, value)):
        raise QueryError(f"'{value}' is a message, not a channel.", hint=f"Write channel:{peer.name}")
    if peer.number:
        return InChannel(frozenset({int(peer.number)}))
    if ids := _find_ids(peer, context):
        return InChannel(frozenset(ids))
    hint = suggest(peer.name.lower(), context.channels, "channel:{}") or "`telekeep channels` lists them."
    raise QueryError(f"The archive has no channel '{peer.name}'.", hint=hint)


def read_fwd(value: str, context: Context) -> Node:
    """Read the origin of a forward, or `none`."""
    if value.lower() == "none":
        return Not(Is("forwarded"))
    return _read_named("fwd", value, context)


def read_from(value: str, context: Context) -> Node:
    """Read an author; a channel of the archive is the author of its own posts."""
    found = _read_named("from", value, context)
    tags = found.parts if isinstance(found, Or) else (found,)
    ids = {int(tag.value) for tag in tags if isinstance(tag, Tag) and tag.field == "from_id"}
    own = ids.intersection(context.broadcasts)
    return any_of((InChannel(frozenset(own)), *tags)) if own else found


def read_mention(value: str, context: Context) -> Node:
    """Read who is mentioned; a channel of the archive by any of its usernames."""
    peer = _read_peer(value)
    ids = [int(peer.number)] if peer.number else _find_ids(peer, context)
    tag = Tag("mention", peer.number) if peer.number else named("mention", peer.name)
    others = (Tag("mention", name.lower()) for one in sorted(ids) for name in context.usernames.get(one, ()))
    return any_of(tuple(dict.fromkeys([tag, *others])))


def read_topic(value: str, _: Context) -> Node:
    """Read a forum topic: its id, or its link."""
    link = _find_link(value)
    number = link["post"] if link else value
    if not number or not number.isdecimal():
        raise QueryError(f"'{value}' is not a topic.", hint="Write topic:5 or topic:https://t.me/name/5.")
    return Tag("topic", str(int(number)))


def _read_named(field: Literal["from", "fwd"], value: str, context: Context) -> Node:
    peer = _read_peer(value)
    by_id: TagField = "fwd_id" if field == "fwd" else "from_id"
    if peer.number:
        return Tag(by_id, peer.number)
    tag = named(field, f"@{peer.name}" if peer.is_username else peer.name)
    return any_of((*(Tag(by_id, str(known)) for known in sorted(_find_ids(peer, context))), tag))


def _read_peer(value: str) -> Peer:
    value = value.strip()
    if number := re.fullmatch(_ID, value):
        return Peer(value, number[1])
    if link := _find_link(value):
        name = link["name"]
        return Peer(name[2:], name[2:]) if name.lower().startswith("c/") else Peer(name, is_username=True)
    name = value.strip("@＠/ ")
    return Peer(name, is_username=value.startswith(("@", "＠")) and " " not in name)


def _find_link(value: str) -> re.Match[str] | None:
    return re.fullmatch(_LINK, value) or re.fullmatch(_SUBDOMAIN, value) or re.fullmatch(_APP_LINK, value)


def _find_ids(peer: Peer, context: Context) -> Collection[int]:
    """Find the channels of the archive with this name, or once with it; folded like words if none is written so."""
    name = peer.name.lower()
    former = context.former.get(name)
    if found := context.channels.get(name) or former:
        return found
    folded = fold(name).split()
    if not folded or name.isascii():
        return ()
    return {one for known, ids in context.channels.items() if fold(known).split() == folded for one in ids}
