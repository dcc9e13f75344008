"""Indexes, what the server says of itself, and of paths that it does not know."""

from __future__ import annotations

import pytest

from tests.doubles.meilisearch.fixtures import Meili


def test_indexes_are_made_listed_and_deleted(meili: Meili) -> None:
    client, uid = meili.client(), meili.fresh()
    done = meili.wait(client.create_index(uid, {"primaryKey": "id"}))
    assert (done.type, done.status, done.details) == ("indexCreation", "succeeded", {"primaryKey": "id"})
    found = meili.call("GET", f"/indexes/{uid}").json()
    assert (found["uid"], found["primaryKey"]) == (uid, "id")
    assert found["createdAt"].endswith("Z")
    again = meili.wait(client.create_index(uid))
    assert (again.status, again.error["code"]) == ("failed", "index_already_exists")
    listed = meili.call("GET", "/indexes?limit=1000").json()
    assert uid in [one["uid"] for one in listed["results"]]
    assert listed["total"] == len(listed["results"])
    assert meili.wait(client.delete_index(uid)).status == "succeeded"
    missing = meili.call("GET", f"/indexes/{uid}")
    assert (missing.status_code, missing.json()["code"]) == (404, "index_not_found")
    assert meili.wait(client.delete_index(uid)).error["code"] == "index_not_found"


@pytest.mark.parametrize("uid", ["no good", "ünicode", "a/b", "", "x" * 401])
def test_names_that_no_index_can_have(meili: Meili, uid: str) -> None:
    answer = meili.call("POST", "/indexes", {"uid": uid})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_index_uid")


def test_two_indexes_change_places_with_all_they_have(meili: Meili) -> None:
    client = meili.client()
    one, other = meili.filled([{"id": "a"}], stopWords=["x"]), meili.filled([{"id": "b"}, {"id": "c"}])
    assert meili.wait(client.swap_indexes([{"indexes": [one.uid, other.uid]}])).status == "succeeded"
    assert {doc.id for doc in one.get_documents().results} == {"b", "c"}
    assert {doc.id for doc in other.get_documents().results} == {"a"}
    assert (one.get_stop_words(), other.get_stop_words()) == ([], ["x"])
    assert one.get_stats().number_of_documents == 2


def test_a_swap_that_cannot_be(meili: Meili) -> None:
    index = meili.filled([{"id": "a"}])
    missing = meili.fresh()
    failed = meili.wait(meili.client().swap_indexes([{"indexes": [index.uid, missing]}]))
    assert (failed.status, failed.error["code"]) == ("failed", "index_not_found")
    assert failed.error["message"] == f"Index `{missing}` not found."
    same = meili.call("POST", "/swap-indexes", [{"indexes": [index.uid, index.uid]}])
    assert same.json()["code"] == "invalid_swap_duplicate_index_found"
    three = meili.call("POST", "/swap-indexes", [{"indexes": ["a", "b", "c"]}])
    assert three.json()["code"] == "invalid_swap_indexes"


def test_an_index_is_renamed(meili: Meili) -> None:
    index, name = meili.filled([{"id": "a"}]), meili.fresh()
    told = meili.call("POST", "/swap-indexes", [{"indexes": [index.uid, name], "rename": True}]).json()
    assert meili.wait(told["taskUid"]).status == "succeeded"
    assert meili.client().index(name).get_document("a").id == "a"
    assert meili.call("GET", f"/indexes/{index.uid}").status_code == 404


def test_what_an_index_says_of_itself(meili: Meili) -> None:
    index = meili.filled([{"id": 1, "text": "a"}, {"id": 2, "text": "b", "more": None}])
    stats = meili.call("GET", f"/indexes/{index.uid}/stats").json()
    assert (stats["numberOfDocuments"], stats["isIndexing"]) == (2, False)
    assert stats["fieldDistribution"] == {"id": 2, "more": 1, "text": 2}
    whole = meili.call("GET", "/stats").json()
    assert whole["indexes"][index.uid]["numberOfDocuments"] == 2
    assert whole["databaseSize"] > 0
    assert whole["lastUpdate"].endswith("Z")


def test_what_the_server_says_of_itself(meili: Meili) -> None:
    version = meili.call("GET", "/version").json()
    assert set(version) == {"commitSha", "commitDate", "pkgVersion"}
    assert version["pkgVersion"].startswith("1.")
    assert meili.client().is_healthy()


def test_experimental_features(meili: Meili) -> None:
    before = meili.call("GET", "/experimental-features").json()
    assert {"containsFilter", "network", "metrics"} <= set(before)
    wrong = meili.call("PATCH", "/experimental-features", {"nope": True})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_request")
    assert meili.call("PATCH", "/experimental-features", {"containsFilter": 5}).status_code == 400
    assert meili.call("GET", "/experimental-features").json() == before


def test_a_network_needs_its_feature(meili: Meili) -> None:
    before = meili.call("GET", "/experimental-features").json()["network"]
    try:
        meili.call("PATCH", "/experimental-features", {"network": False})
        off = meili.call("GET", "/network")
        assert (off.status_code, off.json()["code"]) == (400, "feature_not_enabled")
        meili.call("PATCH", "/experimental-features", {"network": True})
        wrong = meili.call("PATCH", "/network", {"remotes": {"n": {"url": "no url"}}})
        assert wrong.json()["code"] == "invalid_network_url"
        remotes = {"n": {"url": "http://127.0.0.1:1", "searchApiKey": "k"}}
        found = meili.call("PATCH", "/network", {"remotes": remotes}).json()
        assert found["remotes"]["n"]["url"] == "http://127.0.0.1:1"
        assert "n" not in meili.call("PATCH", "/network", {"remotes": {"n": None}}).json()["remotes"]
    finally:
        meili.call("PATCH", "/experimental-features", {"network": before})


def test_paths_and_methods_that_are_not_known(meili: Meili) -> None:
    assert meili.call("GET", "/nothing").status_code == 404
    assert meili.call("PUT", "/indexes").status_code == 405
    unknown = meili.call("GET", "/indexes?nope=1")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "bad_request")
