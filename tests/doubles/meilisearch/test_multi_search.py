"""Several questions at once: side by side, or federated into one list, from this node and from others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

import pytest
from meilisearch.index import Index

from tests.doubles.meilisearch import faults
from tests.doubles.meilisearch.fixtures import Meili
from tests.doubles.meilisearch.server import Server

SETTINGS = {
    "filterableAttributes": ["chat", "group"],
    "sortableAttributes": ["date"],
    "rankingRules": ["sort", "words"],
}


def made(meili: Meili, first: int, step: int = 2) -> Index:
    documents = [
        {"id": f"d{n}", "date": n, "chat": n % 3, "group": n // 4, "text": f"night {n}"} for n in range(first, 20, step)
    ]
    return meili.filled(documents, **SETTINGS)


def multi(meili: Meili, *queries: dict[str, Any], **federation: Any) -> dict[str, Any]:
    answer = meili.call("POST", "/multi-search", {"queries": queries, "federation": federation})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(meili: Meili, *queries: dict[str, Any], **federation: Any) -> dict[str, Any]:
    answer = meili.call("POST", "/multi-search", {"queries": queries, "federation": federation})
    assert answer.status_code == 400
    found: dict[str, Any] = answer.json()
    return found


def dates(answer: dict[str, Any]) -> list[int]:
    return [hit["date"] for hit in answer["hits"]]


def newest(index: Index, **more: Any) -> dict[str, Any]:
    return {"indexUid": index.uid, "sort": ["date:desc"], **more}


def test_questions_side_by_side_have_answers_of_their_own(meili: Meili) -> None:
    one, other = made(meili, 0), made(meili, 1)
    answer = meili.client().multi_search(
        [
            {"indexUid": one.uid, "q": "night", "limit": 2},
            {"indexUid": other.uid, "filter": "chat = 1", "facets": ["chat"]},
        ]
    )
    first, second = answer["results"]
    assert (first["indexUid"], len(first["hits"]), first["estimatedTotalHits"]) == (one.uid, 2, 10)
    assert (second["indexUid"], second["facetDistribution"]) == (other.uid, {"chat": {"1": 4}})
    missing = meili.call("POST", "/multi-search", {"queries": [{"indexUid": one.uid}, {"indexUid": meili.fresh()}]})
    assert (missing.status_code, missing.json()["code"]) == (400, "index_not_found")
    assert missing.json()["message"].startswith("Inside `.queries[1]`: Index `")


def test_hits_of_all_questions_come_in_one_order_and_say_where_from(meili: Meili) -> None:
    one, other = made(meili, 0), made(meili, 1)
    answer = multi(meili, newest(one), newest(other), limit=5, offset=3)
    assert dates(answer) == [16, 15, 14, 13, 12]
    assert (answer["estimatedTotalHits"], answer["limit"], answer["offset"]) == (20, 5, 3)
    about = answer["hits"][0]["_federation"]
    assert (about["indexUid"], about["queriesPosition"]) == (one.uid, 0)


def test_a_document_found_twice_comes_once(meili: Meili) -> None:
    index = made(meili, 0)
    answer = multi(meili, newest(index, filter="chat = 0"), newest(index, q="night"))
    assert dates(answer) == [18, 16, 14, 12, 10, 8, 6, 4, 2, 0]
    assert answer["estimatedTotalHits"] == 10


def test_weights_put_one_question_before_the_other(meili: Meili) -> None:
    one = meili.filled([{"id": 1, "text": "night bridge"}])
    other = meili.filled([{"id": 2, "text": "night bridge"}])

    def ask(weights: tuple[float, float]) -> list[int]:
        queries = [
            {"indexUid": index.uid, "q": "night", "federationOptions": {"weight": weight}}
            for index, weight in zip((one, other), weights, strict=True)
        ]
        return [hit["id"] for hit in multi(meili, *queries)["hits"]]

    assert ask((1.0, 1.0)) == [1, 2]
    assert ask((0.5, 1.0)) == [2, 1]
    assert ask((1.0, 0.5)) == [1, 2]


def test_facets_by_index(meili: Meili) -> None:
    one, other = made(meili, 0), made(meili, 1)
    queries = [newest(one, filter="chat != 2"), newest(other)]
    answer = multi(meili, *queries, facetsByIndex={one.uid: ["chat"], other.uid: ["chat"]}, limit=1)
    assert answer["facetsByIndex"][one.uid]["distribution"] == {"chat": {"0": 4, "1": 3}}
    assert answer["facetsByIndex"][other.uid]["stats"] == {"chat": {"min": 0.0, "max": 2.0}}


@pytest.mark.parametrize(
    ("options", "federation", "code"),
    [
        ({"limit": 3}, {}, "invalid_multi_search_query_pagination"),
        ({"facets": ["chat"]}, {}, "invalid_multi_search_query_facets"),
        ({"federationOptions": {"weight": -1}}, {}, "invalid_multi_search_weight"),
        ({"filter": "nope = 1"}, {}, "invalid_search_filter"),
        ({}, {"limit": -1}, "invalid_search_limit"),
        ({}, {"nope": 1}, "bad_request"),
        ({}, {"facetsByIndex": []}, "invalid_multi_search_facets_by_index"),
    ],
)
def test_what_a_federated_search_refuses(
    meili: Meili, options: dict[str, Any], federation: dict[str, Any], code: str
) -> None:
    assert refused(meili, {"indexUid": made(meili, 0).uid, **options}, **federation)["code"] == code


def test_orders_that_cannot_be_compared_are_refused(meili: Meili) -> None:
    one, other = made(meili, 0), made(meili, 1)
    error = refused(meili, newest(one), {"indexUid": other.uid, "sort": ["date:asc"]})
    assert error["code"] == "invalid_multi_search_query_ranking_rules"
    assert "cannot compare two sort rules in opposite directions" in error["message"]


# --- other nodes (a real one must be started with --experimental-allowed-ip-networks 127.0.0.0/8)


@pytest.fixture
def node() -> Iterator[Server]:
    """Another node: a double, for a real server too."""
    with Server(master_key="another-master-key") as server:
        yield server


LOOPBACK = IPv4Network("127.0.0.0/8")


@pytest.fixture
def network(meili: Meili, node: Server) -> Iterator[Meili]:
    if not meili.is_real:
        meili.double.instance.allowed_networks = [LOOPBACK]
    features = meili.call("GET", "/experimental-features").json()
    node.instance.features["network"] = True
    meili.call("PATCH", "/experimental-features", {"network": True})
    remotes = {"node": {"url": node.url, "searchApiKey": node.master_key}}
    assert meili.call("PATCH", "/network", {"remotes": remotes}).status_code == 200
    asked = {"indexUid": meili.fresh(), "federationOptions": {"remote": "node"}}
    refused = "Rejected IP" in json.dumps(multi(meili, asked))
    node.calls.clear()
    if not refused:
        yield meili
    meili.call("PATCH", "/network", {"remotes": {"node": None}})
    meili.call("PATCH", "/experimental-features", {"network": features["network"]})
    if refused:
        pytest.skip("this server was started without --experimental-allowed-ip-networks 127.0.0.0/8")


def test_an_inner_address_is_refused_unless_it_was_allowed(network: Meili, node: Server) -> None:
    index = made(network, 0)
    there = on_node(network, node, index.uid)
    network.double.instance.allowed_networks = []
    told = multi(network, newest(index), there)["remoteErrors"]["node"]
    assert (told["code"], told["message"]) == ("remote_could_not_send_request", "Rejected IP")
    assert node.calls.of("POST /multi-search") == []


def on_node(meili: Meili, node: Server, uid: str) -> dict[str, Any]:
    """Fill an index on the node; the question that asks for it."""
    other = Meili(node.url, node.master_key, node)
    documents = [{"id": f"r{n}", "date": n, "chat": n % 3, "text": "night"} for n in range(1, 20, 2)]
    client = other.client()
    other.wait(client.index(uid).update_settings(SETTINGS))
    other.wait(client.index(uid).add_documents(documents, "id"))
    return {"indexUid": uid, "sort": ["date:desc"], "federationOptions": {"remote": "node"}}


def test_hits_of_another_node_are_merged_with_ours(network: Meili, node: Server) -> None:
    index = made(network, 0)
    there = on_node(network, node, index.uid)
    answer = multi(network, newest(index), there, limit=4, facetsByIndex={index.uid: ["chat"]})
    assert dates(answer) == [19, 18, 17, 16]
    assert answer["estimatedTotalHits"] == 20
    assert answer["remoteErrors"] == {}
    assert answer["hits"][0]["_federation"]["remote"] == "node"
    assert answer["facetsByIndex"][index.uid]["distribution"] == {"chat": {"0": 7, "1": 7, "2": 6}}
    asked = node.calls.of("POST /multi-search")
    assert [call.key for call in asked] == ["another-master-key"]


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (faults.status(500), "remote_remote_error"),
        (faults.status(503, "too_many_search_requests"), "remote_remote_error"),
        (faults.status(400, "bad_request"), "remote_bad_request"),
        (faults.status(403, "invalid_api_key"), "remote_invalid_api_key"),
        (faults.reset_before(), "remote_could_not_send_request"),
        (faults.half(), "remote_bad_response"),
    ],
)
def test_a_node_that_fails_is_told_of_and_ours_are_given(
    network: Meili, node: Server, action: faults.Action, code: str
) -> None:
    index = made(network, 0)
    there = on_node(network, node, index.uid)
    node.faults.add("POST /multi-search", action)
    answer = multi(network, newest(index), there)
    assert answer["remoteErrors"]["node"]["code"] == code
    assert dates(answer) == [18, 16, 14, 12, 10, 8, 6, 4, 2, 0]


def test_a_node_that_fails_once_is_asked_again(network: Meili, node: Server) -> None:
    index = made(network, 0)
    there = on_node(network, node, index.uid)
    node.faults.add("POST /multi-search", faults.status(500), times=1)
    assert multi(network, newest(index), there)["remoteErrors"] == {}
    assert len(node.calls.of("POST /multi-search")) == 2


def test_remotes_must_be_known_and_the_feature_on(network: Meili) -> None:
    query = {"indexUid": made(network, 0).uid, "federationOptions": {"remote": "nobody"}}
    error = refused(network, query)
    assert error["code"] == "invalid_multi_search_remote"
    assert "remote `nobody` is not registered" in error["message"]
    network.call("PATCH", "/experimental-features", {"network": False})
    assert refused(network, query)["code"] == "feature_not_enabled"
    network.call("PATCH", "/experimental-features", {"network": True})
