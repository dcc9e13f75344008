"""Which node holds a channel's documents, and how channels move when the list of nodes changes. Pure.

A *placement* is a channel on a node. A channel that moves has two for a while: searches ask the one that *serves*, live
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


class Placement(NamedTuple):
    """A channel on a node."""

    channel_id: ChannelId
    node: str
    phase: Phase
    serves: bool


def plan(
    channel_ids: Iterable[ChannelId], placements: Mapping[ChannelId, Sequence[Placement]], nodes: Sequence[str]
) -> list[Placement]:
    """The placements that are new or change, so that each channel gets to its node among `nodes` (at least one)."""
    changed = []
    for channel_id in channel_ids:
        known = placements.get(channel_id, ())
        wanted = _wanted(channel_id, known, nodes)
        changed += [placement for placement in wanted if placement not in known]
    return changed


def arrive(placements: Sequence[Placement], node: str) -> list[Placement]:
    """The placements of a channel that change when a node has received all of it, and serves it from now on."""
    own = next((placement for placement in placements if placement.node == node and placement.phase == "filling"), None)
    if own is None:
        return []  # the list of nodes has changed meanwhile
    if own.serves:
        return [own._replace(phase="held")]  # the channel may be moving on to yet another node
    others = [placement._replace(phase="leaving", serves=False) for placement in placements if placement.node != node]
    return [own._replace(phase="held", serves=True), *others]


def _wanted(channel_id: ChannelId, known: Sequence[Placement], nodes: Sequence[str]) -> list[Placement]:
    target = choose_node(channel_id, nodes)
    if not known:
        # Messages already archived are in the outbox, or the consistency check finds them lacking.
        return [Placement(channel_id, target, "held", serves=True)]
    server = next((placement.node for placement in known if placement.serves and placement.node in nodes), None)
    found = [_keep(placement, target, server) for placement in known]
    if all(placement.node != target for placement in found):
        found.append(Placement(channel_id, target, "wanted", serves=server is None))
    return found


def _keep(placement: Placement, target: str, server: str | None) -> Placement:
    if placement.node == target:
        phase: Phase = "wanted" if placement.phase == "leaving" else placement.phase
        return placement._replace(phase=phase, serves=server in {None, target})
    return placement if placement.node == server else placement._replace(phase="leaving", serves=False)
