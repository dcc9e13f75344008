"""Which node holds a channel's documents, and how channels move when the list of nodes changes. Pure.

A *home* is a channel on a node. A channel that moves has two for a while: searches ask the one that *serves*, live
messages go to both.

    wanted    the node is to get the channel; nothing has been sent yet
    filling   the channel is being sent to the node
    held      the node has the channel; from here on `consistency` checks it
    leaving   the node is to forget the channel, because another has it or the node was removed from the list

A listed node that does not answer keeps its channels, since it may come back. One that is removed from the list is not
used any more; should it come back, what it still has is deleted or overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from archiver.ids import ChannelId
from search.meili.routing import choose_node

Phase: TypeAlias = Literal["wanted", "filling", "held", "leaving"]


class Home(NamedTuple):
    """A channel on a node."""

    channel_id: ChannelId
    node: str
    phase: Phase
    serves: bool


def plan(
    channel_ids: Iterable[ChannelId], homes: Mapping[ChannelId, Sequence[Home]], nodes: Sequence[str]
) -> list[Home]:
    """The homes that are new or change, so that each channel gets to its node among `nodes` (at least one)."""
    changed = []
    for channel_id in channel_ids:
        known = homes.get(channel_id, ())
        wanted = _wanted(channel_id, known, nodes)
        changed += [home for home in wanted if home not in known]
    return changed


def arrive(homes: Sequence[Home], node: str) -> list[Home]:
    """The homes of a channel that change when a node has received all of it, and serves it from now on."""
    own = next((home for home in homes if home.node == node and home.phase == "filling"), None)
    if own is None:
        return []  # the list of nodes has changed meanwhile
    if own.serves:
        return [own._replace(phase="held")]  # the channel may be moving on to yet another node
    others = [home._replace(phase="leaving", serves=False) for home in homes if home.node != node]
    return [own._replace(phase="held", serves=True), *others]


def _wanted(channel_id: ChannelId, known: Sequence[Home], nodes: Sequence[str]) -> list[Home]:
    target = choose_node(channel_id, nodes)
    if not known:
        # Messages already archived are in the outbox, or the consistency check finds them lacking.
        return [Home(channel_id, target, "held", serves=True)]
    server = next((home.node for home in known if home.serves and home.node in nodes), None)
    found = [_keep(home, target, server) for home in known]
    if all(home.node != target for home in found):
        found.append(Home(channel_id, target, "wanted", serves=server is None))
    return found


def _keep(home: Home, target: str, server: str | None) -> Home:
    if home.node == target:
        phase: Phase = "wanted" if home.phase == "leaving" else home.phase
        return home._replace(phase=phase, serves=server in {None, target})
    return home if home.node == server else home._replace(phase="leaving", serves=False)
