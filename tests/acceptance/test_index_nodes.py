"""Several Meilisearch nodes: the command as a process, the nodes as doubles, or the real ones of MEILI_URLS."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import count, islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from search.meili.routing import choose_node, node_name
from tests.acceptance.desk import Desk, until
from tests.acceptance.running import Ground, ground, service, wait_until_equal
from tests.doubles.meilisearch.fixtures import Meili, three_nodes
from tests.doubles.meilisearch.server import Server
from tests.integration.index_rig import every_document
from tests.sample import build, index, make_channel, make_message

INDEX, MASTER = "messages", "the master key of all nodes"


@pytest.fixture
def meilis(tmp_path: Path) -> Iterator[list[Meili]]:
    with three_nodes(tmp_path, MASTER) as nodes:
        for meili in nodes:
            if not meili.is_real:
                meili.double.instance.allowed_networks = [IPv4Network("127.0.0.0/8")]
        yield nodes


@pytest.fixture(scope="module")
def shared_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(tmp_path_factory.mktemp("telegram")) as made:
        yield made


def use(desk: Desk, meilis: list[Meili]) -> None:
    desk.environment |= {
        "TELEKEEP_MEILISEARCH__URLS": ",".join(meili.url for meili in meilis),
        "TELEKEEP_MEILISEARCH__API_KEY": MASTER,
    }


def where(meilis: list[Meili]) -> dict[str, list[str]]:
    """The nodes that have a message, by its id."""
    found: dict[str, list[str]] = {}
    for meili in meilis:
        for one in every_document(meili, INDEX):
            found.setdefault(one, []).append(node_name(meili.url))
    return found


def wanted(desk: Desk, meilis: list[Meili]) -> dict[str, list[str]]:
    nodes = [node_name(meili.url) for meili in meilis]
    rows = desk.query("SELECT channel_id, message_id FROM message")
    return {f"c{channel}_{message}": [choose_node(channel, nodes)] for channel, message in rows}


def test_sync_and_the_service_keep_every_message_on_its_node(
    shared_ground: Ground, meilis: list[Meili], tmp_path: Path
) -> None:
    telegram, nodes = shared_ground.telegram, [node_name(meili.url) for meili in meilis]
    names = shared_ground.names(5)
    while {choose_node(telegram.channel_id(name), nodes) for name in names} != set(nodes):
        names += shared_ground.names(1)
    desk = shared_ground.desk(tmp_path / "desk", *names)
    use(desk, meilis[:2])
    assert "index: up to date" in desk.do("sync").err
    assert where(meilis) == wanted(desk, meilis[:2])
    use(desk, meilis)
    with service(desk) as process:
        telegram.post(names[0], "while channels move")
        until(
            lambda: desk.query("SELECT 1 FROM index_home WHERE phase = 'filling' OR phase = 'leaving'"), what="a move"
        )
        desk.kill(process)
    meilis[0].double.restart(keep=False)
    with service(desk):
        telegram.post(names[1], "after both were killed")
        wait_until_equal(desk, telegram, *names)
        until(lambda: where(meilis) == wanted(desk, meilis), what="every message on its node")
    meilis[2].double.refuse()
    telegram.post(names[0], "a node is away")
    for name in names:
        telegram.post(name, "a node is away")
    away = node_name(meilis[2].url)
    done = desk.run("sync")
    assert done.status == 0
    assert f"{away} is unreachable" in done.err
    assert f"index {INDEX} at {away}: unreachable since" in desk.do("status").err
    found = {one["node"]: one for one in orjson.loads(desk.do("status", "--json").out)["index"]["nodes"]}
    assert [one["waiting"] > 0 for one in found.values()] == [False, False, True]
    use(desk, meilis[:2])
    assert "index: up to date" in desk.do("sync").err
    assert where(meilis[:2]) == wanted(desk, meilis[:2])


class Shop:
    """An archive with eight channels on three nodes."""

    def __init__(self, meilis: list[Meili], folder: Path) -> None:
        self.desk = Desk(folder)
        self.meilis = meilis
        use(self.desk, meilis)
        everything = []
        nodes = [node_name(meili.url) for meili in meilis]
        # Each of the first two nodes has three, the last one two.
        self.channels = [
            channel_id
            for node, size in zip(nodes, (3, 3, 2), strict=True)
            for channel_id in islice((one for one in count(1001) if choose_node(one, nodes) == node), size)
        ]
        for channel_id in self.channels:
            own = [make_message(n, f"bridge {n} of {channel_id}", channel_id=channel_id) for n in range(1, 6)]
            build(self.desk.archive, own, channel=make_channel(channel_id))
            everything += own
        index(self.desk.archive, everything)
        assert "rebuilt, 40 documents" in self.desk.do("index", "rebuild").err

    def channels_of(self, meili: Meili) -> list[int]:
        nodes = [node_name(one.url) for one in self.meilis]
        return [one for one in self.channels if choose_node(one, nodes) == node_name(meili.url)]

    def ids(self, *arguments: str) -> list[tuple[int, int]]:
        rows: list[dict[str, Any]] = self.desk.do("search", *arguments, "-n", "0", "--jsonl").rows
        return [(row["channel_id"], row["message_id"]) for row in rows]


@pytest.fixture
def shop(meilis: list[Meili], tmp_path: Path) -> Shop:
    return Shop(meilis, tmp_path / "home")


def test_a_query_to_all_nodes_equals_the_archives_answer(shop: Shop) -> None:
    forced = ("--engine", "meilisearch")
    for query in ("bridge", "has:photo", "bridge since:2021-12-16"):
        if query != "has:photo":
            assert shop.ids(query, *forced) == shop.ids(query, "--engine", "exact") != []
        assert shop.desk.run("search", query, "--count", *forced).out == (
            shop.desk.run("search", query, "--count", "--engine", "exact").out
        )
    assert "engine=meilisearch exact=no lag=0" in shop.desk.do("search", "bridge", *forced).err
    assert len(shop.ids("bridge", "--sort", "relevance", *forced)) == 40


def test_an_unreachable_node_is_named_and_only_its_channels_are_missing(shop: Shop) -> None:
    away = shop.meilis[0]
    there = next(one for one in shop.channels if one not in shop.channels_of(away))
    away.double.refuse()
    host = node_name(away.url)
    found = shop.desk.run("search", "bridge", "-n", "0", "--engine", "meilisearch")
    assert found.out.count("bridge") == 40
    assert f"Meilisearch at {host} did not answer" in found.err
    assert "engine=exact exact=yes" in found.err
    found = shop.desk.run("search", "bridge", "--engine", "meilisearch")
    assert (found.status, host in found.err, "engine=exact" in found.err) == (0, True, True)
    other = shop.desk.do("search", "bridge", "-c", f"channel_{there}", "--engine", "meilisearch", "--count")
    assert (other.out, "engine=meilisearch" in other.err) == ("5\n", True)
    told = orjson.loads(shop.desk.run("index", "status", "--json").out)
    assert {one["server"]: one["reached"] for one in told["nodes"]} == {
        node_name(one.url): one is not away for one in shop.meilis
    }
    assert told["reached"] is False


def test_a_changed_node_list_counts_as_lag_until_channels_have_moved(shop: Shop) -> None:
    lost = 5 * len(shop.channels_of(shop.meilis[2]))
    use(shop.desk, shop.meilis[:2])
    assert "engine=exact exact=yes" in shop.desk.do("search", "bridge").err
    assert f"exact=no lag={lost}" in shop.desk.do("search", "bridge", "--engine", "meilisearch").err
    done = shop.desk.run("index", "verify", "--json")
    assert sum(row["lacking"] for row in orjson.loads(done.out)) == lost
    assert shop.desk.run("index", "verify", "--check").status == 0
    assert "exact=no lag=0" in shop.desk.do("search", "bridge", "--engine", "meilisearch").err
    assert len(shop.ids("bridge", "--engine", "meilisearch")) == 40


def test_servers_that_know_each_other_are_asked_through_one(shop: Shop) -> None:
    forced = ("--engine", "meilisearch")
    assert (
        "each of the 3 servers knows the others" in shop.desk.do("index", "keys", "--remotes", stdin=f"{MASTER}\n").err
    )
    for query, *more in (("bridge",), ("bridge", "--sort", "oldest"), ("bridge -closed",)):
        assert shop.ids(query, *more, *forced) == shop.ids(query, *more, "--engine", "exact")
    assert len(shop.ids("bridge", "--sort", "relevance", *forced)) == 40
    for meili in shop.meilis:
        meili.double.calls.clear()
    shop.desk.do("search", "bridge", *forced)
    asked = [[call.path for call in meili.double.calls.of("POST *")] for meili in shop.meilis]
    # Each counts its own messages; then the first asks the second and the third.
    assert asked == [["/indexes/messages/search", "/multi-search"]] * 3
    shop.meilis[0].double.instance.allowed_networks = []  # restarted without the flag: each is asked itself
    assert "engine=meilisearch" in shop.desk.do("search", "bridge", *forced).err
    shop.meilis[2].double.refuse()
    found = shop.desk.run("search", "bridge", *forced)
    assert (found.status, node_name(shop.meilis[2].url) in found.err) == (0, True)
    assert "engine=exact" in found.err


def test_remotes_that_a_server_refuses_are_taken_back_and_the_flag_is_named(shop: Shop) -> None:
    for meili in shop.meilis:
        meili.double.instance.allowed_networks = []
    mine = {"remotes": {"mine": {"url": "http://192.0.2.1"}}}
    shop.meilis[0].call("PATCH", "/experimental-features", {"network": True})
    shop.meilis[0].call("PATCH", "/network", mine)
    done = shop.desk.run("index", "keys", "--into", "keys", "--remotes", stdin=f"{MASTER}\n")
    assert (done.status, len(done.errors)) == (2, 1), done.err
    assert "--experimental-allowed-ip-networks" in done.errors[0]
    assert list(shop.meilis[0].call("GET", "/network").json()["remotes"]) == ["mine"]
    assert shop.meilis[1].call("GET", "/experimental-features").json()["network"] is False
    assert "engine=meilisearch" in shop.desk.do("search", "bridge", "--engine", "meilisearch").err


def test_keys_are_valid_on_all_nodes_or_not_created(shop: Shop, tmp_path: Path) -> None:
    shop.desk.do("index", "keys", "--into", "keys", stdin=f"{MASTER}\n")
    key = (shop.desk.home / "keys/meili-search.key").read_text(encoding="utf-8").strip()
    for meili in shop.meilis:
        assert meili.call("POST", f"/indexes/{INDEX}/search", {}, key=key).status_code == 200
        assert meili.call("GET", "/keys", key=key).status_code == 403
    lines = shop.desk.do("index", "keys", stdin=f"{MASTER}\n").out
    assert f'search_key = "{key}"' in lines
    assert f'urls = ["{shop.meilis[0].url}", ' in lines
    with Server(db=tmp_path / "stranger", master_key="another master key") as stranger:
        use(shop.desk, [shop.meilis[0], Meili(stranger.url, None, stranger)])
        refused = shop.desk.run("index", "keys", stdin=f"{MASTER}\n")
        assert refused.status == 2
        assert node_name(stranger.url) in refused.errors[0]


def test_a_rebuild_covers_every_node(shop: Shop) -> None:
    before = [meili.client().get_index(INDEX).created_at for meili in shop.meilis]
    shop.meilis[1].double.instance.scheduler.hold("processing")
    process = shop.desk.start("index", "rebuild")
    until(
        lambda: shop.desk.query("SELECT count(*) FROM index_node WHERE rebuild IS NULL") == [(2,)],
        what="the other nodes",
    )
    shop.desk.kill(process)
    shop.desk.end(process)
    shop.meilis[1].double.instance.scheduler.hold(None)
    assert "rebuilt, 40 documents" in shop.desk.do("index", "rebuild").err
    after = [meili.client().get_index(INDEX).created_at for meili in shop.meilis]
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert where(shop.meilis) == wanted(shop.desk, shop.meilis)


def test_a_rebuild_skips_an_unreachable_node_and_names_it(shop: Shop) -> None:
    before = [meili.client().get_index(INDEX).created_at for meili in shop.meilis]
    shop.meilis[1].double.refuse()
    done = shop.desk.run("index", "rebuild")
    assert done.status == 2
    assert f"not rebuilt there: Meilisearch at {node_name(shop.meilis[1].url)} did not answer" in done.errors[-1]
    for one in (0, 2):
        assert shop.meilis[one].client().get_index(INDEX).created_at != before[one]


def test_fuzzy_puts_the_exact_words_of_every_node_before_all_guesses(meilis: list[Meili], tmp_path: Path) -> None:
    nodes = [node_name(meili.url) for meili in meilis[:2]]
    one, other = (next(n for n in count(1001) if choose_node(n, nodes) == node) for node in nodes)
    desk = Desk(tmp_path / "desk")
    use(desk, meilis[:2])
    texts = {one: ("a bridge", "the bridge", "a road"), other: ("brigde", "bridge", "brigde brodge", "my brigde")}
    for channel_id, own in texts.items():
        rows = [make_message(n, text, channel_id=channel_id) for n, text in enumerate(own, 1)]
        build(desk.archive, rows, channel=make_channel(channel_id))
    desk.do("index", "rebuild")
    for more in ((), ("--remotes",)):
        if more:
            desk.do("index", "keys", *more, stdin=f"{MASTER}\n")
        found = [
            (row["channel_id"], row["message_id"]) for row in desk.run("search", "bridge", "--fuzzy", "--jsonl").rows
        ]
        exact = {(one, 1), (one, 2), (other, 2)}
        assert (set(found[:3]), len(found)) == (exact, 6)
        numbers = [number for _, number in found]
        assert numbers[:3] == [2, 2, 1], "newest first"
        assert sorted(numbers[3:]) == [1, 3, 4]  # in the server's order
        done = desk.do("search", "bridge", "--fuzzy", "-n", "2")
        cursor = done.err.partition("--after ")[2].split()[0]
        rest = desk.run("search", "bridge", "--fuzzy", "--after", cursor, "--jsonl").rows
        assert [(row["channel_id"], row["message_id"]) for row in rest] == found[2:]
