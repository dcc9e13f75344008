"""Where channels live: whatever the list of nodes was, each ends on its node, and one that answers serves meanwhile."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from archiver.model.placement import Placement, arrive, plan
from search.meili.routing import choose_node, node_name

NODES = ("a:1", "b:2", "c:3", "d:4")
LISTS = st.lists(st.sampled_from(NODES), min_size=1, unique=True)
CHANNELS = range(1, 9)


class World:
    """Homes as the archive keeps them, with what every worker does to them."""

    def __init__(self) -> None:
        self.placements: dict[tuple[int, str], Placement] = {}

    def of(self, channel_id: int) -> list[Placement]:
        return [placement for key, placement in self.placements.items() if key[0] == channel_id]

    def put(self, *placements: Placement) -> None:
        self.placements |= {(placement.channel_id, placement.node): placement for placement in placements}

    def change(self, nodes: list[str]) -> None:
        self.put(*plan(CHANNELS, {one: self.of(one) for one in CHANNELS}, nodes))

    def work(self, channel_id: int, node: str) -> None:
        """One step of a node's worker for a channel (see archiver/index/rebalance.py)."""
        placement = self.placements.get((channel_id, node))
        if placement is None:
            return
        match placement.phase:
            case "wanted":
                self.put(placement._replace(phase="filling"))
            case "filling":
                self.put(*arrive(self.of(channel_id), node))
            case "leaving":
                del self.placements[channel_id, node]


@given(st.lists(st.tuples(LISTS, st.lists(st.tuples(st.sampled_from(CHANNELS), st.sampled_from(NODES)))), min_size=1))
def test_every_channel_gets_to_its_node_and_is_always_served(
    history: list[tuple[list[str], list[tuple[int, str]]]],
) -> None:
    world = World()
    for nodes, steps in history:
        world.change(nodes)
        for channel_id, node in steps:
            if node in nodes:
                world.work(channel_id, node)
            for one in CHANNELS:
                serving = [placement.node for placement in world.of(one) if placement.serves]
                assert len(serving) == 1
                assert serving[0] in nodes
                assert all(placement.phase != "leaving" for placement in world.of(one) if placement.serves)
    for _ in range(4):
        for channel_id in CHANNELS:
            for node in nodes:
                world.work(channel_id, node)
    for channel_id in CHANNELS:
        there = [placement for placement in world.of(channel_id) if placement.node in nodes]
        assert there == [Placement(channel_id, choose_node(channel_id, nodes), "held", serves=True)]
        assert {placement.phase for placement in world.of(channel_id) if placement.node not in nodes} <= {"leaving"}


@given(LISTS, st.sampled_from(NODES))
def test_a_node_that_comes_or_goes_moves_only_what_must_move(nodes: list[str], other: str) -> None:
    world = World()
    world.change(nodes)
    before = dict(world.placements)
    more = [*nodes, other] if other not in nodes else nodes
    changed = plan(CHANNELS, {one: world.of(one) for one in CHANNELS}, more)
    assert {placement.node for placement in changed} <= {other}
    assert all(placement == Placement(placement.channel_id, other, "wanted", serves=False) for placement in changed)
    world.put(*changed)
    world.change(nodes)
    kept = {key: placement for key, placement in world.placements.items() if placement.phase != "leaving"}
    assert kept == before


def test_a_node_is_named_by_its_address_without_credentials() -> None:
    assert node_name("http://Name:secret@Search.example:7700/") == "search.example:7700"
    assert node_name("https://search.example/meili/") == "search.example/meili"
